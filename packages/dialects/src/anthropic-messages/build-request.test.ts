import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ChatMessage } from "@auxot/wire/chat";
import { build, parse, userSays } from "../../test/request-checks.ts";

const name = "anthropic-messages";

describe("a request to Anthropic", () => {
  it("fills in the token limit and moves all system messages to the front", () => {
    const messages: ChatMessage[] = [
      { role: "system", content: [{ type: "text", text: "one" }] },
      userSays("hi"),
      { role: "system", content: [{ type: "text", text: "two", cacheControl: { type: "ephemeral", ttl: "1h" } }] },
    ];
    assert.deepEqual(build(name, { messages }).body, {
      model: "some-model",
      max_tokens: 4096,
      system: [
        { type: "text", text: "one" },
        { type: "text", text: "two", cache_control: { type: "ephemeral", ttl: "1h" } },
      ],
      messages: [{ role: "user", content: [{ type: "text", text: "hi" }] }],
      stream: false,
    });
  });

  it("merges neighbours of one role, with all tool results first", () => {
    const messages: ChatMessage[] = [
      userSays("go"),
      { role: "assistant", content: [{ type: "text", text: "a" }] },
      {
        role: "assistant",
        content: [{ type: "tool-call", id: "functions.f:0", name: "f", arguments: '{"x":12345678901234567890}' }],
      },
      { role: "tool", callId: "functions.f:0", content: [{ type: "text", text: "r" }], isError: true },
      { role: "tool", callId: "b", content: [] },
      userSays("next"),
      userSays("   "),
    ];
    const { body } = build(name, { messages });
    assert.deepEqual(
      body.messages.map((turn: { role: string }) => turn.role),
      ["user", "assistant", "user"],
    );
    assert.deepEqual(body.messages[2].content, [
      {
        type: "tool_result",
        tool_use_id: "functions_f_0_465b9878",
        content: [{ type: "text", text: "r" }],
        is_error: true,
      },
      { type: "tool_result", tool_use_id: "b" },
      { type: "text", text: "next" },
    ]);
    assert.equal(body.messages[1].content[1].id, "functions_f_0_465b9878");
  });

  it("sends signed and encrypted reasoning unchanged and never unsigned reasoning", () => {
    const content = [
      { type: "reasoning" as const, text: "", signature: "s" },
      { type: "reasoning" as const, text: "", redacted: "d" },
      { type: "reasoning" as const, text: "unsigned" },
      { type: "text" as const, text: "hi" },
    ];
    const messages: ChatMessage[] = [userSays("x"), { role: "assistant", content }, userSays("y")];
    const { body, warnings } = build(name, { messages }, "claude-opus-4-5");
    assert.deepEqual(body.messages[1].content, [
      { type: "thinking", thinking: "", signature: "s" },
      { type: "redacted_thinking", data: "d" },
      { type: "text", text: "hi" },
    ]);
    assert.match(warnings.join(), /without a signature/);
  });

  it("gives unsigned reasoning back to servers that imitate it: DeepSeek's refuses a loop of tools without", () => {
    const content = [
      { type: "reasoning" as const, text: "unsigned" },
      { type: "tool-call" as const, id: "c", name: "f", arguments: "{}" },
    ];
    const messages: ChatMessage[] = [
      userSays("x"),
      { role: "assistant", content },
      { role: "tool", callId: "c", content: [] },
    ];
    const reasoning = { budgetTokens: 2000 };
    const { body, warnings } = build(name, { messages, reasoning }, "house-model");
    assert.deepEqual(body.messages[1].content[0], { type: "thinking", thinking: "unsigned", signature: "" });
    assert.equal(body.thinking.type, "enabled");
    assert.deepEqual(warnings, []);
    const foreign = messages.map((message) =>
      message.role === "assistant" ? { ...message, content: message.content.slice(1) } : message,
    );
    const off = build(name, { messages: foreign }, "house-model", { thinksByDefault: true });
    assert.deepEqual(off.body.thinking, { type: "disabled" }, "a server that thinks unasked is told not to");
  });

  it("wraps arguments that are no object, so that a broken call does not lock the conversation", () => {
    const content = [{ type: "tool-call" as const, id: "c", name: "f", arguments: '{"cut' }];
    const { body, warnings } = build(name, { messages: [{ role: "assistant", content }] });
    assert.deepEqual(body.messages[0].content[0].input, { arguments: '{"cut' });
    assert.match(warnings.join(), /call c/);
  });

  it("lowers temperature to 1, and drops sampling next to thinking", () => {
    const warm = build(name, { temperature: 1.7, topK: 5 });
    assert.equal(warm.body.temperature, 1);
    assert.match(warm.warnings.join(), /temperature: 1.7/);
    const thinking = build(name, {
      temperature: 0.5,
      topP: 0.5,
      topK: 5,
      reasoning: { adaptive: true },
      toolChoice: { type: "required" },
      tools: [{ name: "f", parameters: {} }],
    });
    assert.deepEqual(
      [thinking.body.temperature, thinking.body.top_p, thinking.body.top_k, thinking.body.tool_choice],
      [undefined, undefined, undefined, { type: "auto" }],
    );
    for (const field of ["temperature", "top_p", "top_k", "tool_choice"])
      assert.match(thinking.warnings.join("\n"), new RegExp(`^${field}: `, "m"));
  });

  const thinking: [sentence: string, request: object, model: string, expected: object][] = [
    [
      "raises a budget to the least allowed",
      { reasoning: { budgetTokens: 500 } },
      "m",
      { thinking: { type: "enabled", budget_tokens: 1024 } },
    ],
    [
      "keeps a budget below max_tokens",
      { reasoning: { budgetTokens: 9000 }, maxOutputTokens: 4096 },
      "m",
      { thinking: { type: "enabled", budget_tokens: 4095 } },
    ],
    [
      "asks for no thinking when there is no room",
      { reasoning: { budgetTokens: 9000 }, maxOutputTokens: 1000 },
      "m",
      {},
    ],
    ["switches thinking off", { reasoning: { effort: "none" } }, "m", { thinking: { type: "disabled" } }],
    [
      "gives new models adaptive thinking",
      { reasoning: { effort: "high" } },
      "claude-opus-4-7",
      { thinking: { type: "adaptive" }, output_config: { effort: "high" } },
    ],
    [
      "gives older models a budget",
      { reasoning: { effort: "low" } },
      "claude-sonnet-4-5-20250929",
      { thinking: { type: "enabled", budget_tokens: 2048 } },
    ],
  ];
  for (const [sentence, request, model, expected] of thinking) {
    it(sentence, () => {
      const { thinking, output_config } = build(name, request, model).body;
      assert.deepEqual(JSON.parse(JSON.stringify({ thinking, output_config })), expected);
    });
  }

  it("carries parallel tool calls, an optional schema type and a JSON schema", () => {
    const tools = [{ name: "f", parameters: { properties: {} }, strict: true }];
    const schema = { type: "object", additionalProperties: false };
    const { body } = build(
      name,
      { tools, parallelToolCalls: false, responseFormat: { type: "json-schema", name: "x", schema } },
      "claude-opus-5",
    );
    assert.deepEqual(body.tools, [
      { name: "f", input_schema: { type: "object", properties: {}, additionalProperties: false }, strict: true },
    ]);
    assert.deepEqual(body.tool_choice, { type: "auto", disable_parallel_tool_use: true });
    assert.deepEqual(body.output_config, { format: { type: "json_schema", schema } });
  });

  it("makes one object of a tool's schema whose root is a union, and says so", () => {
    const parameters = {
      description: "a place or a point",
      oneOf: [
        {
          type: "object",
          properties: { kind: { const: "place" }, name: { type: "string" } },
          required: ["kind", "name"],
        },
        { $ref: "#/$defs/point" },
        { type: "string" },
      ],
      $defs: {
        point: { type: "object", properties: { kind: { const: "point" }, x: { type: "number" } }, required: ["kind"] },
      },
    };
    const { body, warnings } = build(name, { tools: [{ name: "f", parameters }] });
    assert.deepEqual(body.tools[0].input_schema, {
      description: "a place or a point\n\nGive the fields of one of these: (kind, name) or (kind).",
      $defs: parameters.$defs,
      type: "object",
      properties: {
        kind: { anyOf: [{ const: "place" }, { const: "point" }] },
        name: { type: "string" },
        x: { type: "number" },
      },
      required: ["kind"],
    });
    assert.match(warnings.join(), /tools: the schema of f combines others at its top/);
    const both = { allOf: parameters.oneOf.slice(0, 1), required: ["x"], properties: { x: {} } };
    const joined = build(name, { tools: [{ name: "f", parameters: both }] }).body.tools[0].input_schema;
    assert.deepEqual([joined.required, joined.allOf], [["x", "kind", "name"], undefined]);
    const nested = { type: "object", properties: { p: { anyOf: [{ type: "string" }, { type: "null" }] } } };
    const kept = build(name, { tools: [{ name: "f", parameters: nested }] });
    assert.deepEqual([kept.body.tools[0].input_schema, kept.warnings], [nested, []]);
  });

  it("names every field it could not carry", () => {
    const { body, warnings } = build(name, {
      seed: 1,
      frequencyPenalty: 1,
      presencePenalty: 1,
      stop: ["\n", "END"],
      endUser: "ann@example.org",
      responseFormat: { type: "json" },
      unknownFields: ["logit_bias"],
    });
    assert.deepEqual(body.stop_sequences, ["END"]);
    assert.equal(body.metadata, undefined);
    assert.match(body.system[0].text, /JSON object/);
    for (const field of [
      "seed",
      "frequency_penalty",
      "presence_penalty",
      "stop",
      "user",
      "response_format",
      "logit_bias",
    ]) {
      assert.ok(
        warnings.some((warning) => warning.startsWith(`${field}: `)),
        field,
      );
    }
  });

  it("says that tools Anthropic runs itself are not sent on another route", () => {
    const tools = [{ type: "web_search_20250305", name: "web_search" }];
    const request = parse(name, { model: "m", max_tokens: 5, messages: [{ role: "user", content: "x" }], tools });
    const built = build("openai-chat", request);
    assert.equal(built.body.tools, undefined);
    assert.match(built.warnings.join(), /tools\[0\]/);
  });

  it("sends a lone system message as what the user asks", () => {
    const { body } = build(name, { messages: [{ role: "system", content: [{ type: "text", text: "do it" }] }] });
    assert.deepEqual(body.messages, [{ role: "user", content: [{ type: "text", text: "do it" }] }]);
    assert.equal(body.system, undefined);
    assert.throws(() => build(name, { messages: [{ role: "user", content: [] }] }), /only empty ones/);
  });
});
