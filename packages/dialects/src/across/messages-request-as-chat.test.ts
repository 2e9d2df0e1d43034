// A Messages request on its way to a provider that speaks Chat Completions.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { defaultTraits } from "@auxot/wire/model-traits";
import { build, hashText, parse } from "../../test/request-checks.ts";
import { openaiCall } from "../openai-chat/call.ts";

const mark = { cache_control: { type: "ephemeral" } };
const png = { type: "image", source: { type: "base64", media_type: "image/png", data: "AAAA" } };
const hi = { role: "user", content: "hi" };

const text = (words: string) => ({ type: "text", text: words });

const read = (fields: object) => parse("anthropic-messages", { model: "m", max_tokens: 9, messages: [hi], ...fields });

/** The body the provider gets, and what the caller is told. */
const send = (fields: object, model?: string) => build("openai-chat", read(fields), model);

const messagesOf = (...messages: object[]) => send({ messages }).body.messages;

const answer = (fields: object) =>
  messagesOf({ role: "user", content: [{ type: "tool_result", tool_use_id: "c", ...fields }] });

describe("of a Messages request, a provider of Chat Completions gets", () => {
  it("the system prompt, a string or blocks, as one system message in its order, without Claude Code's header", () => {
    const system = [
      text("x-anthropic-billing-header: cc_version=2;"),
      { ...text("You code."), ...mark },
      text("Briefly."),
    ];
    assert.deepEqual(send({ system }).body.messages, [
      { role: "system", content: "You code.\n\nBriefly." },
      { role: "user", content: "hi" },
    ]);
    assert.deepEqual(send({ system: "You code." }).body.messages[0], { role: "system", content: "You code." });
  });

  it("system messages between the turns where they stood", () => {
    const later = [{ role: "assistant", content: "hello" }, { role: "system", content: [text("Be quick.")] }, hi];
    assert.deepEqual(messagesOf(hi, ...later), [
      { role: "user", content: "hi" },
      { role: "assistant", content: "hello" },
      { role: "system", content: "Be quick." },
      { role: "user", content: "hi" },
    ]);
  });

  const results: [sentence: string, fields: object, content: string][] = [
    ["a tool's result in a string", { content: "sunny" }, "sunny"],
    ["a tool's result in parts", { content: [text("sunny"), text("warm")] }, "sunny\n\nwarm"],
    ["a tool's result of nothing", {}, ""],
    ["a tool's result of no parts", { content: [] }, ""],
    ["a tool's failure, marked in its text", { content: "no such city", is_error: true }, "Error: no such city"],
    [
      "what a search for tools found, in words",
      { content: [{ type: "tool_reference", tool_name: "f" }] },
      "The tool f can be called.",
    ],
    [
      "a document among a tool's results, as text",
      {
        content: [{ type: "document", title: "a", source: { type: "text", media_type: "text/plain", data: "words" } }],
      },
      "a\n\nwords",
    ],
  ];
  for (const [sentence, fields, content] of results)
    it(sentence, () => assert.deepEqual(answer(fields), [{ role: "tool", tool_call_id: "c", content }]));

  it("an image among a tool's results in a user message behind all results", () => {
    const content = [
      { type: "tool_result", tool_use_id: "a", content: [text("see"), png] },
      { type: "tool_result", tool_use_id: "b", content: "two" },
      text("and?"),
    ];
    const [one, two, attached, next] = messagesOf({ role: "user", content });
    assert.deepEqual([one.content, two.content, next.content], ["see", "two", "and?"]);
    assert.deepEqual(attached.content, [
      text("Attached to the result of tool call a:"),
      { type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } },
    ]);
  });

  it("text and calls of an answer, the arguments with their keys in order and their large numbers", () => {
    const body = `{"model":"m","max_tokens":9,"messages":[{"role":"assistant","content":[{"type":"text","text":"let me see"},
      {"type":"tool_use","id":"c","name":"f","input":{"z":12345678901234567890,"a":{"y":1.50,"b":[]}}}]}]}`;
    const [turn] = build("openai-chat", parse("anthropic-messages", body)).body.messages;
    assert.equal(turn.content, "let me see");
    assert.equal(turn.tool_calls[0].function.arguments, '{"z":12345678901234567890,"a":{"y":1.5,"b":[]}}');
  });

  it("thinking that nobody signed, where servers want it back, and none at OpenAI itself", () => {
    const thinking = [{ type: "thinking", thinking: "hm", signature: "" }, text("hello")];
    const messages = [hi, { role: "assistant", content: thinking }, hi];
    const [, turn] = send({ messages }, "deepseek-reasoner").body.messages;
    assert.deepEqual(turn, { role: "assistant", content: "hello", reasoning_content: "hm" });
    const redacted = { type: "redacted_thinking", data: "d" };
    const { body, warnings } = send(
      { messages: [hi, { role: "assistant", content: [redacted, ...thinking] }, hi] },
      "gpt-5.1",
    );
    assert.deepEqual(body.messages[1], { role: "assistant", content: "hello" });
    assert.match(warnings.join(), /messages: OpenAI's models take no reasoning back/);
  });

  it("no turn of which nothing is left", () => {
    const searched = {
      role: "assistant",
      content: [{ type: "server_tool_use", id: "s", name: "web_search", input: {} }],
    };
    assert.deepEqual(messagesOf(hi, searched, hi), [
      { role: "user", content: "hi" },
      { role: "user", content: "hi" },
    ]);
  });

  it("an output format as response_format", () => {
    const schema = { type: "object", properties: {}, additionalProperties: false };
    const { body } = send({ output_config: { format: { type: "json_schema", schema } } });
    assert.deepEqual(body.response_format, {
      type: "json_schema",
      json_schema: { name: "answer", schema, strict: true },
    });
  });

  it("PDFs as files; text, search results and pages of blocks as text", () => {
    const pdf = { type: "base64", media_type: "application/pdf", data: "JVBERg==" };
    const content = [
      { type: "document", source: pdf, title: "a.pdf", citations: { enabled: true } },
      { type: "document", source: { type: "text", media_type: "text/plain", data: "words" } },
      { type: "document", source: { type: "content", content: [text("a"), text("b")] }, title: "page" },
      { type: "search_result", source: "https://a.test", title: "found", content: [text("words")] },
    ];
    assert.deepEqual(messagesOf({ role: "user", content })[0].content, [
      { type: "file", file: { filename: "a.pdf", file_data: "data:application/pdf;base64,JVBERg==" } },
      text("words"),
      text("page\n\na\n\nb"),
      text("found\n\nhttps://a.test\n\nwords"),
    ]);
  });

  it("a stream that counts its tokens, whatever the caller asked", () => {
    const target = { model: "m", stream: true, traits: defaultTraits, hash: hashText };
    const body = JSON.parse(openaiCall.buildRequest(read({ stream: true }), target).body);
    assert.deepEqual(body.stream_options, { include_usage: true });
    assert.equal(send({}).body.stream_options, undefined);
  });

  it("nothing of what only Anthropic understands, and the caller is told of each", () => {
    const fields = {
      container: "c",
      context_management: { edits: [] },
      inference_geo: "eu",
      speed: "fast",
      cache_control: mark,
    };
    const { body, warnings } = send({
      ...fields,
      system: [{ ...text("s"), ...mark }],
      messages: [{ role: "user", content: [{ ...text("u"), ...mark }] }],
      tools: [{ name: "f", input_schema: { type: "object" }, ...mark }],
    });
    assert.doesNotMatch(JSON.stringify(body), /cache_control|container|context_management|inference_geo|speed/);
    for (const field of Object.keys(fields))
      assert.ok(
        warnings.some((warning) => warning.startsWith(`${field}: `)),
        field,
      );
  });
});
