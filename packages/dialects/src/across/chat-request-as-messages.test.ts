// A Chat Completions request on its way to Anthropic.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { build, parse, refuses } from "../../test/request-checks.ts";

const chat = "openai-chat";
const hi = { role: "user", content: "hi" };
const bye = { role: "user", content: "bye" };
const png = "data:image/png;base64,AAAA";
const mark = { cache_control: { type: "ephemeral", ttl: "1h" } };

const text = (words: string) => ({ type: "text", text: words });
const image = (media_type: string) => ({ type: "image", source: { type: "base64", media_type, data: "AAAA" } });
const call = (id: string, args: string) => ({ id, type: "function", function: { name: "f", arguments: args } });

/** The body Anthropic gets, and what the caller is told. */
const send = (fields: object, model?: string) =>
  build("anthropic-messages", parse(chat, { model: "m", messages: [hi], ...fields }), model);

const turnsOf = (...messages: object[]) => send({ messages }).body.messages;

const say = (...content: object[]) => turnsOf({ role: "user", content })[0].content;

describe("of a Chat Completions request, Anthropic gets", () => {
  it("all system and developer messages as one system array, in their order, and none among the messages", () => {
    const { body } = send({
      messages: [
        { role: "system", content: "one" },
        { role: "developer", content: [text("two"), text("three")] },
        hi,
        { role: "system", content: "four" },
        { role: "assistant", content: "hello" },
        bye,
      ],
    });
    assert.deepEqual(body.system, ["one", "two", "three", "four"].map(text));
    assert.deepEqual(
      body.messages.map(({ role }: { role: string }) => role),
      ["user", "assistant", "user"],
    );
  });

  it("a stop string as a list, without entries of white space", () => {
    assert.deepEqual(send({ stop: "END" }).body.stop_sequences, ["END"]);
    const { body, warnings } = send({ stop: ["\n", "END", ""] });
    assert.deepEqual(body.stop_sequences, ["END"]);
    assert.match(warnings.join(), /^stop: /);
    assert.equal(send({ stop: "\n\n" }).body.stop_sequences, undefined);
  });

  it("nothing of what it has no field for, and the caller is told of each", () => {
    const fields = {
      logit_bias: { 50256: -100 },
      seed: 1,
      frequency_penalty: 1,
      presence_penalty: 1,
      metadata: { a: "b" },
      store: true,
      prediction: { type: "content", content: "x" },
      x_new: 1,
    };
    const { body, warnings } = send(fields);
    for (const field of Object.keys(fields)) {
      assert.equal(body[field], undefined);
      assert.equal(warnings.filter((warning) => warning.startsWith(`${field}: `)).length, 1, field);
    }
  });

  it("an opaque name of the user, but no e-mail address and no phone number", () => {
    assert.deepEqual(send({ user: "user-7" }).body.metadata, { user_id: "user-7" });
    assert.deepEqual(send({ user: "old", safety_identifier: "new" }).body.metadata, { user_id: "new" });
    for (const user of ["ann@example.org", "+49 (30) 123-4567"]) {
      const { body, warnings } = send({ user });
      assert.equal(body.metadata, undefined);
      assert.match(warnings.join(), /^user: /);
    }
  });

  it("only the calls of a turn without text, and no empty text", () => {
    for (const content of [null, "", [], undefined]) {
      const [, turn] = turnsOf(hi, { role: "assistant", content, tool_calls: [call("c", "{}")] });
      assert.deepEqual(turn.content, [{ type: "tool_use", id: "c", name: "f", input: {} }]);
    }
  });

  it("an object for arguments that are empty or broken, so that the conversation goes on", () => {
    const tool_calls = [call("c1", ""), call("c2", '{"cut'), call("c3", "[1]")];
    const { body, warnings } = send({ messages: [hi, { role: "assistant", tool_calls }] });
    const inputs = body.messages[1].content.map(({ input }: { input: unknown }) => input);
    assert.deepEqual(inputs, [{}, { arguments: '{"cut' }, { arguments: "[1]" }]);
    assert.equal(warnings.filter((warning) => /tool call c[23]/.test(warning)).length, 2);
  });

  it("several tool results as one turn, in their order, and what the user says next behind them", () => {
    const results = ["a", "b", "c"].map((id) => ({ role: "tool", tool_call_id: id, content: id }));
    const [, , turn, ...more] = turnsOf(
      hi,
      { role: "assistant", tool_calls: ["a", "b", "c"].map((id) => call(id, "{}")) },
      ...results,
      bye,
    );
    assert.deepEqual(turn, {
      role: "user",
      content: [
        ...["a", "b", "c"].map((id) => ({ type: "tool_result", tool_use_id: id, content: [text(id)] })),
        text("bye"),
      ],
    });
    assert.deepEqual(more, []);
  });

  it("a tool result with the same parts, images too", () => {
    const content = [text("see"), { type: "image_url", image_url: { url: png } }];
    const [turn] = turnsOf({ role: "tool", tool_call_id: "c", content });
    assert.deepEqual(turn.content[0].content, [text("see"), image("image/png")]);
  });

  it("no empty text, and no turn that is empty without it", () => {
    assert.deepEqual(turnsOf({ role: "user", content: [text(" "), text("x"), text("")] }), [
      { role: "user", content: [text("x")] },
    ]);
    const turns = turnsOf(hi, { role: "assistant", content: "\n" }, bye);
    assert.deepEqual(turns, [{ role: "user", content: [text("hi"), text("bye")] }]);
    const [, , result] = turnsOf(
      hi,
      { role: "assistant", tool_calls: [call("c", "{}")] },
      { role: "tool", tool_call_id: "c", content: "" },
    );
    assert.deepEqual(result.content, [{ type: "tool_result", tool_use_id: "c" }]);
  });

  it("a word for a last message that is empty: it must not go on writing the answer before", () => {
    const { body, warnings } = send({
      messages: [hi, { role: "assistant", content: "hello" }, { role: "user", content: "" }],
    });
    assert.deepEqual(body.messages.at(-1), { role: "user", content: [text("(empty message)")] });
    assert.match(warnings.join(), /the last message, which is empty/);
  });

  it("the beginning of an answer without white space at its end", () => {
    assert.deepEqual(turnsOf(hi, { role: "assistant", content: "{ \n" }).at(-1).content, [text("{")]);
  });

  it("neighbours of one role as one turn, with the cache marker where it was", () => {
    const first = { role: "user", content: [text("a"), { ...text("b"), ...mark }] };
    assert.deepEqual(turnsOf(first, bye), [
      { role: "user", content: [text("a"), { ...text("b"), ...mark }, text("bye")] },
    ]);
  });

  it("a cache marker on a message, part and tool, with its time to live", () => {
    const { body } = send({
      messages: [
        { role: "system", content: "s", ...mark },
        { role: "user", content: [{ ...text("u"), ...mark }, text("v")] },
        { role: "assistant", content: "x" },
        { role: "user", content: "w", ...mark },
      ],
      tools: [{ type: "function", function: { name: "f" }, ...mark }],
    });
    assert.deepEqual(body.system, [{ ...text("s"), ...mark }]);
    assert.deepEqual(body.tools[0].cache_control, mark.cache_control);
    assert.deepEqual(
      body.messages.map(({ content }: { content: unknown }) => content),
      [[{ ...text("u"), ...mark }, text("v")], [text("x")], [{ ...text("w"), ...mark }]],
    );
  });

  it("a cache marker on a call and a result, and none on thinking", () => {
    const thinking_blocks = [{ type: "thinking", thinking: "hm", signature: "s" }];
    const turns = turnsOf(
      { role: "assistant", content: null, thinking_blocks, ...mark },
      { role: "assistant", tool_calls: [{ ...call("c", "{}"), ...mark }] },
      { role: "tool", tool_call_id: "c", content: "r", ...mark },
    );
    assert.deepEqual(turns, [
      {
        role: "assistant",
        content: [...thinking_blocks, { type: "tool_use", id: "c", name: "f", input: {}, ...mark }],
      },
      { role: "user", content: [{ type: "tool_result", tool_use_id: "c", content: [text("r")], ...mark }] },
    ]);
  });

  it("the cache marker of an empty text on the part before it", () => {
    assert.deepEqual(say(text("a"), { ...text(""), ...mark }), [{ ...text("a"), ...mark }]);
  });

  it("reasoning first in its turn and unchanged where it is signed, and none that is not", () => {
    const thinking_blocks = [
      { type: "thinking", thinking: "", signature: "only a signature" },
      { type: "thinking", thinking: "hm", signature: "s" },
      { type: "redacted_thinking", data: "d" },
    ];
    const answer = { role: "assistant", content: "hello", thinking_blocks, reasoning_content: "hm" };
    assert.deepEqual(turnsOf(hi, answer, bye)[1].content, [...thinking_blocks, text("hello")]);
    const unsigned = { role: "assistant", content: "hello", reasoning_content: "hm" };
    const { body, warnings } = send({ messages: [hi, unsigned, bye] }, "claude-opus-4-5");
    assert.deepEqual(body.messages[1].content, [text("hello")]);
    assert.match(warnings.join(), /reasoning without a signature/);
  });

  it("a refusal of an earlier turn as text", () => {
    const parts = { role: "assistant", content: [{ type: "refusal", refusal: "I will not." }] };
    const field = { role: "assistant", content: null, refusal: "I will not." };
    for (const answer of [parts, field]) assert.deepEqual(turnsOf(hi, answer, bye)[1].content, [text("I will not.")]);
  });

  it("a JSON schema as its own output format", () => {
    const schema = { type: "object", properties: {}, additionalProperties: false };
    const json_schema = { name: "a", schema, strict: true };
    const { body } = send({ response_format: { type: "json_schema", json_schema } }, "claude-opus-5");
    assert.deepEqual(body.output_config, { format: { type: "json_schema", schema } });
  });
});

