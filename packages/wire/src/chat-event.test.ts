import assert from "node:assert/strict";
import { test } from "node:test";
import { createEventFold, foldEvents, isContent, unfoldResult, type ChatEvent } from "./chat-event.ts";
import type { ChatResult } from "./chat.ts";
import { AppError } from "./errors.ts";

const result: ChatResult = {
  model: "m",
  content: [
    { type: "reasoning", text: "hm", signature: "sig" },
    { type: "reasoning", text: "", redacted: "opaque" },
    { type: "text", text: "Hello", citations: [{ url: "https://a.test", title: "A", start: 0, end: 5 }] },
    { type: "tool-call", id: "c1", name: "f", arguments: '{"a":1}' },
  ],
  stopReason: "stop-sequence",
  stopSequence: "END",
  warnings: ["something was left out"],
  usage: { inputTokens: 3, outputTokens: 2, cachedInputTokens: 1, cacheWriteTokens: 0, reasoningTokens: 1 },
};

test("a result unfolds into events that fold back into it", () => {
  assert.deepEqual(foldEvents(unfoldResult(result)), result);
});

test("interleaved calls are kept apart, empty text is left out, an empty call has {} for arguments", () => {
  const events: ChatEvent[] = [
    { type: "text-start", index: 0 },
    { type: "text-end", index: 0 },
    { type: "tool-call-start", index: 1, id: "a", name: "f" },
    { type: "tool-call-start", index: 2, id: "b", name: "g" },
    { type: "tool-call-delta", index: 1, arguments: '{"x"' },
    { type: "tool-call-end", index: 2 },
    { type: "tool-call-delta", index: 1, arguments: ":1}" },
    { type: "end", stopReason: "tool-calls" },
  ];
  assert.deepEqual(foldEvents(events).content, [
    { type: "tool-call", id: "a", name: "f", arguments: '{"x":1}' },
    { type: "tool-call", id: "b", name: "g", arguments: "{}" },
  ]);
});

test("an answer without an end is no result, and an error event is thrown as it came", () => {
  const fold = createEventFold();
  fold.push({ type: "text-start", index: 0 });
  assert.throws(
    () => fold.result(),
    (error: unknown) => error instanceof AppError && error.code === "source_failed",
  );
  fold.push({ type: "error", error: { code: "rate_limited", message: "slow down", retryAfterMs: 5 } });
  assert.throws(
    () => fold.result(),
    (error: unknown) => error instanceof AppError && error.code === "rate_limited" && error.retryAfterMs === 5,
  );
});

test("the commit point is the first thing a caller could notice", () => {
  assert.equal(isContent({ type: "start" }), false);
  assert.equal(isContent({ type: "text-start", index: 0 }), false);
  assert.equal(isContent({ type: "text-delta", index: 0, text: "" }), false);
  assert.equal(isContent({ type: "text-delta", index: 0, text: "a" }), true);
  assert.equal(isContent({ type: "reasoning-end", index: 0, signature: "s" }), true);
  assert.equal(isContent({ type: "end", stopReason: "stop" }), true);
});
