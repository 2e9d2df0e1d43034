// What every request carries: its id, its log, its abort signal, and who sends it.

import type { IncomingMessage, ServerResponse } from "node:http";
import { AppError } from "@auxot/wire/errors";
import { createId, idPrefixes } from "@auxot/wire/ids";
import type { Caller } from "../platform/caller.ts";
import type { Log } from "../platform/log.ts";
import type { Identity } from "../records/keys/identity.ts";

export type Context = {
  readonly id: string;
  readonly log: Log;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  /** Aborts when the caller's connection closes before the answer is complete. */
  readonly signal: AbortSignal;
};

export function createContext(request: IncomingMessage, response: ServerResponse, log: Log): Context {
  const id = createId(idPrefixes.request);
  const controller = new AbortController();
  response.on("close", () => {
    if (!response.writableFinished) controller.abort(new AppError("cancelled", "The caller left."));
  });
  response.setHeader("x-request-id", id);
  response.setHeader("request-id", id);
  return {
    id,
    log: log.child({ requestId: id }),
    request,
    response,
    url: readUrl(request.url ?? "/"),
    signal: controller.signal,
  };
}

/** Never throws: a target that is no address reads as `/`. Slashes doubled at the front count once. */
function readUrl(target: string): URL {
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

/** Clients that send both headers (Claude Code can) are let in when either key is good. Throws `unauthenticated`, or `forbidden` for a worker key. */
export async function authenticate(
  request: IncomingMessage,
  identify: (text: string) => Promise<Identity | undefined>,
): Promise<Caller> {
  const texts = readPresentedKeys(request);
  if (texts.length === 0) {
    throw new AppError(
      "unauthenticated",
      "An API key is needed: send it as Authorization: Bearer KEY or as x-api-key: KEY.",
    );
  }
  let worker = false;
  for (const text of texts) {
    const identity = await identify(text);
    if (identity?.kind === "caller") return identity;
    worker ||= identity?.kind === "worker";
  }
  if (worker) {
    throw new AppError("forbidden", "This is a worker key (axw_…); it cannot call the API. Use a caller key (axk_…).");
  }
  throw new AppError("unauthenticated", "The API key is wrong or was revoked.");
}
