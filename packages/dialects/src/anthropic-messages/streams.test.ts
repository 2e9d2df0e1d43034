import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { foldEvents, type ChatEvent } from "@auxot/wire/chat-event";
import { decodeAll, meta } from "../../test/arbitraries.ts";
import { encodeSse } from "../streams/sse.ts";
import { anthropicCall } from "./call.ts";
import { anthropicServe } from "./serve.ts";

type Frame = { readonly type: string; readonly [key: string]: unknown };

function decode(...frames: readonly Frame[]): ChatEvent[] {
  const text = frames.map((frame) => encodeSse(JSON.stringify(frame), frame.type)).join("");
  return decodeAll(anthropicCall.createStreamDecoder(), [Buffer.from(text)]);
}
function encode(...events: readonly ChatEvent[]): Frame[] {
  const text = anthropicServe.createStreamEncoder(meta).encode(events);
  return text
    .split("\n\n")
    .filter((frame) => frame !== "")
    .map((frame) => {
      const [event, data] = frame.split("\n");
      const parsed = JSON.parse(data?.slice(6) ?? "") as Frame;
      assert.equal(event, `event: ${parsed.type}`);
      return parsed;
    });
}
const start = {
  type: "message_start",
  message: {
    model: "up",
    usage: { input_tokens: 5, cache_read_input_tokens: 20, cache_creation_input_tokens: 2, output_tokens: 1 },
  },
};
const text = [
  { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
  { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "hi" } },
  { type: "content_block_stop", index: 0 },
];
const end = (usage?: object, stop_reason: string | null = "end_turn"): Frame[] => [
  { type: "message_delta", delta: { stop_reason, stop_sequence: null }, usage },
  { type: "message_stop" },
];

describe("decoding a Messages stream", () => {
  const counts: [sentence: string, usage: object | undefined, expected: object][] = [
    [
      "keeps earlier counts that are not repeated",
      { output_tokens: 9 },
      { inputTokens: 27, outputTokens: 9, cachedInputTokens: 20, cacheWriteTokens: 2 },
    ],
    [
      "does not count repeated ones twice",
      { input_tokens: 5, cache_read_input_tokens: 20, cache_creation_input_tokens: 2, output_tokens: 9 },
      { inputTokens: 27, outputTokens: 9, cachedInputTokens: 20, cacheWriteTokens: 2 },
    ],
    [
      "keeps earlier counts that come back as zero",
      { input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 9 },
      { inputTokens: 27, outputTokens: 9, cachedInputTokens: 20, cacheWriteTokens: 2 },
    ],
    [
      "keeps the first counts when the last are missing",
      undefined,
      { inputTokens: 27, outputTokens: 1, cachedInputTokens: 20, cacheWriteTokens: 2 },
    ],
  ];
  for (const [sentence, usage, expected] of counts) {
    it(sentence, () =>
      assert.deepEqual(foldEvents(decode(start, ...text, ...end(usage))).usage, { ...expected, reasoningTokens: 0 }),
    );
  }

  it("tolerates pings, a second start, unknown events and the provider's own tools", () => {
    const server = { type: "server_tool_use", id: "s", name: "web_search", input: {} };
    const frames = [
      { type: "content_block_start", index: 0, content_block: server },
      { type: "content_block_delta", index: 0, delta: { type: "input_json_delta", partial_json: "{}" } },
      { type: "content_block_stop", index: 0 },
    ];
    const moved = text.map((frame) => ({ ...frame, index: 1 }));
    const result = foldEvents(decode({ type: "ping" }, start, start, { type: "news" }, ...frames, ...moved, ...end()));
    assert.deepEqual(result.content, [{ type: "text", text: "hi" }]);
  });

  it("is an error when it is cut before message_stop, or never gave a stop reason", () => {
    for (const frames of [
      [start, ...text],
      [start, ...text, ...end().slice(0, 1)],
      [start, ...text, ...end({}, null)],
    ]) {
      const last = decode(...frames).at(-1);
      assert.equal(last?.type === "error" ? last.error.code : last?.type, "source_failed");
    }
  });

  it("maps an error inside the stream and says nothing after it", () => {
    const events = decode(
      start,
      { type: "error", error: { type: "overloaded_error", message: "Overloaded" } },
      ...text,
      ...end(),
    );
    const last = events.at(-1);
    assert.equal(last?.type === "error" ? last.error.code : undefined, "no_capacity");
    assert.equal(events.filter((event) => event.type === "text-start").length, 0);
  });

  it("gives every stop reason", () => {
    const pairs = Object.entries({
      end_turn: "stop",
      max_tokens: "length",
      tool_use: "tool-calls",
      refusal: "refusal",
      pause_turn: "pause",
      model_context_window_exceeded: "context-exceeded",
      new_one: "stop",
    });
    for (const [wire, ours] of pairs) assert.equal(foldEvents(decode(start, ...end({}, wire))).stopReason, ours);
    const [delta, stop] = end({}, "stop_sequence");
    assert.ok(delta && stop);
    const result = foldEvents(
      decode(start, { ...delta, delta: { stop_reason: "stop_sequence", stop_sequence: "END" } }, stop),
    );
    assert.deepEqual([result.stopReason, result.stopSequence], ["stop-sequence", "END"]);
  });
});

