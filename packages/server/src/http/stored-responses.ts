// What callers do with responses that are kept: read them whole or as a stream, list their input, cancel, delete.
// https://platform.openai.com/docs/api-reference/responses

import { AppError } from "@auxot/wire/errors";
import type { Caller } from "../platform/caller.ts";
import type { FoundResponse } from "../records/responses/store.ts";
import { splitFrames } from "../responses/frame-log.ts";
import { listItems } from "../responses/restore.ts";
import { sendEvents } from "./chat.ts";
import type { Context } from "./context.ts";
import type { ResponsesDeps } from "./responses.ts";
import { readListQuery, readRetrieveQuery } from "./responses-query.ts";
import { sendJson } from "./send-json.ts";

type Deps = Pick<ResponsesDeps, "responses" | "background" | "pingEveryMs">;
type Item = Readonly<Record<string, unknown>>;

const ping = (): string => ": ping\n\n";
/** Frames sent at once. */
const pieceFrames = 200;
const askAgainMs = 5000;

export async function handleRetrieve(deps: Deps, context: Context, caller: Caller, id: string): Promise<void> {
  const { stream, startingAfter } = readRetrieveQuery(context.url.searchParams);
  const run = deps.background.find(caller.keyId, id);
  if (stream) {
    const frames =
      run === undefined
        ? await readKeptFrames(deps, caller, id, startingAfter)
        : run.log.read(startingAfter, context.signal);
    const { pingEveryMs } = deps;
    return sendEvents(context, frames, (text) => text, { ping, pingEveryMs });
  }
  sendJson(context.response, 200, run?.response() ?? (await deps.responses.get(caller.keyId, id)).response);
}

export async function handleDelete(deps: Deps, context: Context, caller: Caller, id: string): Promise<void> {
  const run = deps.background.find(caller.keyId, id);
  await run?.cancel();
  await deps.responses.remove(caller.keyId, id);
  sendJson(context.response, 200, { id, object: "response.deleted", deleted: true });
}

/** Idempotent: a response that is over is given as it is. */
export async function handleCancel(deps: Deps, context: Context, caller: Caller, id: string): Promise<void> {
  const run = deps.background.find(caller.keyId, id);
  if (run !== undefined) {
    await run.cancel();
    return sendJson(context.response, 200, run.response());
  }
  const found = await deps.responses.get(caller.keyId, id);
  if (!found.background) throw new AppError("invalid_request", "Cannot cancel a synchronous response.");
  if (isRunning(found)) throw explainElsewhere("cancelled there");
  sendJson(context.response, 200, found.response);
}

/** What went into the response: the conversation before it, as far as it is kept, and its own input. */
export async function handleInputItems(deps: Deps, context: Context, caller: Caller, id: string): Promise<void> {
  const query = readListQuery(context.url.searchParams);
  const own = await deps.responses.get(caller.keyId, id);
  const chain = await deps.responses.listChain(caller.keyId, id);
  const before = chain.slice(0, -1).flatMap(listItems);
  const items = [...before, ...(JSON.parse(own.input) as Item[])];
  const ordered = query.order === "asc" ? items : items.toReversed();
  const start = query.after === undefined ? 0 : findCursor(ordered, "after", query.after) + 1;
  const end = query.before === undefined ? ordered.length : findCursor(ordered, "before", query.before);
  const page = ordered.slice(start, Math.min(end, start + query.limit));
  sendJson(context.response, 200, {
    object: "list",
    data: page,
    first_id: page[0]?.["id"] ?? null,
    last_id: page.at(-1)?.["id"] ?? null,
    has_more: start + page.length < end,
  });
}

function findCursor(items: readonly Item[], param: string, id: string): number {
  const at = items.findIndex((item) => item["id"] === id);
  if (at >= 0) return at;
  throw new AppError("invalid_request", `${param}: this response has no input item '${id.slice(0, 100)}'.`, { param });
}

async function readKeptFrames(
  deps: Deps,
  caller: Caller,
  id: string,
  startingAfter: number,
): Promise<AsyncIterable<string>> {
  const found = await deps.responses.get(caller.keyId, id);
  if (!found.background) {
    throw new AppError(
      "invalid_request",
      "stream: only a response created with background=true can be streamed again.",
      {
        param: "stream",
      },
    );
  }
  if (isRunning(found)) throw explainElsewhere("streamed here");
  const text = found.hasFrames ? await deps.responses.getFrames(caller.keyId, id) : undefined;
  if (text === undefined) {
    throw new AppError(
      "invalid_request",
      "stream: the events of this response were not kept: they were too many, or its router stopped. Without stream=true you get the response as a whole.",
      { param: "stream" },
    );
  }
  return cutFrames(splitFrames(text).slice(startingAfter + 1));
}

async function* cutFrames(frames: readonly string[]): AsyncGenerator<string> {
  for (let at = 0; at < frames.length; at += pieceFrames) yield frames.slice(at, at + pieceFrames).join("");
}

function isRunning({ status }: FoundResponse): boolean {
  return status === "queued" || status === "in_progress";
}

function explainElsewhere(what: string): AppError {
  return new AppError(
    "no_capacity",
    `This response runs on another router of this database. It can be read here at any time, and ${what} only once it is over or by that router.`,
    { retryAfterMs: askAgainMs },
  );
}
