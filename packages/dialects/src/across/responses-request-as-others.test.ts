// A Responses request on its way to the other formats, and theirs on the way to a Responses provider.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { DialectName } from "@auxot/wire/chat";
import { build, parse } from "../../test/request-checks.ts";

const png = "data:image/png;base64,AAAA";
const schema = { type: "object", properties: {}, additionalProperties: false };
const jsonFormat = { type: "json_schema", name: "a", schema, strict: true, description: "d" };

const send = (fields: object, to: DialectName, model?: string) =>
  build(to, parse("openai-responses", { model: "m", input: "hi", ...fields }), model);

const sendChat = (fields: object, model = "gpt-5.1") =>
  build(
    "openai-responses",
    parse("openai-chat", { model: "m", messages: [{ role: "user", content: "hi" }], ...fields }),
    model,
  );

/** What Claude is asked of thinking. */
const ask = (reasoning: object, model: string) => send({ reasoning }, "anthropic-messages", model).body.thinking;

describe("of a Responses request, the other formats get", () => {
  it("the instructions first, before system messages of the input", () => {
    const fields = {
      instructions: "You code.",
      input: [
        { role: "developer", content: "Briefly." },
        { role: "user", content: "hi" },
      ],
    };
    assert.deepEqual(send(fields, "openai-chat").body.messages, [
      { role: "system", content: "You code." },
      { role: "system", content: "Briefly." },
      { role: "user", content: "hi" },
    ]);
    assert.deepEqual(
      send(fields, "anthropic-messages").body.system.map(({ text }: { text: string }) => text),
      ["You code.", "Briefly."],
    );
  });

  it("a wish to read the reasoning, where Claude hides it unless asked", () => {
    const shown = { type: "adaptive", display: "summarized" };
    assert.deepEqual(ask({ effort: "high", summary: "auto" }, "claude-opus-4-8"), shown);
    assert.deepEqual(ask({ summary: "concise" }, "claude-sonnet-5"), shown, "it thinks unasked");
    assert.deepEqual(ask({ effort: "high" }, "claude-opus-4-8"), { type: "adaptive" });
    assert.equal(ask({ summary: "auto" }, "claude-opus-4-8"), undefined, "a summary alone asks for no thinking");
    assert.equal(ask({ effort: "high", summary: "auto" }, "claude-opus-4-5").type, "enabled");
  });

  it("an empty input as an empty message, so that Codex's probe is answered", () => {
    for (const input of ["", []]) {
      const probe = { input, max_output_tokens: 1 };
      assert.deepEqual(send(probe, "openai-chat").body.messages, [{ role: "user", content: "" }]);
      assert.equal(send(probe, "anthropic-messages").body.messages.length, 1);
    }
  });

  it("what a model wrote in a row as one turn, and the outputs with their images", () => {
    const calls = ["a", "b"].map((call_id) => ({ type: "function_call", call_id, name: "f", arguments: "{}" }));
    const outputs = [
      { type: "function_call_output", call_id: "a", output: "one" },
      {
        type: "function_call_output",
        call_id: "b",
        output: [
          { type: "input_text", text: "two" },
          { type: "input_image", image_url: png },
        ],
      },
    ];
    const fields = { input: [{ role: "user", content: "hi" }, ...calls, ...outputs] };
    const [, turn, results, ...more] = send(fields, "anthropic-messages").body.messages;
    assert.deepEqual(
      turn.content.map(({ id }: { id: string }) => id),
      ["a", "b"],
    );
    assert.deepEqual(results.content[1].content, [
      { type: "text", text: "two" },
      { type: "image", source: { type: "base64", media_type: "image/png", data: "AAAA" } },
    ]);
    assert.deepEqual(more, []);
    const chat = send(fields, "openai-chat").body.messages;
    assert.equal(chat[1].tool_calls.length, 2);
    assert.deepEqual([chat[2].content, chat[3].content, chat[4].content[1].image_url.url], ["one", "two", png]);
  });

  it("the tools of a namespace under names of both, and the choice of one of them", () => {
    const tools = [{ type: "namespace", name: "mcp", tools: [{ type: "function", name: "find", parameters: schema }] }];
    const fields = { tools, tool_choice: { type: "function", name: "find", namespace: "mcp" } };
    assert.deepEqual(send(fields, "openai-chat").body.tool_choice, {
      type: "function",
      function: { name: "mcp__find" },
    });
    const { body } = send(fields, "anthropic-messages");
    assert.deepEqual(body.tools, [{ name: "mcp__find", input_schema: schema }]);
    assert.deepEqual(body.tool_choice, { type: "tool", name: "mcp__find" });
  });

  it("the text format as theirs", () => {
    const { type, ...json_schema } = jsonFormat;
    const fields = { text: { format: jsonFormat } };
    assert.deepEqual(send(fields, "openai-chat").body.response_format, { type, json_schema });
    const { body } = send(fields, "anthropic-messages", "claude-opus-5");
    assert.deepEqual(body.output_config, { format: { type, schema } });
    const plain = { text: { format: { type: "json_object" } } };
    assert.deepEqual(send(plain, "openai-chat").body.response_format, { type: "json_object" });
    assert.match(send(plain, "anthropic-messages").body.system[0].text, /JSON object/);
    for (const format of [{ type: "text" }, null])
      assert.equal(send({ text: { format } }, "openai-chat").body.response_format, undefined);
  });

  it("the verbosity where a model takes it, and the caller is told where none does", () => {
    const fields = { text: { verbosity: "low" } };
    assert.equal(send(fields, "openai-chat", "gpt-5.1").body.verbosity, "low");
    for (const to of ["openai-chat", "anthropic-messages"] as const) {
      const { body, warnings } = send(fields, to);
      assert.equal(body.verbosity, undefined);
      assert.match(warnings.join(), /^verbosity: /);
    }
  });

  it("none of what only the Responses API does, and the caller is told of each", () => {
    const fields = {
      max_tool_calls: 3,
      context_management: [{ type: "compaction" }],
      moderation: { model: "x" },
      truncation: "auto",
    };
    for (const to of ["openai-chat", "anthropic-messages"] as const) {
      const { body, warnings } = send({ ...fields, metadata: { a: "b" }, store: true }, to);
      for (const field of Object.keys(fields)) {
        assert.equal(body[field], undefined);
        assert.ok(
          warnings.some((warning) => warning.startsWith(`${field}: `)),
          field,
        );
      }
      assert.equal(warnings.length, 4);
    }
  });
});

