import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AnswerBatch } from "@auxot/wire/chat-event";
import { createOrgCaller } from "../platform/caller.ts";
import { createLog } from "../platform/log.ts";
import type { KeptRequest } from "../records/request-log/request-log.ts";
import { keepContent } from "./keep-content.ts";
import type { InferInput } from "./infer.ts";

const input: InferInput = {
  requestId: "req_1",
  caller: createOrgCaller("key_1", "app", false),
  origin: { tags: [] },
  dialect: "openai-chat",
  request: { model: "m", messages: [], tools: [], stream: true },
  log: createLog("fatal"),
};

/** An answer whose events are no answer: a block goes on that never began. */
function giveBroken(onLeft: () => void): AsyncIterableIterator<AnswerBatch> {
  return {
    next: async () => ({ done: false, value: { events: [{ type: "text-delta", index: 0, text: "x" }] } }),
    async return() {
      onLeft();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

describe("keeping the content of an answer", () => {
  it("gives on what makes no answer, and lets go of the source all the same", async () => {
    let isLeft = false;
    const kept: Pick<KeptRequest, "answer" | "truncated">[] = [];
    const infer = keepContent({
      infer: async () => ({
        placement: { tier: "gpu", provider: "gpu", model: "m" },
        tries: 1,
        warnings: [],
        batches: giveBroken(() => (isLeft = true)),
      }),
      requestLog: {
        findKeeping: () => ({ level: "full", retentionDays: 1 }) as never,
        keep: ({ answer, truncated }) => void kept.push({ answer, truncated }),
      },
      clock: { now: () => 0 },
    });
    const { batches } = await infer(input, new AbortController().signal);
    for await (const { events } of batches) {
      assert.equal(events.length, 1);
      break;
    }
    assert.equal(isLeft, true);
    assert.deepEqual(kept, [{ answer: undefined, truncated: true }]);
  });
});
