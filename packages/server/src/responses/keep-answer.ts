// Keeps an answer while it goes out to its caller: reads it off the bytes and writes it before the last of them leaves.

import { createAnswerReader } from "@auxot/dialects/openai-responses/answer-reader";
import { toErrorBody } from "@auxot/wire/errors";
import { setTimeout as wait } from "node:timers/promises";
import type { NewResponse, Responses } from "../records/responses/responses.ts";
import { responseStatuses, type ResponseStatus } from "../records/responses/store.ts";
import type { Placement } from "../sources/source.ts";

/** What is known of a response before it is answered. */
export type KeptRequest = Pick<NewResponse, "keyId" | "previousId" | "createdAt" | "input" | "itemIds">;

export type AnswerKeeper = {
  /** Whole frames or the whole body, as they go out. `isPassed`: they are the upstream's own. */
  push(data: Uint8Array | string, isPassed: boolean): void;
  /** Before the last of it goes out. Never throws: gives what the caller should know. */
  end(): Promise<readonly string[]>;
};

/** The last frame waits this long for the database: then it goes out, and the row is written behind it. */
const writeWithinMs = 1000;

export function createAnswerKeeper(
  responses: Responses,
  kept: KeptRequest,
  { placement, isStream }: { readonly placement: Placement; readonly isStream: boolean },
): AnswerKeeper {
  const reader = createAnswerReader();
  let passed = false;
  return {
    push(data, isPassed) {
      passed ||= isPassed;
      if (isStream || typeof data === "string") reader.pushFrames(data);
      else reader.pushBody(data);
    },
    async end() {
      const answer = reader.result();
      // An answer nobody can name cannot be asked for.
      if (answer === undefined) return [];
      const work = responses.save({
        ...kept,
        id: answer.id,
        status: readStatus(answer.status),
        background: false,
        provider: placement.provider,
        model: placement.model,
        heldUpstream: passed && answer.store !== false,
        response: answer.response,
        itemIds: [...kept.itemIds, ...answer.outputIds],
      });
      const timer = new AbortController();
      try {
        await Promise.race([work, wait(writeWithinMs, undefined, { signal: timer.signal })]);
        return [];
      } catch (error) {
        return [`store: ${toErrorBody(error).message}`];
      } finally {
        timer.abort();
        work.catch(() => undefined);
      }
    },
  };
}

/** A status newer than we are has ended somehow. */
export function readStatus(status: string): ResponseStatus {
  return responseStatuses.find((known) => known === status) ?? "completed";
}