describe("of a Chat Completions request, a Responses provider gets", () => {
  it("the response format and the verbosity below text", () => {
    const { type, ...json_schema } = jsonFormat;
    const { body } = sendChat({ response_format: { type, json_schema }, verbosity: "high" });
    assert.deepEqual(body.text, { format: jsonFormat, verbosity: "high" });
  });

  it("flat tools, that are strict only where the caller said so", () => {
    const tools = [undefined, true].map((strict) => ({
      type: "function",
      function: { name: "f", parameters: schema, strict },
    }));
    const flat = { type: "function", name: "f", parameters: schema };
    assert.deepEqual(sendChat({ tools }).body.tools, [
      { ...flat, strict: false },
      { ...flat, strict: true },
    ]);
  });

  it("the developer's words as instructions, calls and results as items, images and files as parts", () => {
    const messages = [
      { role: "developer", content: "You code." },
      {
        role: "user",
        content: [
          { type: "image_url", image_url: { url: png, detail: "low" } },
          { type: "file", file: { filename: "a.pdf", file_data: "data:application/pdf;base64,JVBERg==" } },
        ],
      },
      {
        role: "assistant",
        content: "ok",
        tool_calls: [{ id: "c", type: "function", function: { name: "f", arguments: "" } }],
      },
      { role: "tool", tool_call_id: "c", content: "done" },
    ];
    const { body } = sendChat({ messages });
    assert.equal(body.instructions, "You code.");
    assert.deepEqual(body.input, [
      {
        type: "message",
        role: "user",
        content: [
          { type: "input_image", image_url: png, detail: "low" },
          { type: "input_file", filename: "a.pdf", file_data: "data:application/pdf;base64,JVBERg==" },
        ],
      },
      { type: "message", role: "assistant", content: "ok" },
      { type: "function_call", call_id: "c", name: "f", arguments: "{}" },
      { type: "function_call_output", call_id: "c", output: "done" },
    ]);
  });
});
