import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ChatMessage, ToolDefinition } from "@auxot/wire/chat";
import { defaultTraits } from "@auxot/wire/model-traits";
import { build, parse, userSays, hashText } from "../../test/request-checks.ts";
import { buildCustomParameters } from "../fitting/tool-kinds.ts";
import { responsesCall } from "./call.ts";

const name = "openai-responses";
const image = { type: "image" as const, source: { type: "base64" as const, mediaType: "image/png", data: "AAAA" } };
const own = { type: "reasoning" as const, text: "hm", signature: "rs_1:gAAA" };
const hello = { role: "assistant" as const, content: [own, { type: "text" as const, text: "hello" }] };

const call = (id: string, tool: string, text: string) => ({
  type: "tool-call" as const,
  id,
  name: tool,
  arguments: text,
});

const askToShow = (display: string) => {
  const thinking = { type: "adaptive", display };
  const messages = [{ role: "user", content: "Hi" }];
  const request = parse("anthropic-messages", { model: "m", max_tokens: 5, messages, thinking });
  return build(name, request, "gpt-5").body.reasoning;
};

describe("a request to a Responses provider", () => {
  it("stores nothing and asks for encrypted reasoning where the model is to reason", () => {
    const request = { model: "m", messages: [userSays("hi")], tools: [], stream: true };
    const target = { model: "gpt-5.1", stream: true, traits: defaultTraits, hash: hashText };
    assert.deepEqual(JSON.parse(responsesCall.buildRequest(request, target).body), {
      model: "gpt-5.1",
      input: [{ type: "message", role: "user", content: [{ type: "input_text", text: "hi" }] }],
      store: false,
      stream: true,
    });
    const asked = build(name, { reasoning: { effort: "high" } }, "gpt-5.1").body;
    assert.deepEqual(asked.reasoning, { effort: "high" });
    assert.deepEqual(asked.include, ["reasoning.encrypted_content"]);
    assert.deepEqual(build(name, { messages: [hello, userSays("go on")] }, "gpt-5.1").body.include, asked.include);
  });

  it("asks for a summary where the caller's format shows thoughts", () => {
    const thinking = { thinking: { type: "enabled", budget_tokens: 4000 } };
    const request = parse("anthropic-messages", {
      model: "m",
      max_tokens: 9000,
      messages: [{ role: "user", content: "x" }],
      ...thinking,
    });
    const { body, warnings } = build(name, request, "gpt-5.1");
    assert.deepEqual(body.reasoning, { effort: "medium", summary: "auto" });
    assert.match(warnings.join(), /a budget of 4000 tokens was sent as effort "medium"/);
    assert.equal(build(name, { reasoning: { effort: "none" } }, "gpt-5.1").body.reasoning.summary, undefined);
  });

  it("asks for no summary for a caller who does not want to read the thoughts, and for one who does", () => {
    assert.equal(askToShow("omitted"), undefined);
    assert.deepEqual(askToShow("summarized"), { summary: "auto" });
  });

  it("sends its own reasoning back with id and content, and nobody else's", () => {
    const foreign = [
      { type: "reasoning" as const, text: "signed", signature: "EqQBCgIYAhIM" },
      { type: "reasoning" as const, text: "", redacted: "x" },
      { type: "reasoning" as const, text: "unsigned" },
    ];
    const { body, warnings } = build(name, {
      messages: [{ role: "assistant", content: [...foreign, ...hello.content] }],
    });
    assert.deepEqual(body.input, [
      {
        type: "reasoning",
        id: "rs_1",
        summary: [{ type: "summary_text", text: "hm" }],
        encrypted_content: "gAAA",
      },
      { type: "message", role: "assistant", content: "hello" },
    ]);
    assert.equal(warnings.filter((warning) => /reasoning/.test(warning)).length, 1);
  });

  it("does not ask models to reason that refuse it", () => {
    const { body } = build(name, { reasoning: { effort: "high" }, messages: [hello, userSays("x")] }, "gpt-4o");
    assert.equal(body.reasoning, undefined);
    assert.equal(body.include, undefined);
    assert.equal(body.input[0].type, "message");
  });

  it("makes instructions of the first system message, unless it stands alone", () => {
    const system: ChatMessage = {
      role: "system",
      content: [
        { type: "text", text: "You code." },
        { type: "text", text: "Briefly." },
      ],
    };
    const { body } = build(name, { messages: [system, userSays("hi"), system] });
    assert.equal(body.instructions, "You code.\n\nBriefly.");
    assert.deepEqual(body.input[1], { type: "message", role: "system", content: body.instructions });
    const alone = build(name, { messages: [system] }).body;
    assert.equal(alone.instructions, undefined);
    assert.equal(alone.input.length, 1);
  });

  it("sends tool results with their images, and marks failed ones", () => {
    const messages: ChatMessage[] = [
      { role: "tool", callId: "a", content: [{ type: "text", text: "one" }, image] },
      { role: "tool", callId: "b", content: [{ type: "text", text: "bad" }], isError: true },
      { role: "tool", callId: "c", content: [] },
    ];
    assert.deepEqual(build(name, { messages }).body.input, [
      {
        type: "function_call_output",
        call_id: "a",
        output: [
          { type: "input_text", text: "one" },
          { type: "input_image", image_url: "data:image/png;base64,AAAA", detail: "auto" },
        ],
      },
      { type: "function_call_output", call_id: "b", output: "Error: bad" },
      { type: "function_call_output", call_id: "c", output: "" },
    ]);
  });

  it("declares custom tools and namespaces as they were, and calls them so", () => {
    const find = { name: "n__find", parameters: {}, strict: true, namespace: { name: "n", toolName: "find" } };
    const tools: ToolDefinition[] = [
      { name: "patch", parameters: buildCustomParameters(undefined), custom: { format: { type: "text" } } },
      find,
      { ...find, name: "n__get", namespace: { name: "n", toolName: "get" } },
    ];
    const messages: ChatMessage[] = [
      { role: "assistant", content: [call("a", "patch", '{"input":"x"}'), call("b", "n__find", "{}")] },
      { role: "tool", callId: "a", content: [{ type: "text", text: "ok" }] },
    ];
    const { body } = build(name, { tools, messages, toolChoice: { type: "tool", name: "patch" } });
    assert.deepEqual(body.tools, [
      { type: "custom", name: "patch", format: { type: "text" } },
      {
        type: "namespace",
        name: "n",
        description: "",
        tools: ["find", "get"].map((tool) => ({ type: "function", name: tool, parameters: {}, strict: true })),
      },
    ]);
    assert.deepEqual(body.tool_choice, { type: "custom", name: "patch" });
    assert.deepEqual(body.input, [
      { type: "custom_tool_call", call_id: "a", name: "patch", input: "x" },
      { type: "function_call", call_id: "b", name: "find", namespace: "n", arguments: "{}" },
      { type: "custom_tool_call_output", call_id: "a", output: "ok" },
    ]);
  });

  it("never makes a tool strict that was not declared so", () => {
    assert.equal(build(name, { tools: [{ name: "f", parameters: {} }] }).body.tools[0].strict, false);
  });

  it("names every field it could not carry", () => {
    const { body, warnings } = build(
      name,
      {
        stop: ["a"],
        seed: 1,
        topK: 2,
        frequencyPenalty: 1,
        maxOutputTokens: 1,
        endUser: "u".repeat(65),
        unknownFields: ["tools[2]"],
        messages: [{ role: "user", content: [{ type: "text", text: "x", cacheControl: { type: "ephemeral" } }] }],
      },
      "gpt-4.1",
    );
    assert.equal(body.max_output_tokens, 16);
    for (const field of "stop seed top_k frequency_penalty max_output_tokens user tools[2] cache_control".split(" ")) {
      assert.ok(
        warnings.some((warning) => warning.startsWith(`${field}: `)),
        field,
      );
    }
  });
});

