// An Anthropic upstream's answer, read by a caller of Chat Completions.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { meta } from "../../test/arbitraries.ts";
import { anthropicCall } from "../anthropic-messages/call.ts";
import { translateStream, translateText, translateWhole, type Parsed } from "../../test/translate.ts";

const route = { from: "anthropic-messages", to: "openai-chat" } as const;
const usage = { input_tokens: 5, output_tokens: 3 };

/** The whole answer for these blocks. */
function answer(content: readonly object[], stop_reason: string | null = "end_turn", rest: object = {}): Parsed {
  const message = { id: "msg_up", type: "message", role: "assistant", model: "up", stop_sequence: null };
  return translateWhole(route, { ...message, content, stop_reason, usage, ...rest });
}
const messageOf = (completion: Parsed): Parsed => completion.choices[0].message;

const serverBlocks = [
  { type: "server_tool_use", id: "srvtoolu_1", name: "web_search", input: { query: "x" } },
  { type: "web_search_tool_result", tool_use_id: "srvtoolu_1", content: [{ type: "web_search_result", url: "u" }] },
  { type: "mcp_tool_use", id: "mcptoolu_1", name: "lookup", server_name: "docs", input: {} },
  { type: "mcp_tool_result", tool_use_id: "mcptoolu_1", content: [{ type: "text", text: "found" }] },
  { type: "code_execution_tool_result", tool_use_id: "srvtoolu_2", content: {} },
  { type: "container_upload", file_id: "file_1" },
];

describe("a Messages answer as a chat completion", () => {
  it("joins several text blocks in their order", () => {
    const content = ["One ", "two ", "three"].map((text) => ({ type: "text", text }));
    assert.equal(messageOf(answer(content)).content, "One two three");
  });

  it("has content null when there are only tool calls, and the empty string when there is nothing at all", () => {
    const call = { type: "tool_use", id: "toolu_1", name: "now", input: {} };
    assert.equal(messageOf(answer([call], "tool_use")).content, null);
    assert.equal(messageOf(answer([])).content, "");
  });

  it("gives a call without input the arguments {}", () => {
    const call = { type: "tool_use", id: "toolu_1", name: "now", input: {} };
    assert.deepEqual(messageOf(answer([call], "tool_use")).tool_calls, [
      { id: "toolu_1", type: "function", function: { name: "now", arguments: "{}" } },
    ]);
  });

  it("tells why it ended in the words of chat completions, a paused turn as a stop", () => {
    const reasons = {
      end_turn: "stop",
      stop_sequence: "stop",
      max_tokens: "length",
      model_context_window_exceeded: "length",
      tool_use: "tool_calls",
      refusal: "content_filter",
      pause_turn: "stop",
    };
    for (const [theirs, ours] of Object.entries(reasons))
      assert.equal(answer([{ type: "text", text: "a" }], theirs).choices[0].finish_reason, ours, theirs);
  });

  it("takes a reason newer than we are as a stop, and says so", () => {
    const result = anthropicCall.decodeResult(
      Buffer.from(JSON.stringify({ content: [{ type: "text", text: "a" }], stop_reason: "moon_phase" })),
    );
    assert.equal(result.stopReason, "stop");
    assert.match(result.warnings?.[0] ?? "", /"moon_phase"/);
    assert.equal(answer([], "moon_phase").choices[0].finish_reason, "stop");
  });

  it("counts what was read from and written to the cache as prompt tokens, and names what was cached", () => {
    const counts = { input_tokens: 5, cache_read_input_tokens: 20, cache_creation_input_tokens: 2, output_tokens: 9 };
    assert.deepEqual(
      answer([], "end_turn", { usage: { ...counts, output_tokens_details: { thinking_tokens: 4 } } }).usage,
      {
        prompt_tokens: 27,
        completion_tokens: 9,
        total_tokens: 36,
        prompt_tokens_details: { cached_tokens: 20, cache_write_tokens: 2 },
        completion_tokens_details: { reasoning_tokens: 4 },
      },
    );
  });

  it("never counts below zero, whatever the upstream says", () => {
    const counts = { input_tokens: -5, cache_read_input_tokens: -1, output_tokens: -2 };
    const { prompt_tokens, completion_tokens, total_tokens } = answer([], "end_turn", { usage: counts }).usage;
    assert.deepEqual([prompt_tokens, completion_tokens, total_tokens], [0, 0, 0]);
  });

  it("shows thinking as reasoning_content", () => {
    const thoughts = ["First. ", "Then."].map((thinking) => ({ type: "thinking", thinking, signature: "" }));
    const message = messageOf(answer([...thoughts, { type: "text", text: "Done" }]));
    assert.equal(message.reasoning_content, "First. Then.");
    assert.equal(message.content, "Done");
  });

  it("never shows what the vendor's own tools did as calls for the client", () => {
    const message = messageOf(answer([...serverBlocks, { type: "text", text: "found it" }]));
    assert.equal(message.tool_calls, undefined);
    assert.equal(message.content, "found it");
  });

  it("has id, created, model and system_fingerprint, as clients check for them", () => {
    const { id, object, created, model, system_fingerprint } = answer([]);
    assert.deepEqual(
      { id, object, created, model, system_fingerprint },
      { id: meta.id, object: "chat.completion", created: meta.createdAt, model: meta.model, system_fingerprint: null },
    );
  });
});

