// The source of one cloud provider. Speaks its dialect through `@auxot/dialects`; where the caller speaks it too, the
// bytes pass through unchanged but for the model and the credential.

import type { ChatRequest, RequestOriginal } from "@auxot/wire/chat";
import { AppError } from "@auxot/wire/errors";
import { z } from "zod";
import type { Dialect } from "@auxot/dialects/dialect";
import type { CloudModel, CloudSettings } from "../records/providers/providers.ts";
import type { Clock } from "../platform/clock.ts";
import { hashText } from "../platform/hash-text.ts";
import { passEmbeddings } from "./cloud-embed.ts";
import { chooseFormat } from "./cloud-formats.ts";
import { describeModel, lookUpModel, type KnownModel } from "./cloud-models.ts";
import { createHealth } from "./health.ts";
import { passError, pickPassedHeaders } from "./passed-answer.ts";
import type { Offer, Source, SourceCall } from "./source.ts";
import { findPassed } from "./passing.ts";
import { readAnswer, type Reading } from "./read-answer.ts";
import { takesStreamOptions } from "./stream-usage.ts";
import { readAll, type Upstream, type UpstreamResponse } from "./upstream.ts";

/** A cloud provider takes as many requests as come; its own limits answer with 429. */
const cloudSlots = 1_000_000;
/** Usage and [DONE] follow the finish reason at once, where they come at all. */
const defaultFinishWithinMs = 2000;

export type CloudSource = Source & {
  /** Replaces the models offered, e.g. after a discovery. */
  setModels(models: readonly CloudModel[]): void;
};

export type CloudSourceDeps = {
  readonly provider: { readonly id: string; readonly name: string; readonly cloud: CloudSettings };
  readonly dialect: Dialect;
  readonly upstream: Pick<Upstream, "send">;
  readonly clock: Clock;
  /** How long a stream whose answer is complete may keep us waiting for its formal end. */
  readonly finishWithinMs?: number;
  /** The provider is left alone for a while from now on. */
  onRest?(): void;
};

