// A Responses upstream's answer, read by a caller of Messages or Chat Completions.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { translateStream, translateWhole, type Parsed } from "../../test/translate.ts";

const toMessages = { from: "openai-responses", to: "anthropic-messages" } as const;
const toChat = { from: "openai-responses", to: "openai-chat" } as const;

const usage = {
  input_tokens: 30,
  input_tokens_details: { cached_tokens: 20 },
  output_tokens: 9,
  output_tokens_details: { reasoning_tokens: 4 },
  total_tokens: 39,
};
const message = (...content: readonly object[]): object => ({
  type: "message",
  id: "msg_1",
  role: "assistant",
  content,
});
const words = (text: string): object => ({ type: "output_text", text, annotations: [] });
const call = (call_id: string): object => ({
  type: "function_call",
  id: `fc_${call_id}`,
  call_id,
  name: "f",
  arguments: '{"x":1}',
});
const summary = (...texts: readonly string[]): object => ({
  type: "reasoning",
  id: "rs_1",
  summary: texts.map((text) => ({ type: "summary_text", text })),
});
const whole = (output: readonly object[], rest: object = {}): object => ({
  id: "resp_up",
  model: "up",
  status: "completed",
  output,
  usage,
  ...rest,
});
/** The items as a stream tells them: added, done, and again at the end. */
function stream(output: readonly object[], rest: object = {}): object[] {
  return [
    { type: "response.created", response: { model: "up" } },
    ...output.flatMap((item, output_index) => [
      { type: "response.output_item.added", output_index, item: { ...item, content: [], summary: [], arguments: "" } },
      { type: "response.output_item.done", output_index, item },
    ]),
    { type: "response.completed", response: whole(output, rest) },
  ];
}
/** The content blocks of a Messages stream. */
function blocksOf(events: readonly Parsed[]): [string, string][] {
  const blocks: [string, string][] = [];
  for (const { type, index, content_block, delta } of events) {
    if (type === "content_block_start") blocks[index] = [content_block.type, ""];
    const text = delta?.text ?? delta?.thinking ?? delta?.partial_json;
    if (type === "content_block_delta" && text !== undefined && blocks[index] !== undefined) blocks[index][1] += text;
  }
  return blocks;
}

const hosted = [
  { type: "web_search_call", id: "ws_1", status: "completed", action: { type: "search", query: "x" } },
  { type: "file_search_call", id: "fs_1", status: "completed", queries: ["x"], results: null },
  { type: "code_interpreter_call", id: "ci_1", status: "completed", code: "1+1", container_id: "c", outputs: [] },
  { type: "image_generation_call", id: "ig_1", status: "completed", result: "iVBORw0KGgo=" },
  { type: "mcp_call", id: "mcp_1", server_label: "docs", name: "find", arguments: "{}", output: "found" },
  { type: "mcp_list_tools", id: "mcpl_1", server_label: "docs", tools: [] },
];

const summaryDelta = (summary_index: number, delta: string): object => ({
  type: "response.reasoning_summary_text.delta",
  output_index: 0,
  summary_index,
  delta,
});