const url = (address: string) => ({ type: "image_url", image_url: { url: address, detail: "high" } });

const file = (type: string, filename: string) => ({
  type: "file",
  file: { filename, file_data: `data:${type};base64,w6ljbGFpcg==` },
});

describe("of the images and files of a Chat Completions request, Anthropic gets", () => {
  const images: [sentence: string, address: string, expected: object][] = [
    ["a data URI with parameters", "data:image/png;charset=utf-8;name=a.png;base64,AAAA", image("image/png")],
    ["a media type in upper case", "DATA:IMAGE/PNG;BASE64,AAAA", image("image/png")],
    ["image/jpg as image/jpeg", "data:image/jpg;base64,AAAA", image("image/jpeg")],
    [
      "a URL as a URL, without detail",
      "https://a.test/b.png",
      { type: "image", source: { type: "url", url: "https://a.test/b.png" } },
    ],
  ];
  for (const [sentence, address, expected] of images)
    it(sentence, () => assert.deepEqual(say(url(address)), [expected]));

  it("nothing at all when a data URI is broken: the request is refused by its path", () => {
    const path = "messages[0].content[0].image_url.url";
    for (const broken of [
      "data:image/png;base64AAAA",
      "data:image/png;base64,",
      "data:,x",
      "file:///etc/passwd",
      "AAAA",
    ]) {
      refuses(chat, { model: "m", messages: [{ role: "user", content: [url(broken)] }] }, path);
    }
  });

  it("a PDF as a document, and a text file as text", () => {
    assert.deepEqual(say(file("application/pdf", "a.pdf"), file("text/markdown", "b.md")), [
      {
        type: "document",
        source: { type: "base64", media_type: "application/pdf", data: "w6ljbGFpcg==" },
        title: "a.pdf",
      },
      { type: "document", source: { type: "text", media_type: "text/plain", data: "éclair" }, title: "b.md" },
    ]);
  });
});