describe("encoding a Messages stream", () => {
  it("writes interleaved calls one after another, with dense indexes and no empty text", () => {
    const frames = encode(
      { type: "start" },
      { type: "text-start", index: 0 },
      { type: "text-end", index: 0 },
      { type: "tool-call-start", index: 1, id: "a", name: "f" },
      { type: "tool-call-start", index: 2, id: "b", name: "g" },
      { type: "tool-call-delta", index: 2, arguments: '{"y":2}' },
      { type: "tool-call-delta", index: 1, arguments: '{"x":1}' },
      { type: "tool-call-end", index: 2 },
      { type: "tool-call-end", index: 1 },
      { type: "end", stopReason: "tool-calls" },
    );
    assert.deepEqual(
      frames.slice(1, -2).map((frame) => [frame.type, frame["index"]]),
      [0, 1].flatMap((index) =>
        ["content_block_start", "content_block_delta", "content_block_stop"].map((type) => [type, index]),
      ),
    );
    assert.deepEqual(frames[2]?.["delta"], { type: "input_json_delta", partial_json: '{"x":1}' });
  });

  it("signs reasoning that nobody signed with the empty string", () => {
    const frames = encode(
      { type: "reasoning-start", index: 0 },
      { type: "reasoning-delta", index: 0, text: "hm" },
      { type: "reasoning-end", index: 0 },
      { type: "end", stopReason: "stop" },
    );
    assert.deepEqual(
      frames.map((frame) => frame.type),
      [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
      ],
    );
    assert.deepEqual(frames[3]?.["delta"], { type: "signature_delta", signature: "" });
  });

  it("gives integer usage at the start and the full usage at the end", () => {
    const usage = { inputTokens: 3, outputTokens: 2, cachedInputTokens: 5, cacheWriteTokens: 0, reasoningTokens: 0 };
    const frames = encode({ type: "start" }, { type: "end", stopReason: "stop" });
    const message = frames[0]?.["message"] as { readonly usage: object };
    assert.deepEqual(message.usage, {
      input_tokens: 0,
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 0,
      output_tokens: 0,
    });
    const last = encode({ type: "usage", usage }, { type: "end", stopReason: "stop-sequence", stopSequence: "END" }).at(
      -2,
    );
    assert.deepEqual(last, {
      type: "message_delta",
      delta: { stop_reason: "stop_sequence", stop_sequence: "END" },
      usage: { input_tokens: 0, cache_creation_input_tokens: 0, cache_read_input_tokens: 5, output_tokens: 2 },
    });
  });

  it("closes what is still open at the end", () => {
    const types = encode(
      { type: "text-start", index: 0 },
      { type: "text-delta", index: 0, text: "x" },
      { type: "end", stopReason: "length" },
    );
    assert.deepEqual(types.map((frame) => frame.type).slice(-3), [
      "content_block_stop",
      "message_delta",
      "message_stop",
    ]);
  });

  it("ends with the error alone when the answer failed", () => {
    const frames = encode(
      { type: "start" },
      { type: "error", error: { code: "no_capacity", message: "full" } },
      { type: "end", stopReason: "stop" },
    );
    assert.deepEqual(frames.at(-1), {
      type: "error",
      error: { type: "overloaded_error", message: "full" },
      request_id: "req_1",
    });
    assert.ok(!frames.some((frame) => frame.type === "message_stop"));
  });
});