export function createCloudSource(deps: CloudSourceDeps): CloudSource {
  const { provider, dialect, upstream, clock, finishWithinMs = defaultFinishWithinMs } = deps;
  const { cloud } = provider;
  const health = createHealth(deps.onRest);
  let models: readonly KnownModel[] = [];
  let offered: readonly Offer[] = [];
  setModels(cloud.models);

  function setModels(next: readonly CloudModel[]): void {
    models = next.map((model) => lookUpModel(model, cloud));
    // Once, and not for each request that plans.
    offered = models.map(offerModel);
  }

  /** A model that was taken from the list since still answers the requests that were planned for it. */
  function findModel(id: string): KnownModel {
    return models.find((model) => model.id === id) ?? lookUpModel({ id, aliases: [] }, cloud);
  }

  function offerModel(model: KnownModel): Offer {
    const aliases = Object.entries(cloud.aliases).filter(([, target]) => target === model.id);
    return {
      tier: "cloud",
      providerId: provider.id,
      provider: provider.name,
      model: model.id,
      aliases: [...new Set([...model.aliases, ...aliases.map(([alias]) => alias)])],
      ...describeModel(model, cloud),
      freeSlots: cloudSlots,
      dialect: dialect.name,
    };
  }

  async function send(
    { stream, passed }: { readonly stream: boolean; readonly passed: RequestOriginal | undefined },
    body: Uint8Array | string,
    path: string,
    { signal, traceHeaders }: Link,
  ): Promise<UpstreamResponse> {
    const response = await upstream.send({
      method: "POST",
      url: new URL(cloud.baseUrl + path),
      headers: {
        ...dialect.call.buildHeaders(cloud.apiKey.reveal()),
        ...passed?.headers,
        "content-type": "application/json",
        accept: stream ? "text/event-stream" : "application/json",
        ...traceHeaders,
      },
      body,
      signal,
    });
    if (response.status >= 200 && response.status < 300) return response;
    const text = await readAll(response.chunks, 1024 * 1024);
    const error = dialect.call.decodeError(response.status, response.headers, text, clock.now());
    throw passed === undefined ? error : passError(error, response.status, response.headers, text);
  }

  function onEnd(error: AppError | undefined): void {
    if (error === undefined) health.onSuccess();
    else health.onFailure(error, clock.now());
  }

  /** Lets the provider's health know of a call that failed. */
  async function noting<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof AppError) health.onFailure(error, clock.now());
      throw error;
    }
  }

  /** What the provider is sent: the caller's bytes where they may pass, else the request in its format. */
  async function ask(request: ChatRequest, model: string, link: Link): Promise<Asked> {
    const { stream } = request;
    const { format, warnings } = chooseFormat(dialect, request);
    const passed = findPassed(request, { dialect: format.name, provider: provider.name });
    if (passed === undefined) {
      const target = { model, stream, traits: findModel(model).traits, hash: hashText };
      const built = format.call.buildRequest(request, target);
      const response = await send({ stream, passed }, built.body, built.path, link);
      return {
        format,
        response,
        passes: false,
        hidesUsage: false,
        built,
        warnings: [...warnings, ...built.warnings],
      };
    }
    const asking = stream && takesStreamOptions(cloud.baseUrl) ? format.call.askForUsage : undefined;
    const extended = asking?.(passed.body);
    const body = format.call.rewriteModel(extended ?? passed.body, model);
    const response = await send({ stream, passed }, body, format.chatPath, link);
    return { format, response, passes: true, hidesUsage: extended !== undefined, warnings };
  }

  /** What the caller names may be gone at the provider. The request holds it all, so it is told in full then. */
  async function askAgain(request: ChatRequest, model: string, link: Link): Promise<Asked> {
    try {
      return await ask(request, model, link);
    } catch (error) {
      const { original } = request;
      if (original?.passesTo?.includes(provider.name) !== true || !isForgotten(error)) throw error;
      const told = await ask({ ...request, original: { ...original, passesTo: [] } }, model, link);
      return { ...told, warnings: [forgottenWarning, ...told.warnings] };
    }
  }

  return {
    offers() {
      const restsUntil = health.restsUntil();
      return restsUntil === undefined ? offered : offered.map((offer) => ({ ...offer, restsUntil }));
    },
    setModels,
    async countTokens(request, target, signal) {
      const { countPath } = dialect;
      const original = findPassed(request, { dialect: dialect.name, provider: provider.name });
      if (countPath === undefined || original === undefined) return undefined;
      const body = dialect.call.rewriteModel(original.body, target.model);
      const response = await send({ stream: request.stream, passed: original }, body, countPath, { signal });
      return readCount(await readAll(response.chunks, 1024 * 1024));
    },
    async run(call, signal) {
      const target = call.targets[0];
      if (target === undefined) throw new AppError("internal", "A cloud call needs a target.");
      const { stream } = call.request;
      const hangUp = new AbortController();
      // A joined signal costs as much as a good part of a short answer, and only streams are hung up on.
      const ended = stream ? AbortSignal.any([signal, hangUp.signal]) : signal;
      return noting(async () => {
        const asked = await askAgain(call.request, target.model, { ...call, signal: ended });
        const { response } = asked;
        const reading = { ...asked, stream, finishWithinMs, hangUp: () => hangUp.abort(), onEnd };
        return {
          placement: { tier: "cloud", provider: provider.name, model: target.model },
          warnings: asked.warnings,
          ...(asked.passes ? { headers: pickPassedHeaders(response.headers) } : {}),
          batches: readAnswer(response, reading),
        };
      });
    },
    async embed(call, signal) {
      const { original: passed, model } = call.request;
      const { part, headers } = await noting(() =>
        passEmbeddings(call, (path, body) => send({ stream: false, passed }, body, path, { ...call, signal })),
      );
      health.onSuccess();
      return {
        placement: { tier: "cloud", provider: provider.name, model: call.targets[0]?.model ?? model },
        warnings: [],
        headers,
        parts: [part],
      };
    },
  };
}

type Link = Pick<SourceCall, "traceHeaders"> & { readonly signal: AbortSignal };

type Asked = Pick<Reading, "format" | "passes" | "hidesUsage" | "built"> & {
  readonly response: UpstreamResponse;
  readonly warnings: readonly string[];
};

const forgottenWarning =
  "previous_response_id: the provider does not have what it stored any more; the conversation kept here was sent instead.";

function isForgotten(error: unknown): boolean {
  if (!(error instanceof AppError)) return false;
  return error.code === "previous_response_not_found" || /^Item with id .* not found/.test(error.message);
}

const countSchema = z.object({ input_tokens: z.int().nonnegative() });

/** Undefined for anything but a count. */
function readCount(body: Buffer): number | undefined {
  try {
    return countSchema.parse(JSON.parse(body.toString("utf8"))).input_tokens;
  } catch {
    return undefined;
  }
}