describe("a Responses request on its way to another format", () => {
  const request = parse(name, {
    model: "m",
    input: [
      { role: "user", content: "hi" },
      { type: "function_call", call_id: "c1", name: "f", arguments: "{}" },
      { type: "custom_tool_call", call_id: "c2", name: "patch", input: "x" },
      { type: "function_call_output", call_id: "c1", output: "1" },
      { type: "custom_tool_call_output", call_id: "c2", output: "2" },
    ],
    tools: [
      { type: "custom", name: "patch", format: { type: "grammar", syntax: "lark", definition: "start: WORD" } },
      { type: "web_search" },
    ],
  });

  it("is one turn with all calls and then their results", () => {
    const openai = build("openai-chat", request).body.messages;
    assert.deepEqual(
      openai.map((message: { role: string }) => message.role),
      ["user", "assistant", "tool", "tool"],
    );
    assert.equal(openai[1].tool_calls[1].function.arguments, '{"input":"x"}');
    const anthropic = build("anthropic-messages", request).body.messages;
    assert.deepEqual(
      anthropic[1].content.map((block: { type: string }) => block.type),
      ["tool_use", "tool_use"],
    );
    assert.deepEqual(anthropic[1].content[1].input, { input: "x" });
  });

  it("says what the other format leaves out", () => {
    for (const other of ["openai-chat", "anthropic-messages"] as const) {
      const warnings = build(other, request).warnings.join(" | ");
      assert.match(warnings, /tools\[1\]: not understood/);
      assert.match(warnings, /the grammar of patch/);
    }
  });
});
