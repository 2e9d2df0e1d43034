// The engine that uses a model server already running on this machine or network (llama-server, Ollama, vLLM, LM Studio),
// by OpenAI's chat format. Watches the server and withdraws its models while it does not answer.

import { createHash } from "node:crypto";
import { Agent, request as send, type Dispatcher } from "undici";
import { dialects } from "@auxot/dialects/dialects";
import { openaiCompletions } from "@auxot/dialects/openai-completions/format";
import type { ChatEvent } from "@auxot/wire/chat-event";
import type { ChatRequest } from "@auxot/wire/chat";
import type { EmbedPart, EmbedRequest } from "@auxot/wire/embed";
import { AppError, fromErrorBody } from "@auxot/wire/errors";
import type { ModelOffer } from "@auxot/wire/model-offer";
import { defaultTraits } from "@auxot/wire/model-traits";
import type { Log } from "../../log.ts";
import type { Engine } from "../../engine.ts";
import { discoverOffers, normalizeBaseUrl, type Server } from "./discover.ts";
import { embedByServer } from "./url-embed.ts";

export type UrlEngineOptions = {
  /** With or without /v1. */
  readonly url: string;
  readonly key?: string | undefined;
  readonly slots: number;
  /** Offer only these; empty: all the server lists. */
  readonly models: readonly string[];
  /** Those of the server's models that make embeddings, beside the ones it tells of itself. */
  readonly embeddingModels: readonly string[];
  /** Further names of the first model. */
  readonly aliases: readonly string[];
  readonly log: Log;
  readonly probeEveryMs?: number;
};

export type UrlEngine = Engine & {
  /** Resolves after the first look at the server, whatever it found. */
  readonly firstProbe: Promise<void>;
};

/** A server may think long before its first byte, and pause long between two. */
const silenceLimitMs = 600_000;

export function createUrlEngine(options: UrlEngineOptions): UrlEngine {
  const { log, probeEveryMs = 10_000 } = options;
  const { call: chatCall } = dialects["openai-chat"];
  const dispatcher = new Agent({ keepAliveTimeout: 30_000, connect: { timeout: 5000 } });
  const server: Server = {
    baseUrl: normalizeBaseUrl(options.url),
    headers: options.key === undefined ? {} : chatCall.buildHeaders(options.key),
    dispatcher,
  };
  const listeners: (() => void)[] = [];
  let offers: readonly ModelOffer[] = [];
  let problem: string | undefined;
  let isClosed = false;
  let timer: NodeJS.Timeout | undefined;

  async function probe(): Promise<void> {
    let found: readonly ModelOffer[] = [];
    try {
      found = chooseOffers(await discoverOffers(server, options), options);
      if (problem !== undefined) log.info("the model server is back", { url: server.baseUrl });
      problem = undefined;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (problem === undefined) log.warn("the model server does not answer; its models are withdrawn", { reason });
      problem = reason;
    }
    if (isClosed) return;
    timer = setTimeout(() => void probe(), probeEveryMs);
    if (JSON.stringify(found) === JSON.stringify(offers)) return;
    offers = found;
    for (const listener of listeners) listener();
  }

  function findOffer(model: string): ModelOffer {
    const offer = offers.find((one) => one.model === model || one.aliases.includes(model));
    if (offer !== undefined) return offer;
    if (problem !== undefined) throw new AppError("source_failed", problem);
    throw new AppError("model_not_found", `This worker has no model ${model}.`, { param: "model" });
  }

  async function post(path: string, body: string, signal: AbortSignal): Promise<Dispatcher.ResponseData["body"]> {
    const response = await send(`${server.baseUrl}${path}`, {
      dispatcher,
      method: "POST",
      headers: { ...server.headers, "content-type": "application/json" },
      body,
      signal,
      headersTimeout: silenceLimitMs,
      bodyTimeout: silenceLimitMs,
    });
    if (response.statusCode === 200) return response.body;
    const text = new Uint8Array(await response.body.arrayBuffer());
    throw chatCall.decodeError(response.statusCode, joinHeaders(response.headers), text, Date.now());
  }

  async function* run(request: ChatRequest, signal: AbortSignal): AsyncIterable<readonly ChatEvent[]> {
    const { model } = findOffer(request.model);
    const { call } = request.completion === undefined ? dialects["openai-chat"] : openaiCompletions;
    const upstream = call.buildRequest(request, { model, stream: true, traits: defaultTraits, hash: hashText });
    try {
      const body = await post(upstream.path, upstream.body, signal);
      if (upstream.warnings.length > 0) yield upstream.warnings.map((message) => ({ type: "warning", message }));
      const decoder = call.createStreamDecoder();
      for await (const bytes of body as AsyncIterable<Uint8Array>) yield* passOn(decoder.push(bytes));
      yield* passOn(decoder.finish());
    } catch (cause) {
      throw explain(cause, signal);
    }
  }

  async function* embed(request: EmbedRequest, signal: AbortSignal): AsyncIterable<EmbedPart> {
    const { model } = findOffer(request.model);
    try {
      yield* embedByServer(
        request,
        model,
        async (path, body) => new Uint8Array(await (await post(path, body, signal)).arrayBuffer()),
      );
    } catch (cause) {
      throw explain(cause, signal);
    }
  }

  return {
    name: `openai-compatible ${server.baseUrl}`.slice(0, 100),
    offers: () => offers,
    run,
    embed,
    countTokens: () =>
      Promise.reject(new AppError("unsupported", "OpenAI's chat format has no way to ask for a number of tokens.")),
    onOffersChanged: (listener) => void listeners.push(listener),
    async close() {
      isClosed = true;
      clearTimeout(timer);
      await dispatcher.destroy();
    },
    firstProbe: probe(),
  };
}

function hashText(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** What an engine owes: an AppError, `cancelled` after an abort. */
function explain(cause: unknown, signal: AbortSignal): AppError {
  if (signal.aborted) return new AppError("cancelled", "The request was cancelled.", { cause });
  if (cause instanceof AppError) return cause;
  const reason = cause instanceof Error ? cause.message || cause.name : String(cause);
  return new AppError("source_failed", `The model server failed: ${reason}.`, { cause });
}

/** An `error` event becomes the thrown error an engine owes. */
function* passOn(events: readonly ChatEvent[]): Iterable<readonly ChatEvent[]> {
  const failure = events.find((event) => event.type === "error");
  if (failure !== undefined) throw fromErrorBody(failure.error);
  if (events.length > 0) yield events;
}

function chooseOffers(found: readonly ModelOffer[], options: UrlEngineOptions): ModelOffer[] {
  const chosen = options.models.length === 0 ? found : found.filter((offer) => options.models.includes(offer.model));
  return chosen.map((offer, i) => (i === 0 ? { ...offer, aliases: [...options.aliases] } : offer));
}

function joinHeaders(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : value]),
  );
}
