import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { ChatEvent } from "@auxot/wire/chat-event";
import type { ErrorBody } from "@auxot/wire/errors";
import { check, eventsOf, meta, random, result } from "../../test/arbitraries.ts";
import { parse } from "../../test/request-checks.ts";
import { responsesServe } from "./serve.ts";

/** A frame's data, as the JSON parser types it. */
type Frame = ReturnType<typeof JSON.parse>;
const name = "openai-responses";
const usage = { inputTokens: 10, outputTokens: 4, cachedInputTokens: 3, cacheWriteTokens: 1, reasoningTokens: 2 };
const said: ChatEvent[] = [
  { type: "start" },
  { type: "reasoning-start", index: 0 },
  { type: "reasoning-delta", index: 0, text: "Let me " },
  { type: "reasoning-delta", index: 0, text: "see." },
  { type: "reasoning-end", index: 0, signature: "sig" },
  { type: "text-start", index: 1 },
  { type: "text-delta", index: 1, text: "Grüße " },
  { type: "text-delta", index: 1, text: "😀" },
  { type: "text-end", index: 1 },
];
const called: ChatEvent[] = [
  { type: "tool-call-start", index: 2, id: "call_a", name: "weather" },
  { type: "tool-call-start", index: 3, id: "call_b", name: "now" },
  { type: "tool-call-delta", index: 2, arguments: '{"city":' },
  { type: "tool-call-delta", index: 3, arguments: "" },
  { type: "tool-call-delta", index: 2, arguments: '"Ulm"}' },
  { type: "tool-call-end", index: 2 },
  { type: "tool-call-end", index: 3 },
];
const ended: ChatEvent[] = [
  { type: "usage", usage },
  { type: "end", stopReason: "stop" },
];

/** The frames of a stream; each `event:` is its data's type and the sequence numbers have no gap. */
function encode(events: readonly ChatEvent[], about = meta): Frame[] {
  const text = responsesServe.createStreamEncoder(about).encode(events);
  const frames = text.split("\n\n").filter((frame) => frame !== "");
  return frames.map((frame, at) => {
    const [event = "", data = ""] = frame.split("\n");
    const fields = JSON.parse(data.slice(6));
    assert.equal(event, `event: ${fields.type}`);
    assert.equal(fields.sequence_number, at);
    return fields;
  });
}
const types = (frames: readonly Frame[]) => frames.map((frame) => frame.type.replace("response.", ""));

