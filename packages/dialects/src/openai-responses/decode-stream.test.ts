import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { foldEvents, type ChatEvent } from "@auxot/wire/chat-event";
import { decodeAll } from "../../test/arbitraries.ts";
import { responsesCall } from "./call.ts";

function decode(...frames: readonly (object | string)[]): ChatEvent[] {
  const text = frames.map((frame) => `data: ${typeof frame === "string" ? frame : JSON.stringify(frame)}\n\n`).join("");
  return decodeAll(responsesCall.createStreamDecoder(), [Buffer.from(text)]);
}
const completed = { type: "response.completed", response: { model: "up", output: [] } };
const message = { type: "message", role: "assistant", content: [{ type: "output_text", text: "hi" }] };
const fail = (error: object) => {
  const last = decode({ type: "response.created", response: {} }, { type: "response.failed", response: { error } }).at(
    -1,
  );
  return last?.type === "error" ? last.error : undefined;
};

const stopFor = (reason: string) =>
  foldEvents(decode({ type: "response.incomplete", response: { incomplete_details: { reason } } })).stopReason;
const limitFor = (words: string) => fail({ code: "rate_limit_exceeded", message: `Rate limit. Please ${words}` });
const readWhole = (body: object) => responsesCall.decodeResult(Buffer.from(JSON.stringify(body)));

describe("decoding a Responses stream", () => {
  const shapes: [sentence: string, frames: object[]][] = [
    [
      "that tells items only when they are done",
      [{ type: "response.output_item.done", output_index: 0, item: message }],
    ],
    ["that tells items only at the end", [{ ...completed, response: { output: [message] } }]],
    ["that begins with the deltas", [{ type: "response.output_text.delta", output_index: 0, delta: "hi" }]],
    ["without output indexes", [{ type: "response.output_text.delta", item_id: "msg_1", delta: "hi" }]],
    [
      "whose parts are never done",
      [
        { type: "response.output_item.added", output_index: 0, item: { ...message, content: [] } },
        { type: "response.output_text.delta", output_index: 0, content_index: 0, delta: "h" },
        { type: "response.output_text.delta", output_index: 0, content_index: 0, delta: "i" },
        { type: "response.output_item.done", output_index: 0, item: message },
      ],
    ],
  ];
  for (const [sentence, frames] of shapes) {
    it(`understands a server ${sentence}`, () =>
      assert.deepEqual(foldEvents(decode(...frames, completed)).content, [{ type: "text", text: "hi" }]));
  }

  it("says tool-calls when it saw calls, although the last event repeats none", () => {
    const item = { type: "function_call", id: "fc_1", call_id: "c", name: "f", arguments: '{"x":1}' };
    const events = decode(
      { type: "response.output_item.done", output_index: 0, item },
      { type: "response.completed", response: { id: "r" } },
    );
    assert.deepEqual(foldEvents(events), {
      content: [{ type: "tool-call", id: "c", name: "f", arguments: '{"x":1}' }],
      stopReason: "tool-calls",
    });
  });

  it("takes custom calls and namespaces in our words", () => {
    const custom = { type: "custom_tool_call", call_id: "c", name: "patch", input: "" };
    const events = decode(
      { type: "response.output_item.added", output_index: 0, item: custom },
      { type: "response.custom_tool_call_input.delta", output_index: 0, delta: 'a "' },
      { type: "response.custom_tool_call_input.delta", output_index: 0, delta: "\n😀" },
      { type: "response.output_item.done", output_index: 0, item: { ...custom, input: 'a "\n😀' } },
      {
        type: "response.output_item.done",
        output_index: 1,
        item: { type: "function_call", call_id: "d", name: "find", namespace: "n", arguments: "" },
      },
      completed,
    );
    assert.deepEqual(foldEvents(events).content, [
      { type: "tool-call", id: "c", name: "patch", arguments: JSON.stringify({ input: 'a "\n😀' }) },
      { type: "tool-call", id: "d", name: "n__find", arguments: "{}" },
    ]);
  });

  it("skips items of tools the provider ran itself, and events newer than we are", () => {
    const events = decode(
      { type: "response.output_item.added", output_index: 0, item: { type: "web_search_call", id: "ws" } },
      { type: "response.web_search_call.searching", output_index: 0 },
      { type: "codex.rate_limits", x: 1 },
      { type: "response.output_item.done", output_index: 1, item: message },
      completed,
    );
    assert.deepEqual(foldEvents(events).content, [{ type: "text", text: "hi" }]);
  });

  it("tells an answer that was cut off from one that was filtered", () => {
    assert.equal(stopFor("max_output_tokens"), "length");
    assert.equal(stopFor("content_filter"), "refusal");
  });

  it("is one error when the bytes stop early, whatever came", () => {
    for (const frames of [
      [],
      [completed.response],
      [{ type: "response.created" }],
      [{ type: "response.x" }, "[DONE]"],
    ]) {
      const last = decode(...frames).at(-1);
      assert.equal(last?.type === "error" ? last.error.code : last?.type, "source_failed");
    }
  });

  it("reads how long to wait from the words of a rate limit", () => {
    assert.equal(limitFor("try again in 2s.")?.code, "rate_limited");
    assert.equal(limitFor("try again in 2s.")?.retryAfterMs, 2000);
    assert.equal(limitFor("try again in 1.5 seconds")?.retryAfterMs, 1500);
    assert.equal(limitFor("try again in 28ms.")?.retryAfterMs, 28);
    assert.equal(limitFor("wait.")?.retryAfterMs, undefined);
  });

  it("keeps the failures apart that clients treat apart", () => {
    assert.equal(fail({ code: "context_length_exceeded", message: "full" })?.code, "context_length_exceeded");
    assert.equal(fail({ code: "insufficient_quota", message: "empty" })?.code, "insufficient_quota");
    assert.equal(fail({ code: "invalid_prompt", message: "bad" })?.code, "invalid_request");
    assert.equal(fail({ code: "image_too_large", message: "bad" })?.code, "invalid_request");
    assert.equal(fail({ code: "server_is_overloaded", message: "busy" })?.code, "no_capacity");
    assert.equal(fail({ code: "server_error", message: "boom" })?.code, "source_failed");
    const events = decode({ type: "error", code: "rate_limit_exceeded", message: "slow", param: null });
    assert.equal(events[0]?.type === "error" ? events[0].error.code : "", "rate_limited");
  });

  it("takes no whole answer that failed or is not complete", () => {
    assert.throws(
      () => readWhole({ status: "failed", error: { code: "server_error", message: "boom" }, output: [] }),
      /boom/,
    );
    assert.throws(() => readWhole({ status: "in_progress", output: [] }), /"in_progress"/);
    assert.throws(() => readWhole({ status: "completed" }), /without output/);
  });
});
