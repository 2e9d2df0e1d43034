// An OpenAI-format upstream's answer, read by a caller of Anthropic's Messages.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { meta } from "../../test/arbitraries.ts";
import { translateStream, translateText, translateWhole, type Parsed } from "../../test/translate.ts";
import { anthropicServe } from "../anthropic-messages/serve.ts";

const route = { from: "openai-chat", to: "anthropic-messages" } as const;
const counted = { prompt_tokens: 30, completion_tokens: 4, prompt_tokens_details: { cached_tokens: 20 } };
const tool = { id: "call_1", type: "function", function: { name: "now", arguments: "{}" } };

function answer(message: object, finish_reason = "stop", usage: object | null = counted): Parsed {
  const choice = { index: 0, message: { role: "assistant", content: null, ...message }, finish_reason };
  return translateWhole(route, { id: "chatcmpl-up", object: "chat.completion", model: "up", choices: [choice], usage });
}

describe("a chat completion as a Messages answer", () => {
  it("tells why it ended in Anthropic's words, and tool_use whenever there are calls", () => {
    const reasons: [message: object, theirs: string, ours: string][] = [
      [{ content: "a" }, "stop", "end_turn"],
      [{ content: "a" }, "length", "max_tokens"],
      [{ tool_calls: [tool] }, "tool_calls", "tool_use"],
      [{ tool_calls: [tool] }, "function_call", "tool_use"],
      [{ tool_calls: [tool] }, "stop", "tool_use"],
      [{ content: "a" }, "content_filter", "refusal"],
    ];
    for (const [message, theirs, ours] of reasons) assert.equal(answer(message, theirs).stop_reason, ours, theirs);
  });

  it("names the stop sequence that ended it, where the server tells it", () => {
    for (const field of ["stop_reason", "matched_stop"]) {
      const choice = { index: 0, message: { role: "assistant", content: "a" }, finish_reason: "stop", [field]: "END" };
      const { stop_reason, stop_sequence } = translateWhole(route, { choices: [choice] });
      assert.deepEqual([stop_reason, stop_sequence], ["stop_sequence", "END"]);
      const ended = { choices: [{ index: 0, delta: {}, finish_reason: "stop", [field]: "END" }] };
      const events = translateStream(route, [chunk({ content: "a" }), ended, "[DONE]"]);
      const last = events.find((event) => event.type === "message_delta");
      assert.deepEqual(last?.delta, { stop_reason: "stop_sequence", stop_sequence: "END" });
      const met = { choices: [{ ...choice, [field]: 151_645 }] };
      assert.equal(translateWhole(route, met).stop_reason, "end_turn", "the number of a token says nothing");
    }
  });

  it("has no text block for empty content next to calls, and a list the SDK takes when there is nothing at all", () => {
    assert.deepEqual(answer({ content: "", tool_calls: [tool] }, "tool_calls").content, [
      { type: "tool_use", id: "call_1", name: "now", input: {} },
    ]);
    assert.deepEqual(answer({ content: "" }).content, []);
  });

  it("shows reasoning as a thinking block before the text, under either name servers give it", () => {
    for (const name of ["reasoning_content", "reasoning"]) {
      const { content } = answer({ [name]: "hm", content: "a" });
      assert.deepEqual(
        content.map((block: Parsed) => [block.type, block.thinking ?? block.text]),
        [
          ["thinking", "hm"],
          ["text", "a"],
        ],
      );
    }
  });

  it("counts cached and cache-write tokens beside input_tokens, never below zero", () => {
    assert.equal(answer({ content: "a" }).usage.input_tokens, 10);
    assert.equal(answer({ content: "a" }).usage.cache_read_input_tokens, 20);
    const written = { cached_tokens: 20, cache_write_tokens: 7 };
    const { usage } = answer({ content: "a" }, "stop", { ...counted, prompt_tokens_details: written });
    assert.deepEqual([usage.input_tokens, usage.cache_creation_input_tokens], [3, 7]);
    const lying = { ...counted, prompt_tokens: 5, prompt_tokens_details: { cached_tokens: 20, cache_write_tokens: 9 } };
    assert.equal(answer({ content: "a" }, "stop", lying).usage.input_tokens, 0);
  });

  it("tells a refusal as text with the stop reason refusal", () => {
    const refused = answer({ refusal: "I cannot help with that." });
    assert.deepEqual(refused.content, [{ type: "text", text: "I cannot help with that." }]);
    assert.equal(refused.stop_reason, "refusal");
  });

  it("leaves out annotations, which need a proof of Anthropic's there, and never shows them as text", () => {
    const url_citation = { start_index: 0, end_index: 1, title: "T", url: "https://a.test" };
    const { content } = answer({ content: "a", annotations: [{ type: "url_citation", url_citation }] });
    assert.deepEqual(content, [{ type: "text", text: "a" }]);
  });

  it("has every field of a message, with all counts as integers", () => {
    const { content, usage, ...message } = answer({ content: "a" }, "stop", null);
    assert.equal(content.length, 1);
    assert.deepEqual(message, {
      id: meta.id,
      type: "message",
      role: "assistant",
      model: meta.model,
      stop_reason: "end_turn",
      stop_sequence: null,
    });
    for (const name of ["input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"])
      assert.ok(Number.isInteger(usage[name]), name);
  });
});

