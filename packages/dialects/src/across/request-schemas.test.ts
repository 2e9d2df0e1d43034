import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { DialectName } from "@auxot/wire/chat";
import { build, parse } from "../../test/request-checks.ts";

const messages = [{ role: "user", content: "hi" }];
const openaiModel = "gpt-5.1";
const claude = "claude-opus-5";

/** The schema a tool has at the target, after a Chat Completions caller declared it. */
function sendTool(parameters: object, to: DialectName, { model = "some-model", strict = false } = {}) {
  const tool = { type: "function", function: { name: "f", parameters, ...(strict ? { strict } : {}) } };
  const { body, warnings } = build(to, parse("openai-chat", { model: "m", messages, tools: [tool] }), model);
  const [sent] = body.tools;
  const inner = sent.function ?? sent;
  return { schema: inner.input_schema ?? inner.parameters, strict: inner.strict, warnings };
}

const sendFormat = (schema: object, to: DialectName, model = "some-model") => {
  const output_config = { format: { type: "json_schema", schema } };
  const request = parse("anthropic-messages", { model: "m", max_tokens: 9, messages, output_config });
  return build(to, request, model);
};

const choose = (name: string, tools: object[]) =>
  parse("anthropic-messages", { model: "m", max_tokens: 9, messages, tools, tool_choice: { type: "tool", name } });

const rich = {
  type: "object",
  $defs: { color: { enum: ["red", "green", null], title: "Color" } },
  properties: {
    color: { $ref: "#/$defs/color" },
    size: { anyOf: [{ type: "number", minimum: 1, maximum: 12345678901 }, { type: "null" }], default: null },
    "x y": { type: ["string", "null"], pattern: "^\\d+\\b", examples: ["1"] },
  },
  required: ["color"],
  additionalProperties: { type: "string" },
  "x-vendor": { deep: [1, { a: true }] },
};

describe("the schema of a tool", () => {
  const targets: [DialectName, string][] = [
    ["openai-chat", openaiModel],
    ["openai-responses", openaiModel],
    ["anthropic-messages", claude],
  ];
  for (const [to, model] of targets) {
    it(`arrives at ${to} as the caller wrote it, byte for byte`, () => {
      const { schema, warnings } = sendTool(rich, to, { model });
      assert.equal(JSON.stringify(schema), JSON.stringify(rich));
      assert.deepEqual(warnings, []);
    });

    it(`that is one of several objects arrives at ${to} as one object, and the caller is told`, () => {
      const anyOf = ["a", "b"].map((key) => ({
        type: "object",
        properties: { [key]: { type: "string" } },
        required: [key],
      }));
      const { schema, warnings } = sendTool({ anyOf }, to, { model });
      assert.deepEqual(schema, {
        type: "object",
        description: "Give the fields of one of these: (a) or (b).",
        properties: { a: { type: "string" }, b: { type: "string" } },
      });
      assert.match(warnings.join(), /^tools: the schema of f combines others at its top/);
    });
  }

  it("that is one of several objects is left so for servers that take it", () => {
    const schema = { anyOf: [{ type: "object" }] };
    assert.deepEqual(sendTool(schema, "openai-chat").schema, schema);
  });

  it("of a function without parameters is an object without fields", () => {
    const tools = [{ type: "function", function: { name: "now" } }];
    const { body } = build("anthropic-messages", parse("openai-chat", { model: "m", messages, tools }));
    assert.deepEqual(body.tools, [{ name: "now", input_schema: { type: "object", properties: {} } }]);
  });
});

