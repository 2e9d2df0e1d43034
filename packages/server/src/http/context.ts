// What every request carries: its id, its log, its abort signal, and who sends it.

import type { IncomingMessage, ServerResponse } from "node:http";
import { AppError } from "@auxot/wire/errors";
import { createId, idPrefixes } from "@auxot/wire/ids";
import { inferenceScope } from "@auxot/wire/access";
import type { Caller } from "../platform/caller.ts";
import { findClientAddress } from "../platform/ip-ranges.ts";
import type { InputLinks } from "../inference/infer.ts";
import type { Log } from "../platform/log.ts";
import type { Span } from "../platform/telemetry.ts";
import { readRequestOrigin, type RequestOrigin } from "../platform/request-origin.ts";
import type { Identity } from "../records/keys/identity.ts";

export type Context = {
  readonly id: string;
  readonly log: Log;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  /** Of the caller, behind trusted proxies too; null where the connection is gone. */
  readonly address: string | null;
  /** For what answers the request: where it is told what becomes of it. */
  readonly links: InputLinks;
  /** What is logged of the request in one line, beside what every request has. */
  readonly summary: Record<string, unknown>;
  /** Aborts when the caller's connection closes before the answer is complete. */
  readonly signal: AbortSignal;
  /** Throws `invalid_request` for tags that are none. */
  origin(): RequestOrigin;
};

/** Whether an address is that of a proxy whose `X-Forwarded-For` counts. */
export type IsTrustedProxy = (address: string) => boolean;

export type ContextParts = {
  readonly url: URL;
  readonly log: Log;
  /** Of the whole request, when it is traced. */
  readonly span: Span | undefined;
  readonly isTrustedProxy: IsTrustedProxy;
};

export function createContext(
  request: IncomingMessage,
  response: ServerResponse,
  { url, log, span, isTrustedProxy }: ContextParts,
): Context {
  const id = createId(idPrefixes.request);
  const controller = new AbortController();
  response.on("close", () => {
    if (!response.writableFinished) controller.abort(new AppError("cancelled", "The caller left."));
  });
  response.setHeader("x-request-id", id);
  response.setHeader("request-id", id);
  const summary: Record<string, unknown> = {};
  const own = log.child(span === undefined ? { requestId: id } : { requestId: id, traceId: span.traceId });
  return {
    id,
    log: own,
    links: span === undefined ? { log: own } : { log: own, span },
    summary,
    request,
    response,
    url,
    address: readAddress(request, isTrustedProxy),
    signal: controller.signal,
    origin: () => readRequestOrigin(request.headers),
  };
}

/** Who sent a request, as far as trusted proxies tell; null where the connection is gone. */
export function readAddress(request: IncomingMessage, isTrustedProxy: IsTrustedProxy): string | null {
  const header = request.headers["x-forwarded-for"];
  const forwardedFor = Array.isArray(header) ? header.join(",") : header;
  return findClientAddress(request.socket.remoteAddress, forwardedFor, isTrustedProxy);
}

/** The links of a request with one answer: its log line takes what would be a line of its own. */
export function linkWhole({ links, summary }: Context): InputLinks {
  return { ...links, note: (fields) => void Object.assign(summary, fields) };
}

/** Never throws: a target that is no address reads as `/`. Slashes doubled at the front count once. */
export function readUrl(target: string): URL {
  const text = target.startsWith("/") ? `http://router${target.replace(/^\/+/, "/")}` : target;
  return URL.parse(text, "http://router") ?? new URL("http://router/");
}

/** The key texts a request presents: `Authorization: Bearer` first, then `x-api-key`. */
export function readPresentedKeys(request: IncomingMessage): string[] {
  const bearer = /^Bearer\s+(\S+)\s*$/i.exec(request.headers.authorization ?? "")?.[1];
  const header = request.headers["x-api-key"];
  return [...new Set([bearer, typeof header === "string" ? header.trim() : undefined])].filter(
    (key) => key !== undefined && key !== "",
  ) as string[];
}

/** `from`: the address the key came from. Throws `unauthenticated` with the reason for a key that does not work now or from there. */
export type Identify = (text: string, from: string | null) => Promise<Identity | undefined>;

/** Clients that send both headers (Claude Code can) are let in when either key is good. Throws `unauthenticated`, or `forbidden` for a worker key. */
export async function authenticate(
  { request, address }: Pick<Context, "request" | "address">,
  identify: Identify,
): Promise<Caller> {
  const texts = readPresentedKeys(request);
  if (texts.length === 0) {
    throw new AppError(
      "unauthenticated",
      "An API key is needed: send it as Authorization: Bearer KEY or as x-api-key: KEY.",
    );
  }
  let worker = false;
  let refusal: AppError | undefined;
  for (const text of texts) {
    try {
      const identity = await identify(text, address);
      if (identity?.kind === "caller") return identity;
      worker ||= identity?.kind === "worker";
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== "unauthenticated") throw error;
      refusal ??= error;
    }
  }
  if (refusal !== undefined) throw refusal;
  if (worker) {
    throw new AppError("forbidden", "This is a worker key (axw_…); it cannot call the API. Use a caller key (axk_…).");
  }
  throw new AppError("unauthenticated", "The API key is wrong or was revoked.");
}

/** As `authenticate`, for the use of models. Throws `forbidden` for a key that is not for that. */
export async function authenticateInference(
  context: Pick<Context, "request" | "address">,
  identify: Identify,
): Promise<Caller> {
  const caller = await authenticate(context, identify);
  if (caller.scopes === null || caller.scopes.includes(inferenceScope)) return caller;
  throw new AppError(
    "forbidden",
    `The key "${caller.name}" may not use models: it is held to ${caller.scopes.join(", ")}. That needs the scope ${inferenceScope}.`,
  );
}