const start = { type: "message_start", message: { id: "msg_up", role: "assistant", model: "up", usage } };
const end = [
  { type: "message_delta", delta: { stop_reason: "tool_use", stop_sequence: null }, usage: { output_tokens: 9 } },
  { type: "message_stop" },
];
function block(index: number, content_block: object, ...deltas: readonly object[]): object[] {
  return [
    { type: "content_block_start", index, content_block },
    ...deltas.map((delta) => ({ type: "content_block_delta", index, delta })),
    { type: "content_block_stop", index },
  ];
}
const text = (index: number, ...pieces: readonly string[]): object[] =>
  block(index, { type: "text", text: "" }, ...pieces.map((piece) => ({ type: "text_delta", text: piece })));
const call = (index: number, id: string, ...pieces: readonly string[]): object[] =>
  block(
    index,
    { type: "tool_use", id, name: `name_${id}`, input: {} },
    ...pieces.map((piece) => ({ type: "input_json_delta", partial_json: piece })),
  );
const read = (...frames: readonly (object | string)[]): Parsed[] => translateStream(route, [start, ...frames]);
const deltas = (chunks: readonly Parsed[]): Parsed[] => chunks.flatMap((chunk) => chunk.choices?.[0]?.delta ?? []);
const fragments = (chunks: readonly Parsed[]): Parsed[] => deltas(chunks).flatMap((delta) => delta.tool_calls ?? []);