describe("a Responses answer for a caller of Messages", () => {
  it("has each parallel call as a block of its own, and tool_use for its reason", () => {
    const output = [message(words("Looking.")), call("a"), call("b")];
    const answer = translateWhole(toMessages, whole(output));
    assert.deepEqual(
      answer.content.map((block: Parsed) => block.id ?? block.text),
      ["Looking.", "a", "b"],
    );
    assert.equal(answer.stop_reason, "tool_use");
    const events = translateStream(toMessages, stream(output));
    assert.deepEqual(blocksOf(events), [
      ["text", "Looking."],
      ["tool_use", '{"x":1}'],
      ["tool_use", '{"x":1}'],
    ]);
  });

  it("counts cached tokens beside input_tokens, and reasoning as thinking tokens", () => {
    const counts = { input_tokens: 10, cache_creation_input_tokens: 0, cache_read_input_tokens: 20, output_tokens: 9 };
    const expected = { ...counts, output_tokens_details: { thinking_tokens: 4 } };
    assert.deepEqual(translateWhole(toMessages, whole([message(words("a"))])).usage, expected);
    const last = translateStream(toMessages, stream([message(words("a"))])).findLast(
      ({ type }) => type === "message_delta",
    );
    assert.deepEqual(last.usage, expected);
  });

  it("tells a refusal as text with the stop reason refusal, also when a filter cut the answer off", () => {
    const refused = [message({ type: "refusal", refusal: "No." })];
    assert.deepEqual(translateWhole(toMessages, whole(refused)).content, [{ type: "text", text: "No." }]);
    assert.equal(translateWhole(toMessages, whole(refused)).stop_reason, "refusal");
    const filtered = { status: "incomplete", incomplete_details: { reason: "content_filter" } };
    assert.equal(translateWhole(toMessages, whole([message(words("a"))], filtered)).stop_reason, "refusal");
    const cut = { status: "incomplete", incomplete_details: { reason: "max_output_tokens" } };
    assert.equal(translateWhole(toMessages, whole([message(words("a"))], cut)).stop_reason, "max_tokens");
  });

  it("joins several summaries into one thought with a line between them, and shows no block for an empty one", () => {
    const output = [summary("First.", "Second."), summary(), message(words("a"))];
    for (const blocks of [
      translateWhole(toMessages, whole(output)).content.map((block: Parsed) => [
        block.type,
        block.thinking ?? block.text,
      ]),
      blocksOf(translateStream(toMessages, stream(output))),
    ])
      assert.deepEqual(blocks, [
        ["thinking", "First.\n\nSecond."],
        ["text", "a"],
      ]);
  });

  it("joins summaries that are streamed part by part in the same way", () => {
    const [created, added, ...rest] = stream([summary("First.", "Second.")]);
    assert.ok(created && added);
    const events = translateStream(toMessages, [
      created,
      added,
      summaryDelta(0, "Fir"),
      summaryDelta(0, "st."),
      summaryDelta(1, "Second."),
      ...rest,
    ]);
    assert.deepEqual(blocksOf(events), [["thinking", "First.\n\nSecond."]]);
  });
});

describe("items of tools the provider runs itself", () => {
  it("are no calls for the client, in whole answers and streams, and do not change why it ended", () => {
    const output = [...hosted, message(words("done"))];
    const chat = translateWhole(toChat, whole(output)).choices[0];
    assert.equal(chat.message.tool_calls, undefined);
    assert.equal(chat.message.content, "done");
    assert.equal(chat.finish_reason, "stop");
    const chunks = translateStream(toChat, stream(output)).filter((chunk) => chunk !== "[DONE]");
    assert.ok(chunks.every((chunk) => chunk.choices[0]?.delta.tool_calls === undefined));
    assert.deepEqual(translateWhole(toMessages, whole(output)).content, [{ type: "text", text: "done" }]);
    assert.deepEqual(blocksOf(translateStream(toMessages, stream(output))), [["text", "done"]]);
  });

  it("do not become text through their own deltas", () => {
    const deltas = [
      { type: "response.mcp_call_arguments.delta", output_index: 0, item_id: "mcp_1", delta: '{"q":1}' },
      { type: "response.code_interpreter_call_code.delta", output_index: 0, item_id: "ci_1", delta: "1+1" },
      {
        type: "response.image_generation_call.partial_image",
        output_index: 0,
        item_id: "ig_1",
        partial_image_b64: "x",
      },
    ];
    const [created, added, ...rest] = stream([...hosted.slice(4, 5), message(words("done"))]);
    assert.ok(created && added);
    assert.deepEqual(blocksOf(translateStream(toMessages, [created, added, ...deltas, ...rest])), [["text", "done"]]);
  });
});