describe("a strict schema", () => {
  const bounded = {
    type: "object",
    properties: {
      age: { type: "integer", minimum: 0, description: "In years" },
      tags: { type: "array", items: { type: "string", minLength: 2, format: "iri" }, minItems: 1, uniqueItems: true },
      code: { type: "string", pattern: "^(?=a)", format: "uuid" },
      kind: { oneOf: [{ const: "a" }, { type: "object", properties: { minimum: { type: "null" } } }] },
    },
  };

  it("loses for Anthropic only what it refuses, and the model is told of that in words", () => {
    const { schema, strict, warnings } = sendTool(bounded, "anthropic-messages", { strict: true, model: claude });
    assert.equal(strict, true);
    assert.deepEqual(schema, {
      type: "object",
      properties: {
        age: { type: "integer", description: "In years\n\n{minimum: 0}" },
        tags: {
          type: "array",
          items: { type: "string", description: '{minLength: 2, format: "iri"}' },
          minItems: 1,
          description: "{uniqueItems: true}",
        },
        code: { type: "string", format: "uuid", description: '{pattern: "^(?=a)"}' },
        kind: {
          anyOf: [
            { const: "a" },
            { type: "object", properties: { minimum: { type: "null" } }, additionalProperties: false },
          ],
        },
      },
      additionalProperties: false,
    });
    const told = ["minimum", "minLength", "format", "uniqueItems", "pattern"].map(
      (keyword) => `tools: f: Anthropic's schemas do not take "${keyword}"; the model was told of it in words.`,
    );
    assert.deepEqual(warnings, told);
  });

  it("of an answer loses the same, also fields with any name", () => {
    const schema = { type: "object", properties: { map: { type: "object", additionalProperties: true } } };
    const responseFormat = { type: "json-schema" as const, name: "a", schema };
    const { body, warnings } = build("anthropic-messages", { responseFormat }, claude);
    assert.equal(body.output_config.format.schema.properties.map.additionalProperties, false);
    assert.match(warnings.join(), /^response_format: Anthropic's schemas do not take "additionalProperties"/);
  });

  it("of a tool that is not strict keeps what strict ones may not have", () => {
    assert.deepEqual(sendTool(bounded, "anthropic-messages").schema, bounded);
  });

  const closed = {
    type: "object",
    properties: { a: { anyOf: [{ type: "string", maxLength: 3 }, { type: "null" }] } },
    required: ["a"],
    additionalProperties: false,
  };
  const strictness: [sentence: string, schema: object, expected: boolean][] = [
    ["is strict at OpenAI when it keeps OpenAI's rules", closed, true],
    ["is not strict at OpenAI when a field may be missing", { ...closed, required: [] }, false],
    ["is not strict at OpenAI when other fields may come", { ...closed, additionalProperties: true }, false],
    [
      "is not strict at OpenAI when it combines schemas in other ways than anyOf",
      { ...closed, properties: { a: { allOf: [{ type: "string" }] } } },
      false,
    ],
    [
      "is not strict at OpenAI when a schema deep inside breaks the rules",
      { ...closed, properties: { a: { type: "array", items: { type: "object", properties: { b: {} } } } } },
      false,
    ],
  ];
  for (const [sentence, schema, expected] of strictness) {
    it(sentence, () => {
      const chat = sendFormat(schema, "openai-chat", openaiModel);
      const responses = sendFormat(schema, "openai-responses", openaiModel);
      assert.deepEqual(chat.body.response_format.json_schema, { name: "answer", schema, strict: expected });
      assert.equal(responses.body.text.format.strict, expected);
      assert.deepEqual(responses.body.text.format.schema, schema);
      assert.equal(sendTool(schema, "openai-responses", { model: openaiModel, strict: true }).strict, expected);
      for (const { warnings } of [
        chat,
        responses,
        sendTool(schema, "openai-chat", { model: openaiModel, strict: true }),
      ])
        assert.equal(
          warnings.some((warning) => /only without strict/.test(warning)),
          !expected,
        );
    });
  }

  it("stays strict at servers that imitate OpenAI", () => {
    const schema = { type: "object", properties: { a: {} } };
    assert.equal(sendFormat(schema, "openai-chat").body.response_format.json_schema.strict, true);
  });
});

describe("the choice of a tool", () => {
  const hosted = { type: "web_search_20250305", name: "web_search" };
  const own = { name: "f", input_schema: { type: "object" } };

  it("goes with a tool that only Anthropic runs, and the caller is told", () => {
    const { body, warnings } = build("openai-chat", choose("web_search", [hosted, own]));
    assert.equal(body.tool_choice, undefined);
    assert.match(warnings.join(), /tool_choice: web_search is not among the tools/);
  });

  it("of a tool nobody declared is refused by name", () => {
    for (const to of ["openai-chat", "openai-responses", "anthropic-messages"] as const) {
      assert.throws(() => build(to, choose("g", [own])), { message: 'tool_choice: there is no "g" in tools.' });
    }
  });
});
