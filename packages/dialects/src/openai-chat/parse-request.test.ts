import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { defaultTraits } from "@auxot/wire/model-traits";
import fc from "fast-check";
import { AppError } from "@auxot/wire/errors";
import { check } from "../../test/arbitraries.ts";
import { parse, refuses, hashText } from "../../test/request-checks.ts";

const name = "openai-chat";
const hi = { role: "user", content: "hi" };
const base = { model: "m", messages: [hi] };
const png = "data:image/png;base64,AAAA";

function say(part: object): object {
  return { ...base, messages: [{ role: "user", content: [part] }] };
}

describe("a Chat Completions request", () => {
  it("reads a file of text as its words, so that models without an eye for files can be asked", () => {
    const file = { filename: "a.md", file_data: "data:text/markdown;base64,IyDDqQ==" };
    const { messages } = parse(name, { model: "m", messages: [{ role: "user", content: [{ type: "file", file }] }] });
    assert.deepEqual(messages[0]?.content, [{ type: "document", source: { type: "text", text: "# é" }, name: "a.md" }]);
  });

  it("lists the names of speakers and earlier answers in sound, which no other format has words for", () => {
    const messages = [
      { role: "user", name: "ann", content: "hi" },
      { role: "assistant", content: null, audio: { id: "audio_1" } },
      { role: "tool", name: "f", tool_call_id: "c", content: "r" },
    ];
    const { unknownFields } = parse(name, { model: "m", messages });
    assert.deepEqual(unknownFields, ["messages[0].name", "messages[1].audio"]);
  });

  it("gives its fields in our words", () => {
    const request = parse(name, {
      ...base,
      messages: [{ role: "developer", content: "be brief" }, hi],
      max_tokens: 5,
      max_completion_tokens: 7,
      stop: "END",
      seed: 3,
      reasoning_effort: "xhigh",
      user: "u1",
      stream: true,
      stream_options: { include_usage: true },
      temperature: null,
    });
    const { original: _, ...fields } = request;
    assert.deepEqual(fields, {
      model: "m",
      messages: [
        { role: "system", content: [{ type: "text", text: "be brief" }] },
        { role: "user", content: [{ type: "text", text: "hi" }] },
      ],
      tools: [],
      maxOutputTokens: 7,
      stop: ["END"],
      seed: 3,
      reasoning: { effort: "xhigh" },
      endUser: "u1",
      stream: true,
      includeUsage: true,
    });
  });

  it("keeps its bytes for the passthrough lane", () => {
    assert.equal(Buffer.from(parse(name, base).original?.body ?? []).toString(), JSON.stringify(base));
  });

  it("keeps big integers in a schema", async () => {
    const { openaiCall } = await import("./call.ts");
    const { openaiServe } = await import("./serve.ts");
    const body = `{"model":"m","messages":[{"role":"user","content":"x"}],"tools":[{"type":"function","function":{"name":"f","parameters":{"maximum":12345678901234567890}}}]}`;
    const target = { model: "m", stream: false, traits: defaultTraits, hash: hashText };
    assert.match(
      openaiCall.buildRequest(openaiServe.parseRequest(Buffer.from(body)), target).body,
      /:12345678901234567890/,
    );
  });

  it("lists fields it does not understand and never refuses them", () => {
    const tools = [{ type: "web_search" }];
    const content = [{ type: "file", file: { file_id: "file-1" } }];
    const request = parse(name, {
      ...base,
      messages: [{ role: "user", content }],
      tools,
      logit_bias: { 1: 2 },
      x_new: 1,
    });
    assert.deepEqual(request.unknownFields, ["logit_bias", "x_new", "messages[0].content[0]", "tools[0]"]);
  });

  it("reads every form of tool_choice", () => {
    const tools = ["a", "b"].map((tool) => ({ type: "function", function: { name: tool } }));
    const read = (tool_choice: unknown) => parse(name, { ...base, tools, tool_choice });
    assert.deepEqual(read("required").toolChoice, { type: "required" });
    assert.deepEqual(read({ type: "function", function: { name: "a" } }).toolChoice, { type: "tool", name: "a" });
    const allowed = { mode: "required", tools: [{ type: "function", function: { name: "b" } }] };
    const filtered = read({ type: "allowed_tools", allowed_tools: allowed });
    assert.deepEqual(
      filtered.tools.map((tool) => tool.name),
      ["b"],
    );
    assert.deepEqual(filtered.toolChoice, { type: "required" });
    assert.deepEqual(filtered.tools[0]?.parameters, { type: "object", properties: {} });
  });

  it("reads images by data URI and URL", () => {
    const upper = parse(
      name,
      say({ type: "image_url", image_url: { url: "data:IMAGE/JPG;charset=x;base64,AAAA", detail: "low" } }),
    );
    assert.deepEqual(upper.messages[0]?.content, [
      { type: "image", source: { type: "base64", mediaType: "image/jpeg", data: "AAAA" }, detail: "low" },
    ]);
    const url = parse(name, say({ type: "image_url", image_url: { url: "https://a.test/x" } }));
    assert.deepEqual(url.messages[0]?.content, [{ type: "image", source: { type: "url", url: "https://a.test/x" } }]);
  });

  it("reads a turn with reasoning, text, refusal and calls", () => {
    const message = {
      role: "assistant",
      content: null,
      refusal: "no",
      thinking_blocks: [
        { type: "thinking", thinking: "hm", signature: "s" },
        { type: "redacted_thinking", data: "d" },
      ],
      reasoning_content: "hm",
      tool_calls: [{ id: "c", type: "function", function: { name: "f", arguments: "" } }],
    };
    assert.deepEqual(parse(name, { ...base, messages: [message] }).messages[0]?.content, [
      { type: "reasoning", text: "hm", signature: "s" },
      { type: "reasoning", text: "", redacted: "d" },
      { type: "text", text: "no", refusal: true },
      { type: "tool-call", id: "c", name: "f", arguments: "{}" },
    ]);
  });

  it("keeps cache markers on messages, parts and tools", () => {
    const mark = { cache_control: { type: "ephemeral", ttl: "1h" } };
    const request = parse(name, {
      ...base,
      messages: [
        { role: "system", content: "s", ...mark },
        { role: "tool", tool_call_id: "c", content: "r", ...mark },
      ],
      tools: [{ type: "function", function: { name: "f" }, ...mark }],
    });
    const cacheControl = { type: "ephemeral", ttl: "1h" };
    assert.deepEqual(request.messages[0]?.content, [{ type: "text", text: "s", cacheControl }]);
    assert.deepEqual(request.messages[1], {
      role: "tool",
      callId: "c",
      content: [{ type: "text", text: "r" }],
      cacheControl,
    });
    assert.deepEqual(request.tools[0]?.cacheControl, cacheControl);
  });

  const bad: [param: string, body: unknown, message?: RegExp][] = [
    ["model", { messages: [hi] }, /got nothing/],
    ["model", { ...base, model: 5 }, /got 5/],
    ["messages", { model: "m" }, /at least one message, got nothing/],
    ["messages", { ...base, messages: [] }, /got an empty array/],
    ["messages", { ...base, messages: "hi" }],
    ["messages[0]", { ...base, messages: ["hi"] }],
    [
      "messages[0].role",
      { ...base, messages: [{ role: "usr", content: "" }] },
      /one of system, developer, user, assistant, tool, function, got "usr"/,
    ],
    ["messages[0].content", { ...base, messages: [{ role: "user" }] }],
    ["messages[0].content[0].type", say({ text: "x" })],
    ["messages[0].content[0].text", say({ type: "text", text: 1 })],
    ["messages[0].content[0]", say({ type: "input_audio" }), /audio/],
    ["messages[0].content[0].image_url.url", say({ type: "image_url", image_url: { url: "data:image/png;base64" } })],
    [
      "messages[0].content[0].image_url.url",
      say({ type: "image_url", image_url: { url: "data:image/png,raw" } }),
      /base64/,
    ],
    ["messages[0].content[0].image_url.url", say({ type: "image_url", image_url: { url: "file:///etc/passwd" } })],
    [
      "messages[0].content[0].image_url.url",
      say({ type: "image_url", image_url: { url: png.replace("image/png", "text/html") } }),
    ],
    ["messages[0].tool_call_id", { ...base, messages: [{ role: "tool", content: "x" }] }],
    [
      "messages[0].tool_calls[0].id",
      { ...base, messages: [{ role: "assistant", tool_calls: [{ function: { name: "f" } }] }] },
    ],
    ["n", { ...base, n: 0 }, /at least 1/],
    ["modalities", { ...base, modalities: ["text", "audio"] }],
    ["audio", { ...base, audio: { voice: "alloy", format: "wav" } }],
    ["temperature", { ...base, temperature: 2.5 }, /from 0 to 2, got 2.5/],
    ["max_tokens", { ...base, max_tokens: 1.5 }],
    ["stop[1]", { ...base, stop: ["a", 1] }],
    ["stream", { ...base, stream: "yes" }],
    ["tools", { ...base, tools: {} }],
    ["tools[0].type", { ...base, tools: [{}] }],
    ["tools[0].function.name", { ...base, tools: [{ type: "function", function: {} }] }],
    ["tool_choice", { ...base, tool_choice: "any" }],
    [
      "response_format.json_schema.schema",
      { ...base, response_format: { type: "json_schema", json_schema: { name: "x" } } },
    ],
    ["reasoning_effort", { ...base, reasoning_effort: "huge" }],
  ];
  for (const [param, body, message] of bad) {
    it(`is refused for a bad ${param} of ${JSON.stringify(body)}`.slice(0, 150), () =>
      refuses(name, body, param, message),
    );
  }

  it("is refused when it is nested without end", () => {
    const schema = JSON.parse(`${'{"a":'.repeat(300)}1${"}".repeat(300)}`);
    refuses(
      name,
      { ...base, tools: [{ type: "function", function: { name: "f", parameters: schema } }] },
      "tools[0].function.parameters",
    );
  });

  it("is read or refused, never anything else, whatever stands in it", () => {
    const keys = [
      "model",
      "messages",
      "tools",
      "tool_choice",
      "stop",
      "role",
      "content",
      "type",
      "text",
      "tool_calls",
      "function",
      "image_url",
    ];
    const anything = fc.object({
      key: fc.constantFrom(...keys),
      maxDepth: 5,
      values: [fc.constantFrom("m", "user", "text", "tool", null, 1, true)],
    });
    check(anything, (body) => {
      try {
        parse(name, { model: "m", ...body });
      } catch (error) {
        assert.ok(error instanceof AppError && error.code === "invalid_request", String(error));
      }
    });
  });
});
