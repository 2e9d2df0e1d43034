import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { AppError } from "@auxot/wire/errors";
import { check } from "../../test/arbitraries.ts";
import { parse, refuses } from "../../test/request-checks.ts";

const name = "anthropic-messages";
const hi = { role: "user", content: "hi" };
const base = { model: "m", max_tokens: 10, messages: [hi] };

function say(block: object): object {
  return { ...base, messages: [{ role: "user", content: [block] }] };
}

const choose = (tool_choice: object) => parse(name, { ...base, tool_choice });

const think = (thinking: object) => parse(name, { ...base, thinking }).reasoning;

describe("a Messages request", () => {
  it("as Claude Code sends it is understood, and what is Anthropic's own is listed", () => {
    const request = parse(name, {
      model: "m",
      max_tokens: 32_000,
      system: [
        { type: "text", text: "x-anthropic-billing-header: cc_version=2;" },
        { type: "text", text: "You code.", cache_control: { type: "ephemeral" } },
      ],
      messages: [
        hi,
        { role: "system", content: [{ type: "text", text: "Tools changed." }], output_config: { effort: "low" } },
        { role: "user", content: [{ type: "text", text: "go" }] },
      ],
      tools: [
        { name: "Bash", input_schema: { type: "object" }, defer_loading: true },
        { type: "web_search_20250305", name: "web_search", max_uses: 5 },
      ],
      metadata: { user_id: '{"device_id":"d"}' },
      thinking: { type: "adaptive", display: "updates" },
      context_management: { edits: [] },
      output_config: { effort: "max", format: { type: "json_schema", schema: { type: "object" } } },
      stream: true,
    });
    assert.deepEqual(
      request.messages.map((message) => message.role),
      ["system", "user", "system", "user"],
    );
    // The attribution changes from request to request: no prompt may begin with it.
    assert.deepEqual(request.messages[0]?.content, [
      { type: "text", text: "You code.", cacheControl: { type: "ephemeral" } },
    ]);
    assert.deepEqual(request.tools, [{ name: "Bash", parameters: { type: "object" } }]);
    assert.deepEqual(request.reasoning, { effort: "max", adaptive: true });
    assert.deepEqual(request.responseFormat, {
      type: "json-schema",
      name: "answer",
      schema: { type: "object" },
      strict: true,
    });
    assert.deepEqual(request.unknownFields, [
      "context_management",
      "messages[1].output_config",
      "tools[1]",
      "thinking.display",
    ]);
  });

  it("gives tool results first, then what the user said in the same turn", () => {
    const image = { type: "image", source: { type: "base64", media_type: "image/JPG", data: "AA" } };
    const content = [
      { type: "text", text: "and?" },
      { type: "tool_result", tool_use_id: "a", content: "one", is_error: true },
      { type: "tool_result", tool_use_id: "b", content: [image] },
      { type: "tool_result", tool_use_id: "c" },
    ];
    assert.deepEqual(parse(name, { ...base, messages: [{ role: "user", content }] }).messages, [
      { role: "tool", callId: "a", content: [{ type: "text", text: "one" }], isError: true },
      {
        role: "tool",
        callId: "b",
        content: [{ type: "image", source: { type: "base64", mediaType: "image/jpeg", data: "AA" } }],
      },
      { role: "tool", callId: "c", content: [] },
      { role: "user", content: [{ type: "text", text: "and?" }] },
    ]);
  });

  it("keeps signatures, encrypted reasoning and big integers of an assistant turn", () => {
    const body = `{"model":"m","max_tokens":1,"messages":[{"role":"assistant","content":[
      {"type":"thinking","thinking":"","signature":"s"},{"type":"thinking","thinking":"t","signature":""},
      {"type":"redacted_thinking","data":"d"},{"type":"server_tool_use","id":"x","name":"web_search","input":{}},
      {"type":"tool_use","id":"c","name":"f","input":{"b":12345678901234567890,"a":{}}}]}]}`;
    const request = parse(name, body);
    assert.deepEqual(request.messages[0]?.content, [
      { type: "reasoning", text: "", signature: "s" },
      { type: "reasoning", text: "t" },
      { type: "reasoning", text: "", redacted: "d" },
      { type: "tool-call", id: "c", name: "f", arguments: '{"b":12345678901234567890,"a":{}}' },
    ]);
    assert.deepEqual(request.unknownFields, ["messages[0].content[3]"]);
  });

  it("reads documents, search results and uploaded files", () => {
    const blocks = [
      { type: "document", title: "t", source: { type: "base64", media_type: "application/pdf", data: "AA" } },
      {
        type: "document",
        source: {
          type: "content",
          content: [
            { type: "text", text: "a" },
            { type: "text", text: "b" },
          ],
        },
      },
      { type: "search_result", source: "https://a.test", title: "found", content: [{ type: "text", text: "words" }] },
      { type: "document", source: { type: "file", file_id: "f" } },
    ];
    const request = parse(name, { ...base, messages: [{ role: "user", content: blocks }] });
    assert.deepEqual(request.messages[0]?.content, [
      { type: "document", source: { type: "base64", mediaType: "application/pdf", data: "AA" }, name: "t" },
      { type: "document", source: { type: "text", text: "a\n\nb" } },
      { type: "document", source: { type: "text", text: "https://a.test\n\nwords" }, name: "found" },
    ]);
    assert.deepEqual(request.unknownFields, ["messages[0].content[3]"]);
  });

  it("keeps what the caller tells of a document, and lists what only Anthropic's models are asked for", () => {
    const source = { type: "text", media_type: "text/plain", data: "words" };
    const content = [{ type: "document", source, context: "Signed in May.", citations: { enabled: true } }];
    const request = parse(name, {
      ...base,
      messages: [{ role: "user", content }],
      tools: [{ name: "f", input_schema: { type: "object" }, input_examples: [{ a: 1 }], defer_loading: true }],
      output_config: { task_budget: { type: "tokens", total: 9 } },
      metadata: { user_id: "u", team: "t" },
    });
    assert.deepEqual(request.messages[0]?.content, [
      { type: "text", text: "Signed in May." },
      { type: "document", source: { type: "text", text: "words" } },
    ]);
    assert.deepEqual(request.unknownFields, [
      "messages[0].content[0].citations",
      "output_config.task_budget",
      "metadata.team",
      "tools[0].input_examples",
    ]);
  });

  it("reads system messages that last one turn, and those without words that set the effort", () => {
    const system = { role: "system", clear_at: "next_user_message" };
    const messages = [
      hi,
      { ...system, content: "for one turn" },
      hi,
      { ...system, content: "still there" },
      { role: "system", output_config: { effort: "low" } },
    ];
    const request = parse(name, { ...base, messages });
    assert.deepEqual(
      request.messages.map(({ role, content }) => [role, content[0]?.type === "text" ? content[0].text : ""]),
      [
        ["user", "hi"],
        ["user", "hi"],
        ["system", "still there"],
      ],
    );
    assert.deepEqual(request.unknownFields, ["messages[4].output_config"]);
  });

  it("reads the older output_format of structured answers", () => {
    const format = { type: "json_schema", schema: { type: "object" } };
    const { responseFormat, unknownFields } = parse(name, { ...base, messages: [hi], output_format: format });
    assert.equal(responseFormat?.type, "json-schema");
    assert.equal(unknownFields, undefined);
  });

  it("reads every form of tool_choice and thinking", () => {
    assert.deepEqual(choose({ type: "any" }).toolChoice, { type: "required" });
    assert.deepEqual(choose({ type: "tool", name: "f" }).toolChoice, { type: "tool", name: "f" });
    assert.deepEqual(choose({ type: "none" }).toolChoice, { type: "none" });
    assert.equal(choose({ type: "auto", disable_parallel_tool_use: true }).parallelToolCalls, false);
    assert.deepEqual(think({ type: "enabled", budget_tokens: 500 }), { budgetTokens: 500 });
    assert.deepEqual(think({ type: "disabled" }), { effort: "none" });
    assert.deepEqual(think({ type: "between_tools" }), { adaptive: true });
  });

  const bad: [param: string, body: unknown, message?: RegExp][] = [
    ["model", { ...base, model: "" }],
    ["max_tokens", { model: "m", messages: [hi] }, /integer of at least 0, got nothing/],
    ["max_tokens", { ...base, max_tokens: "10" }, /got "10"/],
    ["messages", { model: "m", max_tokens: 1 }],
    ["messages", { ...base, messages: [] }],
    ["messages[0].role", { ...base, messages: [{ role: "tool", content: "" }] }],
    ["messages[0].content", { ...base, messages: [{ role: "user" }] }],
    ["messages[0].content[0].type", say({ text: "a" })],
    ["messages[0].content[0].text", say({ type: "text" })],
    ["messages[0].content[0].source", say({ type: "image" })],
    ["messages[0].content[0].source.data", say({ type: "image", source: { type: "base64", media_type: "image/png" } })],
    ["messages[0].content[0].source.url", say({ type: "image", source: { type: "url", url: "file:///etc/passwd" } })],
    ["messages[0].content[0].tool_use_id", say({ type: "tool_result" })],
    [
      "messages[0].content[0].input",
      { ...base, messages: [{ role: "assistant", content: [{ type: "tool_use", id: "a", name: "f", input: "x" }] }] },
    ],
    ["system[0].type", { ...base, system: [{ type: "image" }] }],
    ["system", { ...base, system: 5 }],
    ["tools[0].input_schema", { ...base, tools: [{ name: "f" }] }],
    [
      "tools[0].cache_control.type",
      { ...base, tools: [{ name: "f", input_schema: {}, cache_control: { type: "forever" } }] },
    ],
    ["tool_choice.type", { ...base, tool_choice: { type: "required" } }],
    ["temperature", { ...base, temperature: 1.5 }],
    ["stop_sequences", { ...base, stop_sequences: "END" }],
    ["thinking.budget_tokens", { ...base, thinking: { type: "enabled" } }],
    ["output_config.effort", { ...base, output_config: { effort: "huge" } }],
    ["mcp_servers", { ...base, mcp_servers: "https://a.test" }],
  ];
  for (const [param, body, message] of bad) {
    it(`is refused for a bad ${param} of ${JSON.stringify(body)}`.slice(0, 150), () =>
      refuses(name, body, param, message),
    );
  }

  it("is read or refused, never anything else, whatever stands in it", () => {
    const keys = [
      "messages",
      "system",
      "tools",
      "thinking",
      "role",
      "content",
      "type",
      "text",
      "source",
      "input",
      "input_schema",
      "cache_control",
    ];
    const anything = fc.object({
      key: fc.constantFrom(...keys),
      maxDepth: 5,
      values: [fc.constantFrom("user", "text", "image", "tool_result", null, 1, true)],
    });
    check(anything, (body) => {
      try {
        parse(name, { model: "m", max_tokens: 1, ...body });
      } catch (error) {
        assert.ok(error instanceof AppError && error.code === "invalid_request", String(error));
      }
    });
  });
});
