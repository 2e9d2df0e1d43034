// Owns what is kept of answered responses: who may see it, for how long, and what is said when it could not be kept.
// Knows no HTTP; what a response holds is text to it.

import { setTimeout as wait } from "node:timers/promises";
import { AppError } from "@auxot/wire/errors";
import type { Clock } from "../../platform/clock.ts";
import type { Log } from "../../platform/log.ts";
import type { FoundResponse, ResponseRow, ResponseStore } from "./store.ts";

/** What is to be kept. Its time runs from `createdAt`. */
export type NewResponse = Omit<ResponseRow, "expiresAt" | "aliveUntil">;

export type Responses = {
  /** False: this router keeps nothing. */
  readonly keeps: boolean;
  /** Resolves once it is written. Throws AppError, the reason also told to whoever asks for it later. Visible here from the call on. */
  save(response: NewResponse): Promise<void>;
  /** As `save`, of a later state: what was deleted since stays so. */
  update(response: NewResponse): Promise<void>;
  /** Throws `not_found` in OpenAI's words when it is not there for this key, `no_capacity` when the database is away; so do the others. */
  get(keyId: string, id: string): Promise<FoundResponse>;
  /** Undefined when they were not kept. */
  getFrames(keyId: string, id: string): Promise<string | undefined>;
  /** The response and all before it, oldest first. Throws `previous_response_not_found` when it or a link is gone, `too_large`. */
  getChain(keyId: string, id: string): Promise<readonly FoundResponse[]>;
  /** As much of the chain as there is. */
  listChain(keyId: string, id: string): Promise<readonly FoundResponse[]>;
  /** The responses in which the items began. Throws `too_large` for too many or too much. */
  findOwners(keyId: string, itemIds: readonly string[]): Promise<readonly FoundResponse[]>;
  remove(keyId: string, id: string): Promise<void>;
  /** Fails what other routers left running; `all`: nobody else can be using this database. */
  failAbandoned(all: boolean): Promise<void>;
  /** Since the start: how many were written, and how many could not be. */
  counts(): { readonly kept: number; readonly lost: number };
  close(): Promise<void>;
};

export type ResponsesDeps = {
  readonly store: ResponseStore;
  readonly clock: Clock;
  readonly log: Log;
  /** 0: nothing is kept. */
  readonly retentionDays: number;
  /** How often old rows are removed and running ones are kept alive. */
  readonly tendEveryMs?: number;
  readonly maxRowBytes?: number;
  readonly maxChainBytes?: number;
  /** Of what is held in memory while the database takes its time. */
  readonly maxWritingBytes?: number;
  /** How long a question waits for the database. */
  readonly answerWithinMs?: number;
};

const dayMs = 24 * 60 * 60 * 1000;
/** Of `tendEveryMs`: a router that missed so many is gone. */
const missedTends = 3;
const removedAtOnce = 500;
const failedAtOnce = 50;
const maxLinks = 2000;
const maxLost = 1000;
/** As `maxWritingBytes`, by number. */
const maxWriting = 500;
/** Each is looked up by itself. */
const maxNamedItems = 10_000;
const closeWithinMs = 10_000;
const waitMs = 5000;
/** What ids of vendors and ours are made of; anything else was never kept. */
const possibleId = /^[\x21-\x7e]{1,200}$/;
const stoppedError = { code: "server_error", message: "The router stopped before the response was complete." };