describe("a Messages stream as chat completion chunks", () => {
  it("says the role once, in the first chunk", () => {
    const roles = deltas(read(...text(0, "a", "b"), ...end)).map((delta) => delta.role);
    assert.deepEqual(roles.slice(0, 2), ["assistant", undefined]);
    assert.equal(roles.filter((role) => role !== undefined).length, 1);
  });

  it("numbers tool calls from 0 without gaps, whatever stood before and between them", () => {
    const thinking = block(0, { type: "thinking", thinking: "" }, { type: "thinking_delta", thinking: "hm" });
    const chunks = read(
      ...thinking,
      ...text(1, "a"),
      ...call(2, "a", "{}"),
      ...text(3, "b"),
      ...call(4, "b", "{}"),
      ...end,
    );
    assert.deepEqual(
      fragments(chunks).flatMap(({ id, index }) => (id === undefined ? [] : [[id, index]])),
      [
        ["a", 0],
        ["b", 1],
      ],
    );
  });

  it("names a call by id and function only in its first fragment", () => {
    const [first, ...others] = fragments(read(...call(0, "a", '{"x"', ":1}"), ...end));
    assert.deepEqual(first, { index: 0, id: "a", type: "function", function: { name: "name_a", arguments: "" } });
    assert.deepEqual(others, [
      { index: 0, function: { arguments: '{"x"' } },
      { index: 0, function: { arguments: ":1}" } },
    ]);
  });

  it("gives a call with no deltas, or only an empty one, the arguments {} exactly once", () => {
    for (const pieces of [[], [""]]) {
      const written = fragments(read(...call(0, "a", ...pieces), ...end)).map(
        (fragment) => fragment.function.arguments,
      );
      assert.equal(written.join(""), "{}");
    }
  });

  it("skips pings, comments, unknown events and a second message_start", () => {
    const chunks = read("{}", ": keep alive", { type: "ping" }, { type: "news", x: 1 }, start, ...text(0, "a"), ...end);
    assert.equal(
      deltas(chunks)
        .map((delta) => delta.content ?? "")
        .join(""),
      "a",
    );
    assert.equal(deltas(chunks).filter((delta) => delta.role !== undefined).length, 1);
  });

  it("sends a usage chunk with no choices before [DONE] when it was asked for, and none otherwise", () => {
    const chunks = read(...text(0, "a"), ...end);
    assert.deepEqual(chunks.at(-2)?.choices, []);
    assert.equal(chunks.at(-2)?.usage.completion_tokens, 9);
    assert.ok(chunks.slice(0, -2).every((chunk) => chunk.usage === null));
    const without = translateText(route, [start, ...text(0, "a"), ...end], { ...meta, includeUsage: false });
    assert.doesNotMatch(without, /"usage"/);
  });

  it("has exactly one finish_reason and one [DONE], which is the last", () => {
    const chunks = read(...text(0, "a"), ...call(1, "a"), ...end);
    const reasons = chunks.flatMap((chunk) => chunk.choices?.[0]?.finish_reason ?? []);
    assert.deepEqual(reasons, ["tool_calls"]);
    assert.equal(chunks.filter((chunk) => chunk === "[DONE]").length, 1);
    assert.equal(chunks.at(-1), "[DONE]");
  });

  it("ends with the upstream's error in our envelope, without a finish reason and without [DONE]", () => {
    const chunks = read(...text(0, "a"), { type: "error", error: { type: "overloaded_error", message: "Busy" } });
    assert.equal(chunks.at(-1)?.error.code, "no_capacity");
    assert.match(chunks.at(-1)?.error.message, /Busy/);
    assert.ok(chunks.every((chunk) => chunk !== "[DONE]" && chunk.choices?.[0]?.finish_reason == null));
  });

  it("is an error when the bytes stop before message_stop, never a clean end", () => {
    for (const frames of [[...text(0, "a")], [...text(0, "a"), ...end.slice(0, 1)]]) {
      const chunks = read(...frames);
      assert.equal(chunks.at(-1)?.error.code, "source_failed");
      assert.ok(!chunks.includes("[DONE]"));
    }
  });

  it("repeats one id, created and model in all chunks", () => {
    const chunks = read(...text(0, "a"), ...end).slice(0, -1);
    assert.equal(new Set(chunks.map(({ id, created, model }) => `${id} ${created} ${model}`)).size, 1);
  });

  it("shows neither signatures nor citations nor the vendor's own tools as content", () => {
    const citation = {
      type: "web_search_result_location",
      url: "https://a.test",
      title: "T",
      cited_text: "secret words",
    };
    const frames = [
      ...block(0, { type: "thinking", thinking: "" }, { type: "signature_delta", signature: "c2ln" }),
      ...serverBlocks.flatMap((content_block, at) =>
        block(1 + at, content_block, { type: "input_json_delta", partial_json: '{"query":"x"}' }),
      ),
      ...block(
        9,
        { type: "text", text: "", citations: [] },
        { type: "text_delta", text: "cited" },
        { type: "citations_delta", citation },
      ),
      ...end,
    ];
    const shown = deltas(read(...frames));
    assert.equal(shown.map((delta) => delta.content ?? "").join(""), "cited");
    assert.ok(shown.every((delta) => delta.tool_calls === undefined && delta.reasoning_content === undefined));
    assert.doesNotMatch(JSON.stringify(shown), /secret words/);
  });
});