const chunk = (delta: object, rest: object = {}): object => ({
  id: "chatcmpl-up",
  model: "up",
  choices: [{ index: 0, delta, finish_reason: null }],
  ...rest,
});
const say = (content: string): object => chunk({ content });
const think = (reasoning_content: string): object => chunk({ reasoning_content });
const fragment = (index: number, rest: object): object => chunk({ tool_calls: [{ index, ...rest }] });
const open = (index: number, id: string, args = ""): object =>
  fragment(index, { id, type: "function", function: { name: `name_${id}`, arguments: args } });
const push = (index: number, args: string): object => fragment(index, { function: { arguments: args } });
const finish = (reason = "stop"): object => ({ choices: [{ index: 0, delta: {}, finish_reason: reason }] });
const total = { choices: [], usage: counted };
const read = (...frames: readonly (object | string)[]): Parsed[] => translateStream(route, frames);

/** `kind: text` of every block, after checking that each is opened, filled with its own kind of deltas, and closed. */
function readBlocks(events: readonly Parsed[]): string[] {
  const kinds: Record<string, string> = {
    text: "text_delta",
    thinking: "thinking_delta",
    tool_use: "input_json_delta",
  };
  const blocks: { type: string; text: string; isOpen: boolean }[] = [];
  for (const event of events) {
    if (event.type === "content_block_start") {
      assert.equal(event.index, blocks.length, "indexes have no gaps");
      assert.ok(
        blocks.every(({ isOpen }) => !isOpen),
        "one block at a time",
      );
      blocks.push({ type: event.content_block.type, text: "", isOpen: true });
    }
    if (event.type === "content_block_delta") {
      const block = blocks[event.index];
      assert.ok(block?.isOpen, "a delta inside its block");
      if (event.delta.type === "signature_delta") continue;
      assert.equal(event.delta.type, kinds[block.type]);
      block.text += event.delta.text ?? event.delta.thinking ?? event.delta.partial_json;
    }
    if (event.type === "content_block_stop") {
      const block = blocks[event.index];
      assert.ok(block?.isOpen, "closed once");
      block.isOpen = false;
    }
  }
  assert.ok(
    blocks.every(({ isOpen }) => !isOpen),
    "all closed",
  );
  return blocks.map(({ type, text }) => `${type}: ${text}`);
}