export function createResponses(deps: ResponsesDeps): Responses {
  const { store, clock, log, retentionDays, tendEveryMs = 20_000 } = deps;
  const { maxRowBytes = 64 * 2 ** 20, maxChainBytes = 64 * 2 ** 20, maxWritingBytes = 256 * 2 ** 20 } = deps;
  const { answerWithinMs = 10_000 } = deps;
  const keeps = retentionDays > 0;
  /** Being written: whoever asks waits for it. */
  const writing = new Map<string, Promise<void>>();
  let writingBytes = 0;
  const counts = { kept: 0, lost: 0 };
  /** Why the last ones that were lost were lost. */
  const lost = new Map<string, string>();
  const running = new Map<string, { readonly keyId: string; readonly id: string }>();
  let tending: Promise<void> | undefined;

  function noteLost(name: string, reason: string): void {
    lost.set(name, reason);
    counts.lost += 1;
    const [oldest] = lost.keys();
    if (lost.size > maxLost && oldest !== undefined) lost.delete(oldest);
  }

  async function write(response: NewResponse, name: string, isNew: boolean): Promise<void> {
    const isRunning = response.status === "queued" || response.status === "in_progress";
    if (measure(response) > maxRowBytes) {
      const reason = `it is larger than ${maxRowBytes / 2 ** 20} MiB with its input`;
      noteLost(name, reason);
      throw new AppError("too_large", `The response was not kept: ${reason}.`);
    }
    const row = {
      ...response,
      itemIds: response.itemIds.filter((id) => possibleId.test(id)),
      expiresAt: response.createdAt + retentionDays * dayMs,
      ...(isRunning ? { aliveUntil: clock.now() + missedTends * tendEveryMs } : {}),
    };
    try {
      await (isNew ? store.save(row) : store.update(row));
    } catch (err) {
      const reason = "the database could not be written";
      noteLost(name, reason);
      log.error({ err, responseId: response.id }, "Cannot keep a response; a request that goes on from it will fail");
      throw new AppError("no_capacity", `The response was not kept: ${reason}.`, { cause: err, retryAfterMs: waitMs });
    }
    lost.delete(name);
    if (isNew) counts.kept += 1;
    if (isRunning) running.set(name, response);
    else running.delete(name);
  }

  /** One after the other: the last state of a response must be the one that stays. */
  function enqueue(response: NewResponse, isNew: boolean): Promise<void> {
    const name = nameOf(response.keyId, response.id);
    const sizeBytes = measure(response);
    if (writing.size > 0 && (writing.size >= maxWriting || writingBytes + sizeBytes > maxWritingBytes)) {
      const reason = "the database is too slow for all that is to be kept";
      noteLost(name, reason);
      return Promise.reject(new AppError("no_capacity", `The response was not kept: ${reason}.`));
    }
    writingBytes += sizeBytes;
    const before = writing.get(name) ?? Promise.resolve();
    const work = before
      .catch(() => undefined)
      .then(() => write(response, name, isNew))
      .finally(() => {
        writingBytes -= sizeBytes;
        if (writing.get(name) === work) writing.delete(name);
      });
    writing.set(name, work);
    return work;
  }

  /** Looks up, after what is being written. `undefined` for an id that cannot be one. */
  async function ask<T>(keyId: string, id: string, question: () => Promise<T>): Promise<T | undefined> {
    if (!keeps || !possibleId.test(id)) return undefined;
    const written = writing.get(nameOf(keyId, id)) ?? Promise.resolve();
    const limit = new AbortController();
    const tooLong = wait(answerWithinMs, undefined, { signal: limit.signal }).then(() => {
      throw new Error(`No answer within ${answerWithinMs} ms.`);
    });
    try {
      return await Promise.race([written.catch(() => undefined).then(question), tooLong]);
    } catch (cause) {
      throw new AppError("no_capacity", "Stored responses cannot be read right now: the database does not answer.", {
        cause,
        retryAfterMs: waitMs,
      });
    } finally {
      limit.abort();
      tooLong.catch(() => undefined);
    }
  }

  /** Why it is not there, as far as that is known. */
  function explain(keyId: string, id: string): string {
    if (!keeps) return " This router keeps no responses (responses.retentionDays is 0).";
    const reason = lost.get(nameOf(keyId, id));
    return reason === undefined ? "" : ` It was not kept: ${reason}.`;
  }

  function notFound(keyId: string, id: string): AppError {
    return new AppError("not_found", `Response with id '${id.slice(0, 200)}' not found.${explain(keyId, id)}`);
  }

  function previousNotFound(keyId: string, id: string, asked: string): AppError {
    const link = id === asked ? "" : ` It stands before '${asked.slice(0, 200)}' and was deleted or has expired.`;
    return new AppError(
      "previous_response_not_found",
      `Previous response with id '${id.slice(0, 200)}' not found.${link}${explain(keyId, id)} Send the whole conversation in input instead.`,
      { param: "previous_response_id" },
    );
  }

  const listChain = async (keyId: string, id: string): Promise<readonly FoundResponse[]> =>
    (await ask(keyId, id, () => store.findChain(keyId, id, { now: clock.now(), maxBytes: maxChainBytes, maxLinks }))) ??
    [];

  async function removeExpired(): Promise<void> {
    for (let removed = removedAtOnce; removed === removedAtOnce;) {
      removed = await store.removeExpired(clock.now(), removedAtOnce);
    }
  }

  async function failAbandoned(aliveBefore: number | undefined): Promise<void> {
    for (;;) {
      const found = await store.findAbandoned(failedAtOnce, aliveBefore);
      for (const row of found) await store.fail(row.keyId, row.id, markFailed(row.response));
      if (found.length > 0)
        log.warn({ responses: found.length }, "Responses that a stopped router left running have failed");
      if (found.length < failedAtOnce) return;
    }
  }

  async function tend(): Promise<void> {
    try {
      if (running.size > 0) {
        await store.keepAlive([...running.values()], clock.now() + missedTends * tendEveryMs);
      }
      await failAbandoned(clock.now());
      await removeExpired();
    } catch (err) {
      log.warn({ err }, "Cannot tend the stored responses; trying again later");
    }
  }

  const timer = setInterval(() => {
    tending ??= tend().finally(() => (tending = undefined));
  }, tendEveryMs);
  timer.unref();

  return {
    keeps,
    save: (response) => enqueue(response, true),
    update: (response) => enqueue(response, false),
    async get(keyId, id) {
      const found = await ask(keyId, id, () => store.find(keyId, id, clock.now()));
      if (found === undefined) throw notFound(keyId, id);
      return found;
    },
    getFrames: (keyId, id) => ask(keyId, id, () => store.findFrames(keyId, id, clock.now())),
    async getChain(keyId, id) {
      const chain = await listChain(keyId, id);
      const [oldest] = chain;
      if (oldest === undefined) throw previousNotFound(keyId, id, id);
      if (oldest.previousId === undefined) return chain;
      if (oldest.previousId === oldest.id) throw explainReplaced(oldest.id);
      const sizeBytes = chain.reduce((sum, { response, input }) => sum + Buffer.byteLength(response + input), 0);
      if (sizeBytes >= maxChainBytes || chain.length >= maxLinks) {
        throw new AppError(
          "too_large",
          `previous_response_id: the conversation behind it is too long to go on from (over ${maxChainBytes / 2 ** 20} MiB or ${maxLinks} responses). Begin a new one.`,
          { param: "previous_response_id" },
        );
      }
      throw previousNotFound(keyId, oldest.previousId, id);
    },
    listChain,
    async findOwners(keyId, itemIds) {
      const possible = itemIds.filter((id) => possibleId.test(id));
      if (possible.length > maxNamedItems) throw tooMuchNamed(`more than ${maxNamedItems} items`);
      const limits = { now: clock.now(), maxBytes: maxChainBytes };
      const own = [...writing].flatMap(([name, work]) => (name.startsWith(`${keyId} `) ? [work] : []));
      const find = () => Promise.allSettled(own).then(() => store.findOwners(keyId, possible, limits));
      const found = keeps ? await ask(keyId, "any", find) : [];
      if (found === undefined)
        throw tooMuchNamed(`items of responses that are over ${maxChainBytes / 2 ** 20} MiB together`);
      return found;
    },
    async remove(keyId, id) {
      const removed = await ask(keyId, id, () => store.remove(keyId, id, clock.now()));
      if (removed !== true) throw notFound(keyId, id);
    },
    counts: () => counts,
    failAbandoned: (all) => failAbandoned(all ? undefined : clock.now()),
    async close() {
      clearInterval(timer);
      // A database that hangs answers nothing at all.
      const limit = new AbortController();
      const work = Promise.allSettled([...writing.values(), tending]);
      await Promise.race([work, wait(closeWithinMs, undefined, { signal: limit.signal })]);
      limit.abort();
      if (writing.size > 0) log.error({ lost: writing.size }, "Stopping with responses that could not be written");
    },
  };
}

/** In characters: about the bytes of it in memory. */
function measure({ response, input, frames = "" }: NewResponse): number {
  return response.length + input.length + frames.length;
}

/** Some servers call every response by one id. */
function explainReplaced(id: string): AppError {
  return new AppError(
    "previous_response_not_found",
    `The response before '${id}' was replaced: its provider gave both the same id. Send the whole conversation in input instead.`,
    { param: "previous_response_id" },
  );
}

function tooMuchNamed(what: string): AppError {
  return new AppError("too_large", `input: it names ${what} by their ids. Send the items themselves.`, {
    param: "input",
  });
}

function nameOf(keyId: string, id: string): string {
  return `${keyId} ${id}`;
}

function markFailed(response: string): string {
  const fields: unknown = JSON.parse(response);
  return JSON.stringify({ ...(fields as object), status: "failed", error: stoppedError });
}
