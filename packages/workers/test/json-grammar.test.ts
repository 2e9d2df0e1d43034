// The grammars we write, read and applied by real llama.cpp.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { getLlama, type Llama } from "node-llama-cpp";
import { writeJsonGrammar, writeSchemaGrammar, writeToolCallGrammar } from "../src/gpu/embedded/json-grammar.ts";

let llama: Llama;
before(async () => {
  llama = await getLlama({ build: "never", skipDownload: true, gpu: false });
});
after(() => llama.dispose());

/** llama.cpp's own check whether a whole text fits a grammar; node-llama-cpp keeps it internal. */
async function fits(grammar: string, text: string): Promise<boolean> {
  const compiled: unknown = await llama.createGrammar({ grammar });
  return (compiled as { _testText(text: string): boolean })._testText(text);
}

async function check(
  schema: Record<string, unknown>,
  good: readonly unknown[],
  bad: readonly unknown[],
): Promise<void> {
  const grammar = writeSchemaGrammar(schema);
  for (const value of good) {
    assert.ok(await fits(grammar, JSON.stringify(value)), `should fit: ${JSON.stringify(value)}`);
    assert.ok(await fits(grammar, JSON.stringify(value, undefined, 1).replaceAll(/\n +/g, "\n\t")), "indented");
  }
  for (const value of bad)
    assert.ok(!(await fits(grammar, JSON.stringify(value))), `should not fit: ${JSON.stringify(value)}`);
}

test("any JSON object fits the grammar for JSON, other values do not", async () => {
  const grammar = writeJsonGrammar();
  for (const text of ['{"a": [1, -2.5e3, null, true, "é\\n\\u00e9"], "b": {}}', "{}", ' {"a":{"b":[]}}']) {
    assert.ok(await fits(grammar, text), text);
  }
  for (const text of ["[]", "1", '{"a": 01}', '{"a" 1}', "{a: 1}", '{"a": 1} x'])
    assert.ok(!(await fits(grammar, text)), text);
});

test("objects: required and optional properties, in order, and further ones where allowed", async () => {
  const properties = { a: { type: "integer" }, b: { type: "string" }, c: { type: "boolean" } };
  await check(
    { type: "object", properties, required: ["b"] },
    [{ a: 1, b: "x", c: true }, { b: "x" }, { b: "x", c: false }, { a: 1, b: "" }],
    [{}, { a: 1 }, { b: 1 }, { c: true, b: "x" }, { b: "x", d: 1 }],
  );
  await check({ type: "object", properties }, [{}, { a: 1 }, { c: true }, { a: 1, c: true }], [{ a: 1.5 }]);
  await check(
    { properties: { a: { const: 1 } }, required: ["a"], additionalProperties: { type: "string" } },
    [{ a: 1 }, { a: 1, x: "y", z: "" }],
    [{ a: 1, x: 2 }, { x: "y" }],
  );
  await check({ type: "object" }, [{}, { any: [1] }], [1]);
});

test("arrays, strings, enums, unions and null", async () => {
  await check(
    { type: "array", items: { type: "number" }, minItems: 2, maxItems: 3 },
    [
      [1, 2],
      [1, 2, 3.5],
    ],
    [[1], [1, 2, 3, 4], ["a"]],
  );
  await check({ type: "array", items: { enum: ["a", 'q"\n\\'] } }, [[], ["a", 'q"\n\\']], [["b"]]);
  await check({ prefixItems: [{ type: "string" }, { type: "null" }], type: "array" }, [["a", null]], [["a"]]);
  await check({ type: "string", minLength: 1, maxLength: 2 }, ["a", "é🦊"], ["", "abc"]);
  await check({ type: ["string", "null"] }, ["a", null], [1]);
  await check({ anyOf: [{ type: "boolean" }, { type: "object", properties: {} }] }, [true, { x: 1 }], ["a"]);
  await check(
    { allOf: [{ properties: { a: { type: "null" } }, required: ["a"] }, { properties: { b: { type: "null" } } }] },
    [{ a: null }, { a: null, b: null }],
    [{ b: null }],
  );
  await check({}, [1, "a", [null], { a: 1 }], []);
});

test("schemas that refer to themselves", async () => {
  const tree = {
    type: "object",
    properties: { next: { anyOf: [{ $ref: "#/$defs/tree" }, { type: "null" }] } },
    required: ["next"],
  };
  await check({ $ref: "#/$defs/tree", $defs: { tree } }, [{ next: null }, { next: { next: null } }], [{ next: 1 }, {}]);
});

test("a forced call names one of the tools with arguments that fit", async () => {
  const tools = [
    { name: "add", parameters: { type: "object", properties: { n: { type: "integer" } }, required: ["n"] } },
    { name: "now", parameters: {} },
  ];
  const hermes = writeToolCallGrammar(tools, "hermes") ?? "";
  assert.ok(await fits(hermes, '<tool_call>\n{"name": "add", "arguments": {"n": 1}}\n</tool_call>'));
  assert.ok(await fits(hermes, '<tool_call>\n{"name": "now", "arguments": {}}\n</tool_call>'));
  assert.ok(!(await fits(hermes, '<tool_call>\n{"name": "add", "arguments": {}}\n</tool_call>')));
  assert.ok(!(await fits(hermes, "hello")));
  assert.ok(await fits(writeToolCallGrammar(tools, "llama") ?? "", '{"name": "add", "parameters": {"n": 1}}'));
  assert.equal(writeToolCallGrammar(tools, "mistral"), undefined);
});