describe("encoding a Responses stream", () => {
  it("writes a reasoning item, closes it, and then the message, in the vendor's order", () => {
    const frames = encode([...said, ...ended]);
    assert.deepEqual(types(frames), [
      "created",
      "in_progress",
      "output_item.added",
      "reasoning_summary_part.added",
      "reasoning_summary_text.delta",
      "reasoning_summary_text.delta",
      "reasoning_summary_text.done",
      "reasoning_summary_part.done",
      "output_item.done",
      "output_item.added",
      "content_part.added",
      "output_text.delta",
      "output_text.delta",
      "output_text.done",
      "content_part.done",
      "output_item.done",
      "completed",
    ]);
    assert.equal(frames[4]?.summary_index, 0);
    assert.equal(frames[8]?.item.encrypted_content, "sig");
    assert.equal(frames[13]?.text, "Grüße 😀");
    assert.deepEqual(frames.at(-1)?.response.output, [frames[8]?.item, frames[15]?.item]);
  });

  it("keeps parallel calls apart, each at its own index, with an id of its own and the whole arguments at the end", () => {
    const frames = encode([{ type: "start" }, ...called, ...ended]);
    const added = frames.filter((frame) => frame.type === "response.output_item.added");
    assert.deepEqual(
      added.map((frame) => [frame.output_index, frame.item.id, frame.item.call_id, frame.item.arguments]),
      [
        [0, "fc_answer_1_0", "call_a", ""],
        [1, "fc_answer_1_1", "call_b", ""],
      ],
    );
    const done = frames.filter((frame) => frame.type === "response.function_call_arguments.done");
    assert.deepEqual(
      done.map((frame) => [frame.output_index, frame.item_id, frame.arguments]),
      [
        [0, "fc_answer_1_0", '{"city":"Ulm"}'],
        [1, "fc_answer_1_1", "{}"],
      ],
    );
    assert.equal(types(frames).filter((type) => type === "output_item.done").length, 2);
  });

  it("writes every event of an item with the same id and indexes, and each item's whole text as its deltas", () => {
    check(fc.tuple(result, random), ([answer, next]) => {
      const frames = encode(eventsOf(answer, next));
      const open = new Map<number, { id: string; text: string }>();
      for (const frame of frames) {
        const type = String(frame.type);
        if (type === "response.output_item.added") {
          assert.equal(frame.output_index, open.size);
          open.set(open.size, { id: frame.item.id, text: "" });
        }
        if (frame.output_index === undefined) continue;
        const item = open.get(frame.output_index);
        assert.equal(frame.item_id ?? frame.item.id, item?.id);
        if (type.endsWith(".delta") && item !== undefined) item.text += frame.delta;
        if (/(text|arguments)\.done$/.test(type) && item?.text !== "")
          assert.equal(frame.text ?? frame.arguments, item?.text);
      }
      const last = frames.at(-1)?.response;
      const items = frames.filter((frame) => frame.type === "response.output_item.done");
      items.sort((a, b) => a.output_index - b.output_index);
      assert.deepEqual(
        last.output,
        items.map((frame) => frame.item),
      );
      const whole = JSON.parse(responsesServe.encodeResult(answer, meta));
      assert.deepEqual(last, whole);
    });
  });

  it("makes one message of texts that follow each other, with a refusal as its own part", () => {
    const frames = encode([
      { type: "text-start", index: 0 },
      { type: "text-delta", index: 0, text: "a" },
      { type: "text-end", index: 0 },
      { type: "text-start", index: 1, refusal: true },
      { type: "text-delta", index: 1, text: "no" },
      { type: "text-end", index: 1 },
      ...ended,
    ]);
    const output = frames.at(-1)?.response.output;
    assert.equal(output.length, 1);
    assert.deepEqual(output[0].content, [
      { type: "output_text", text: "a", annotations: [], logprobs: [] },
      { type: "refusal", refusal: "no" },
    ]);
    assert.equal(frames.find((frame) => frame.type === "response.refusal.delta")?.content_index, 1);
  });

  it("begins nothing for blocks without content", () => {
    const frames = encode([
      { type: "reasoning-start", index: 0 },
      { type: "reasoning-end", index: 0 },
      { type: "text-start", index: 1 },
      { type: "text-end", index: 1 },
      ...ended,
    ]);
    assert.deepEqual(types(frames), ["created", "in_progress", "completed"]);
  });

  it("gives every field of a response, what was asked as it was asked, and honestly what was not done", () => {
    const asked = {
      model: "m",
      input: "hi",
      instructions: "Be brief.",
      tools: [{ type: "web_search" }, { type: "function", name: "f", parameters: null, strict: true }],
      tool_choice: { type: "web_search" },
      metadata: { run: "7" },
      reasoning: { effort: "low" },
      text: { verbosity: "low" },
      max_output_tokens: 50,
      temperature: 0.3,
      store: true,
      truncation: "auto",
    };
    const frames = encode([...said, ...ended], { ...meta, request: parse(name, asked) });
    const response = frames.at(-1)?.response;
    assert.deepEqual(
      { ...response, output: [] },
      {
        id: "answer_1",
        object: "response",
        created_at: 1_790_000_000,
        completed_at: null,
        status: "completed",
        error: null,
        incomplete_details: null,
        model: "served-model",
        output: [],
        previous_response_id: null,
        background: false,
        service_tier: "default",
        top_logprobs: 0,
        max_tool_calls: null,
        parallel_tool_calls: true,
        top_p: 1,
        presence_penalty: 0,
        frequency_penalty: 0,
        safety_identifier: null,
        prompt_cache_key: null,
        user: null,
        instructions: "Be brief.",
        tools: asked.tools,
        tool_choice: asked.tool_choice,
        metadata: { run: "7" },
        reasoning: { effort: "low", summary: null },
        text: { format: { type: "text" }, verbosity: "low" },
        max_output_tokens: 50,
        temperature: 0.3,
        store: false,
        truncation: "disabled",
        usage: {
          input_tokens: 10,
          input_tokens_details: { cached_tokens: 3, cache_write_tokens: 1 },
          output_tokens: 4,
          output_tokens_details: { reasoning_tokens: 2 },
          total_tokens: 14,
        },
      },
    );
    assert.equal(frames[0]?.response.usage, null);
    assert.equal(frames[0]?.response.status, "in_progress");
  });

  it("is incomplete with its reason when it was cut off or filtered, and so is its last item", () => {
    const reasons = [
      ["length", "max_output_tokens"],
      ["context-exceeded", "max_output_tokens"],
      ["refusal", "content_filter"],
    ] as const;
    for (const [stopReason, reason] of reasons) {
      const last = encode([...said, ...called.slice(0, 3), { type: "end", stopReason }]).at(-1);
      assert.equal(last?.type, "response.incomplete");
      assert.deepEqual(last?.response.incomplete_details, { reason });
      assert.deepEqual(
        last?.response.output.map((item: Frame) => item.status),
        ["completed", "completed", "completed", "incomplete"],
      );
    }
  });

  const failures: [error: ErrorBody, code: string, message: RegExp][] = [
    [{ code: "worker_lost", message: "Gone." }, "server_error", /^Gone\.$/],
    [
      { code: "rate_limited", message: "Slow.", retryAfterMs: 1500 },
      "rate_limit_exceeded",
      /Please try again in 2s\.$/,
    ],
    [{ code: "context_length_exceeded", message: "Full." }, "context_length_exceeded", /^Full\.$/],
    [{ code: "insufficient_quota", message: "Empty." }, "insufficient_quota", /^Empty\.$/],
    [{ code: "invalid_request", message: "Bad.", param: "stop" }, "invalid_prompt", /^stop: Bad\.$/],
  ];
  for (const [error, code, message] of failures) {
    it(`fails with ${code} after ${error.code}, and then says nothing more`, () => {
      const frames = encode([...said.slice(0, 8), { type: "error", error }, ...ended]);
      const last = frames.at(-1);
      assert.equal(last?.type, "response.failed");
      assert.equal(last?.response.status, "failed");
      assert.equal(last?.response.error.code, code);
      assert.match(last?.response.error.message, message);
      assert.ok(!types(frames).includes("completed"));
    });
  }

  it("keeps a silent connection open with a comment, which no client takes for an event", () => {
    assert.equal(responsesServe.createStreamEncoder(meta).ping(), ": ping\n\n");
  });

  it("writes calls as the caller declared their tools: custom ones as text, those of a namespace under their own name", () => {
    const request = parse(name, {
      model: "m",
      input: "hi",
      tools: [
        { type: "custom", name: "patch" },
        { type: "namespace", name: "mcp__docs__", tools: [{ type: "function", name: "find" }] },
      ],
    });
    const frames = encode(
      [
        { type: "tool-call-start", index: 0, id: "call_a", name: "patch" },
        { type: "tool-call-delta", index: 0, arguments: '{"input":"+ \\"a' },
        { type: "tool-call-delta", index: 0, arguments: '\\""}' },
        { type: "tool-call-end", index: 0 },
        { type: "tool-call-start", index: 1, id: "call_b", name: "mcp__docs__find" },
        { type: "tool-call-end", index: 1 },
        ...ended,
      ],
      { ...meta, request },
    );
    assert.deepEqual(types(frames).slice(2, 6), [
      "output_item.added",
      "custom_tool_call_input.delta",
      "custom_tool_call_input.done",
      "output_item.done",
    ]);
    assert.deepEqual(frames.at(-1)?.response.output, [
      {
        id: "ctc_answer_1_0",
        status: "completed",
        type: "custom_tool_call",
        call_id: "call_a",
        name: "patch",
        input: '+ "a"',
      },
      {
        id: "fc_answer_1_1",
        status: "completed",
        type: "function_call",
        call_id: "call_b",
        name: "find",
        namespace: "mcp__docs__",
        arguments: "{}",
      },
    ]);
  });

  it("gives a reasoning token that comes back as it was, and reads OpenAI's own proof with its id", () => {
    const content = [
      { type: "reasoning" as const, text: "a", signature: "axr1_token" },
      { type: "reasoning" as const, text: "c" },
    ];
    const answer = JSON.parse(responsesServe.encodeResult({ content, stopReason: "stop" }, meta));
    assert.deepEqual(parse(name, { model: "m", input: answer.output }).messages, [{ role: "assistant", content }]);
    const native = { type: "reasoning", id: "rs_1", summary: [], encrypted_content: "gAAA" };
    assert.deepEqual(parse(name, { model: "m", input: [native] }).messages[0]?.content, [
      { type: "reasoning", text: "", signature: "rs_1:gAAA" },
    ]);
  });
});
