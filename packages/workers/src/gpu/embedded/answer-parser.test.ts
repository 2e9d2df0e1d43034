import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { foldEvents, type ChatEvent } from "@auxot/wire/chat-event";
import type { AssistantPart } from "@auxot/wire/chat";
import { createAnswerParser, type AnswerParserOptions } from "./answer-parser.ts";

const hermes = { toolFormat: "hermes", reasoning: true, startsInReasoning: false, toolNames: ["add", "sub"] } as const;

function parse(pieces: readonly string[], options: Partial<AnswerParserOptions>): ChatEvent[] {
  let calls = 0;
  const parser = createAnswerParser({ ...hermes, createCallId: () => `call_${calls++}`, ...options });
  return [...pieces.flatMap((piece) => parser.push(piece)), ...parser.finish()];
}

function read(text: string, options: Partial<AnswerParserOptions> = {}): readonly AssistantPart[] {
  return foldEvents([...parse([text], options), { type: "end", stopReason: "stop" }]).content;
}

const text = (value: string): AssistantPart => ({ type: "text", text: value });
const reasoning = (value: string): AssistantPart => ({ type: "reasoning", text: value });
const call = (n: number, name: string, value: string): AssistantPart => ({
  type: "tool-call",
  id: `call_${n}`,
  name,
  arguments: value,
});

test("gives plain text back as it came, with the white space around it", () => {
  assert.deepEqual(read("  a <b> {c}\n\n"), [text("  a <b> {c}\n\n")]);
});

test("gives the text between think tags as reasoning, without the white space around it", () => {
  assert.deepEqual(read("<think>\nHmm.\n\nYes.\n</think>\n\nDone."), [reasoning("Hmm.\n\nYes."), text("Done.")]);
});

test("gives no reasoning block for an empty pair of think tags", () => {
  assert.deepEqual(read("<think>\n\n</think>\n\nDone."), [text("Done.")]);
});

test("reads reasoning that the prompt itself opened", () => {
  assert.deepEqual(read("Hmm.\n</think>\nDone.", { startsInReasoning: true }), [reasoning("Hmm."), text("Done.")]);
});

test("leaves think tags in the middle of an answer alone", () => {
  assert.deepEqual(read("Write <think>x</think>."), [text("Write <think>x</think>.")]);
});

test("reads several calls of one answer, arguments exactly as written", () => {
  const answer =
    'Sure.\n<tool_call>\n{"name": "add", "arguments": {"a": [1, {"b": "}\\""}]}}\n</tool_call>\n<tool_call>{"arguments":{"x":1e3},"id":7,"name":"sub"}</tool_call>\n';
  assert.deepEqual(read(answer), [
    text("Sure."),
    call(0, "add", '{"a": [1, {"b": "}\\""}]}'),
    call(1, "sub", '{"x":1e3}'),
  ]);
});

test("unwraps arguments a model wrote as a string and takes null as none", () => {
  assert.deepEqual(read('<tool_call>{"name":"add","arguments":"{\\"a\\":1}"}</tool_call>'), [
    call(0, "add", '{"a":1}'),
  ]);
  assert.deepEqual(read('<tool_call>{"name":"add","arguments":null}</tool_call>'), [call(0, "add", "{}")]);
  assert.deepEqual(read('<tool_call>{"name":"add"}</tool_call>'), [call(0, "add", "{}")]);
});

test("streams the arguments while they come, after the name", () => {
  const pieces = ["<tool_", 'call>\n{"na', 'me": "add"', ', "arguments": {"a"', ": 1", "}}", "\n</tool_call>"];
  const deltas = parse(pieces, {}).map((event) => (event.type === "tool-call-delta" ? event.arguments : event.type));
  assert.deepEqual(deltas, ["tool-call-start", '{"a"', ": 1", "}", "tool-call-end"]);
});

test("turns a malformed call back into text, nothing lost", () => {
  const broken = [
    "<tool_call>not json</tool_call> rest",
    '<tool_call>{"arguments": {}}</tool_call>',
    '<tool_call>{"name": 5}</tool_call>',
    '<tool_call>{"name"',
    '<tool_call>{"name": "add", oops}</tool_call>',
    '<tool_call>{"name": "add", "arg',
    "a <tool_cal",
  ];
  for (const answer of broken) assert.deepEqual(read(answer), [text(answer)], answer);
});

test("keeps the part of a call that came before the answer was cut", () => {
  assert.deepEqual(read('<tool_call>{"name":"add","arguments":{"a":'), [call(0, "add", '{"a":')]);
});

