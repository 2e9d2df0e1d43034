import assert from "node:assert/strict";
import { describe, it } from "node:test";
import OpenAI from "openai";
import { unfoldResult } from "@auxot/wire/chat-event";
import type { ChatResult, DialectName } from "@auxot/wire/chat";
import { meta } from "../../test/arbitraries.ts";
import { build, parse, refuses } from "../../test/request-checks.ts";
import { dialects } from "../dialects.ts";

const chat = "openai-chat";
const grammar = { syntax: "lark", definition: "start: WORD" };
const patch = { name: "patch", description: "Edits files", format: { type: "grammar", grammar } };
const tools = [
  { type: "custom", custom: patch },
  { type: "function", function: { name: "f" } },
];
const base = { model: "m", messages: [{ role: "user", content: "hi" }], tools };
const history = [
  {
    role: "assistant",
    content: null,
    tool_calls: [{ id: "c1", type: "custom", custom: { name: "patch", input: 'say "hi"' } }],
  },
  { role: "tool", tool_call_id: "c1", content: "done" },
];
const answer: ChatResult = {
  content: [
    { type: "tool-call", id: "c1", name: "patch", arguments: '{"input":"*** Begin\\n\\"x\\""}' },
    { type: "tool-call", id: "c2", name: "f", arguments: '{"a":1}' },
  ],
  stopReason: "tool-calls",
};
const about = { ...meta, request: parse(chat, base) };
const calls = [
  { id: "c1", type: "custom", custom: { name: "patch", input: '*** Begin\n"x"' } },
  { id: "c2", type: "function", function: { name: "f", arguments: '{"a":1}' } },
];

describe("a custom tool of a Chat Completions caller", () => {
  it("is a tool with one string elsewhere, whose grammar is told in words, and the caller is told so", () => {
    for (const to of ["openai-chat", "anthropic-messages"] satisfies DialectName[]) {
      const { body, warnings } = build(to, parse(chat, base));
      const sent = body.tools[0].function ?? body.tools[0];
      const { properties, required } = sent.parameters ?? sent.input_schema;
      assert.equal(sent.name, "patch");
      assert.match(properties.input.description, /lark grammar:\nstart: WORD/);
      assert.deepEqual(required, ["input"]);
      assert.match(warnings.join(), /^tools: the grammar of patch/);
    }
  });

  it("is the same custom tool at a Responses provider, with its calls", () => {
    const { body } = build("openai-responses", parse(chat, { ...base, messages: history }));
    assert.deepEqual(body.tools[0], {
      type: "custom",
      name: "patch",
      description: "Edits files",
      format: { type: "grammar", ...grammar },
    });
    assert.deepEqual(body.input, [
      { type: "custom_tool_call", call_id: "c1", name: "patch", input: 'say "hi"' },
      { type: "custom_tool_call_output", call_id: "c1", output: "done" },
    ]);
  });

  it("keeps its earlier calls on the way to Anthropic", () => {
    const [turn, result] = build("anthropic-messages", parse(chat, { ...base, messages: history })).body.messages;
    assert.deepEqual(turn.content, [{ type: "tool_use", id: "c1", name: "patch", input: { input: 'say "hi"' } }]);
    assert.equal(result.content[0].tool_use_id, "c1");
  });

  it("can be the tool to call, or one of those allowed", () => {
    const chosen = parse(chat, { ...base, tool_choice: { type: "custom", custom: { name: "patch" } } });
    assert.deepEqual(build("openai-responses", chosen).body.tool_choice, { type: "custom", name: "patch" });
    assert.deepEqual(build("anthropic-messages", chosen).body.tool_choice, { type: "tool", name: "patch" });
    const allowed_tools = { mode: "required", tools: [{ type: "custom", custom: { name: "patch" } }] };
    const allowed = parse(chat, { ...base, tool_choice: { type: "allowed_tools", allowed_tools } });
    assert.deepEqual(
      allowed.tools.map(({ name }) => name),
      ["patch"],
    );
  });

  it("is called as a custom tool in a whole answer", () => {
    assert.deepEqual(JSON.parse(dialects[chat].serve.encodeResult(answer, about)).choices[0].message.tool_calls, calls);
  });

  it("is called as a custom tool in a stream, as OpenAI's SDK reads it", async () => {
    const stream = dialects[chat].serve.createStreamEncoder(about).encode(unfoldResult(answer));
    const fetch = async () => new Response(stream, { headers: { "content-type": "text/event-stream" } });
    const client = new OpenAI({ apiKey: "k", baseURL: "http://router.test/v1", fetch });
    const runner = client.chat.completions.stream({ model: "m", messages: [{ role: "user", content: "hi" }] });
    assert.deepEqual((await runner.finalMessage()).tool_calls, calls);
  });

  it("is understood when the provider itself calls it so", () => {
    const message = { role: "assistant", content: null, tool_calls: calls };
    const body = { model: "m", choices: [{ index: 0, message, finish_reason: "tool_calls" }] };
    const { content } = dialects[chat].call.decodeResult(Buffer.from(JSON.stringify(body)));
    assert.deepEqual(content, answer.content);
  });

  it("is refused by the path of what is wrong with it", () => {
    const use = (custom: unknown) => ({ ...base, tools: [{ type: "custom", custom }] });
    const call = (custom: unknown) => ({
      ...base,
      messages: [{ role: "assistant", tool_calls: [{ id: "c", type: "custom", custom }] }],
    });
    refuses(chat, use(undefined), "tools[0].custom");
    refuses(chat, use({}), "tools[0].custom.name");
    refuses(chat, use({ name: "x", format: "lark" }), "tools[0].custom.format");
    refuses(chat, use({ name: "x", format: { type: "grammar", grammar: 1 } }), "tools[0].custom.format.grammar");
    refuses(chat, call({ input: "x" }), "messages[0].tool_calls[0].custom.name");
    refuses(chat, call({ name: "x", input: {} }), "messages[0].tool_calls[0].custom.input");
    refuses(chat, { ...base, tool_choice: { type: "custom" } }, "tool_choice.custom");
    refuses(chat, { ...base, tool_choice: {} }, "tool_choice.type");
  });
});