describe("chat completion chunks as a Messages stream", () => {
  it("begins once, with a whole message whose counts are integers", () => {
    const events = read(chunk({ role: "assistant", content: "" }), say("a"), finish(), total, "[DONE]");
    const starts = events.filter((event) => event.type === "message_start");
    assert.equal(starts.length, 1);
    const { usage, ...message } = starts[0].message;
    assert.deepEqual(message.content, []);
    assert.equal(message.stop_reason, null);
    for (const name of ["input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"])
      assert.ok(Number.isInteger(usage[name]), name);
  });

  it("writes nothing before the upstream's first chunk, so that an error can still be an HTTP error", () => {
    assert.equal(translateText(route, [": processing"], meta).indexOf("message_start"), -1);
  });

  it("closes and opens a block at every change from reasoning to text to a tool and back", () => {
    const events = read(think("r1"), say("t1"), open(0, "a", "{}"), say("t2"), think("r2"), finish("tool_calls"));
    assert.deepEqual(readBlocks(events), ["thinking: r1", "text: t1", "tool_use: {}", "text: t2", "thinking: r2"]);
  });

  it("opens no text block for empty content before a tool or a thought", () => {
    const events = read(chunk({ role: "assistant", content: "" }), think("r"), say(""), open(0, "a", "{}"), finish());
    assert.deepEqual(readBlocks(events), ["thinking: r", "tool_use: {}"]);
  });

  it("keeps the arguments of interleaved calls apart", () => {
    const events = read(
      open(0, "a", '{"x"'),
      open(1, "b", '{"y"'),
      push(0, ":1"),
      push(1, ":2"),
      push(0, "}"),
      push(1, "}"),
      finish("tool_calls"),
    );
    assert.deepEqual(readBlocks(events), ['tool_use: {"x":1}', 'tool_use: {"y":2}']);
  });

  it("takes a whole call in one chunk, and arguments next to the name", () => {
    assert.deepEqual(readBlocks(read(open(0, "a", '{"x":1}'), finish("tool_calls"))), ['tool_use: {"x":1}']);
    const later = [open(0, "a", '{"x"'), push(0, ":1}"), finish("tool_calls")];
    assert.deepEqual(readBlocks(read(...later)), ['tool_use: {"x":1}']);
  });

  it("loses nothing when content, reasoning and calls stand in one chunk: thoughts, then text, then calls", () => {
    const call = { index: 0, id: "a", function: { name: "f", arguments: "{}" } };
    const events = read(chunk({ tool_calls: [call], content: "t", reasoning_content: "r" }), finish("tool_calls"));
    assert.deepEqual(readBlocks(events), ["thinking: r", "text: t", "tool_use: {}"]);
  });

  it("puts usage that comes after the finish reason into one message_delta with the stop reason", () => {
    const events = read({ choices: [] }, say("a"), { choices: [] }, finish("length"), total, "[DONE]");
    const ends = events.filter((event) => event.type === "message_delta");
    assert.equal(ends.length, 1);
    assert.equal(ends[0].delta.stop_reason, "max_tokens");
    assert.equal(ends[0].usage.output_tokens, 4);
    assert.equal(ends[0].usage.cache_read_input_tokens, 20);
    assert.equal(events.at(-1).type, "message_stop");
  });

  it("tells a streamed refusal with the stop reason refusal", () => {
    const events = read(chunk({ refusal: "No." }), finish(), "[DONE]");
    assert.deepEqual(readBlocks(events), ["text: No."]);
    assert.equal(events.find((event) => event.type === "message_delta")?.delta.stop_reason, "refusal");
  });

  it("ends well without [DONE] once a finish reason came, and is an error with [DONE] alone", () => {
    assert.equal(read(say("a"), finish()).at(-1).type, "message_stop");
    const cut = read(say("a"), "[DONE]");
    assert.equal(cut.at(-1).type, "error");
    assert.ok(!cut.some((event) => event.type === "message_stop"));
  });

  it("tells an error inside the stream, whatever its shape, as an error event of Anthropic's types", () => {
    const errors: [unknown, string][] = [
      ["it broke", "api_error"],
      [{ message: "slow", code: 429 }, "rate_limit_error"],
      [{ message: "busy", code: "503" }, "overloaded_error"],
      [{ message: "odd", code: null, type: null }, "api_error"],
    ];
    for (const [error, type] of errors) {
      const events = read(say("a"), { error });
      assert.equal(events.at(-1).type, "error");
      assert.equal(events.at(-1).error.type, type);
    }
  });

  it("skips a chunk that is no JSON and delivers the rest", () => {
    assert.deepEqual(readBlocks(read(say("a"), "{broken", say("b"), finish())), ["text: ab"]);
  });

  it("pings with an event of its own; every event is named as its data says, and none is [DONE]", () => {
    assert.equal(anthropicServe.createStreamEncoder(meta).ping(), 'event: ping\ndata: {"type":"ping"}\n\n');
    const written = translateText(route, [think("r"), say("a"), open(0, "a"), finish(), total, "[DONE]"], meta);
    assert.doesNotMatch(written, /\[DONE\]/);
    for (const frame of written.split("\n\n").filter((each) => each !== "")) {
      const [event, data] = frame.split("\n");
      assert.equal(event, `event: ${JSON.parse(data?.slice(6) ?? "").type}`);
    }
  });
});