test("goes on as text when the closing tag is missing", () => {
  assert.deepEqual(read('<tool_call>{"name":"add","arguments":{}} so'), [call(0, "add", "{}"), text(" so")]);
});

test("does not look for calls when the request has no tools", () => {
  const answer = '<tool_call>{"name":"add","arguments":{}}</tool_call>';
  assert.deepEqual(read(answer, { toolFormat: undefined }), [text(answer)]);
});

test("reads Mistral's calls, as a list and by name", () => {
  const mistral = { toolFormat: "mistral" } as const;
  const list = '[TOOL_CALLS] [{"name": "add", "arguments": {"a": 1}}, {"name": "sub", "arguments": {}}]';
  assert.deepEqual(read(list, mistral), [call(0, "add", '{"a": 1}'), call(1, "sub", "{}")]);
  const named = 'Ok.[TOOL_CALLS]add[CALL_ID]abc123456[ARGS]{"a": "}"}[TOOL_CALLS]sub{"b": 2}';
  assert.deepEqual(read(named, mistral), [text("Ok."), call(0, "add", '{"a": "}"}'), call(1, "sub", '{"b": 2}')]);
  for (const broken of ["[TOOL_CALLS]", "[TOOL_CALLS] [", "[TOOL_CALLS]add\nx", "[TOOL_CALLS][1]"]) {
    assert.deepEqual(read(broken, mistral), [text(broken)], broken);
  }
});

test("reads Llama's bare calls only when they name a tool of the request", () => {
  const llama = { toolFormat: "llama" } as const;
  assert.deepEqual(read('{"name": "add", "parameters": {"a": 1}}', llama), [call(0, "add", '{"a": 1}')]);
  assert.deepEqual(
    read('<|python_tag|>{"name": "add", "parameters": {}}; {"name":"sub","parameters":{"b":2}}', llama),
    [call(0, "add", "{}"), call(1, "sub", '{"b":2}')],
  );
  for (const answer of ['{"name": "Bob", "parameters": {}}', '{"answer": 42}', '{"name": "add"}', "{"]) {
    assert.deepEqual(read(answer, llama), [text(answer)], answer);
  }
});

const fragments = fc.constantFrom(
  "<think>",
  "</think>",
  "<tool_call>",
  "</tool_call>",
  "[TOOL_CALLS]",
  "[ARGS]",
  "<|python_tag|>",
  '{"name": "add", ',
  '"arguments": {"a": 1}}',
  '"parameters": {}}',
  '{"name":"sub"}',
  "{",
  "}",
  "[",
  "]",
  ",",
  ";",
  '"',
  "\\",
  " ",
  "\n",
  "x",
  "add",
  "é🦊",
  "<",
  "</",
);

test("gives the same answer however the text is split", () => {
  fc.assert(
    fc.property(
      fc.array(fragments, { maxLength: 14 }),
      fc.array(fc.nat(8), { minLength: 1, maxLength: 12 }),
      fc.constantFrom("hermes" as const, "mistral" as const, "llama" as const, undefined),
      fc.boolean(),
      fc.boolean(),
      (parts, cuts, toolFormat, reasoning, startsInReasoning) => {
        const options = { toolFormat, reasoning, startsInReasoning };
        const characters = [...parts.join("")];
        const pieces: string[] = [];
        for (let i = 0, at = 0; at < characters.length; i++) {
          const length = 1 + (cuts[i % cuts.length] ?? 0);
          pieces.push(characters.slice(at, at + length).join(""));
          at += length;
        }
        const whole = foldEvents([...parse([parts.join("")], options), { type: "end", stopReason: "stop" }]);
        const split = foldEvents([...parse(pieces, options), { type: "end", stopReason: "stop" }]);
        assert.deepEqual(split, whole);
      },
    ),
    { numRuns: 2000 },
  );
});

test("without reasoning or tools any text comes back byte for byte", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (value) => {
      const plain = { toolFormat: undefined, reasoning: false };
      assert.deepEqual(read(value, plain), value === "" ? [] : [text(value)]);
    }),
  );
});

test("every block has a start and an end, and indices are dense", () => {
  fc.assert(
    fc.property(fc.array(fragments, { maxLength: 14 }), fc.boolean(), (parts, startsInReasoning) => {
      let open: number | undefined;
      let next = 0;
      for (const event of parse([parts.join("")], { startsInReasoning })) {
        if (!("index" in event)) continue;
        if (event.type.endsWith("-start")) {
          assert.equal(open, undefined);
          assert.equal(event.index, next++);
          open = event.index;
        } else {
          assert.equal(event.index, open);
          if (event.type.endsWith("-end")) open = undefined;
        }
      }
      assert.equal(open, undefined);
    }),
  );
});
