// Every kind of tool, and of choice among them, that the vendors' own types know. The tables are complete by their types,
// so a new kind in a vendor's SDK fails the type check here.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type Anthropic from "@anthropic-ai/sdk";
import type OpenAI from "openai";
import { dialectNames, type DialectName } from "@auxot/wire/chat";
import { build, parse } from "../../test/request-checks.ts";

/** Tools a vendor runs itself, or whose schema only its own models know. */
type Hosted<Type extends string> = { readonly [type in Type]: object };

const bases = {
  "openai-chat": { model: "m", messages: [{ role: "user", content: "hi" }] },
  "openai-responses": { model: "m", input: "hi" },
  "anthropic-messages": { model: "m", max_tokens: 9, messages: [{ role: "user", content: "hi" }] },
} satisfies Record<DialectName, object>;

const own = {
  "openai-responses": { type: "function", name: "f", parameters: { type: "object" } },
  "anthropic-messages": { name: "f", input_schema: { type: "object" } },
};

/** Next to a tool of the caller's own it is kept in the bytes for the vendor itself, and left out by name elsewhere. */
function checkHosted(from: keyof typeof own, fields: object, path: string): void {
  const body = { ...bases[from], ...fields };
  const request = parse(from, body);
  assert.equal(Buffer.from(request.original?.body ?? []).toString(), JSON.stringify(body));
  assert.deepEqual(
    request.tools.map(({ name }) => name),
    ["f"],
  );
  for (const to of dialectNames.filter((name) => name !== from)) {
    const built = build(to, request);
    assert.equal(built.body.tools.length, 1);
    assert.equal(built.body.tool_choice, undefined);
    assert.deepEqual(built.warnings, [`${path}: not understood on this route; it was not sent.`]);
  }
}

describe("a tool that only OpenAI knows is left to OpenAI, and named where it is left out:", () => {
  const hosted: Hosted<Exclude<OpenAI.Responses.Tool["type"], "function" | "custom" | "namespace">> = {
    file_search: { vector_store_ids: ["v"] },
    computer: {},
    computer_use_preview: { display_height: 1, display_width: 1, environment: "browser" },
    web_search: {},
    web_search_2025_08_26: {},
    web_search_preview: {},
    web_search_preview_2025_03_11: {},
    mcp: { server_label: "s", server_url: "https://a.test" },
    code_interpreter: { container: { type: "auto" } },
    programmatic_tool_calling: {},
    image_generation: {},
    local_shell: {},
    shell: {},
    tool_search: { execution: "client" },
    apply_patch: {},
  };
  for (const [type, example] of Object.entries({ ...hosted, not_yet_invented: {} })) {
    it(type, () => {
      const tools = [own["openai-responses"], { type, ...example }];
      checkHosted("openai-responses", { tools }, "tools[1]");
    });
  }
});

describe("a tool that only Anthropic knows is left to Anthropic, and named where it is left out:", () => {
  type Typed = Exclude<Anthropic.Beta.BetaToolUnion | Anthropic.ToolUnion, Anthropic.Tool | Anthropic.Beta.BetaTool>;
  const types: Hosted<Typed["type"]> = {
    bash_20241022: {},
    bash_20250124: {},
    code_execution_20250522: {},
    code_execution_20250825: {},
    code_execution_20260120: {},
    code_execution_20260521: {},
    browser_toolset_20260801: {},
    computer_20241022: {},
    computer_20250124: {},
    computer_20251124: {},
    computer_toolset_20260801: {},
    memory_20250818: {},
    text_editor_20241022: {},
    text_editor_20250124: {},
    text_editor_20250429: {},
    text_editor_20250728: {},
    web_search_20250305: {},
    web_search_20260209: {},
    web_search_20260318: {},
    web_fetch_20250910: {},
    web_fetch_20260209: {},
    web_fetch_20260309: {},
    web_fetch_20260318: {},
    advisor_20260301: {},
    tool_search_tool_bm25_20251119: {},
    tool_search_tool_bm25: {},
    tool_search_tool_regex_20251119: {},
    tool_search_tool_regex: {},
    mcp_toolset: { mcp_server_name: "s" },
  };
  for (const [type, example] of Object.entries({ ...types, not_yet_invented_20300101: {} })) {
    it(type, () => {
      const tools = [own["anthropic-messages"], { type, name: "x", ...example }];
      checkHosted("anthropic-messages", { tools }, "tools[1]");
    });
  }
});

describe("the choice of a tool that only OpenAI knows is left to OpenAI, and named where it is left out:", () => {
  type Choice = Exclude<OpenAI.Responses.ResponseCreateParams["tool_choice"], string | undefined>["type"];
  const choices: Hosted<Exclude<Choice, "function" | "custom" | "allowed_tools">> = {
    file_search: {},
    web_search_preview: {},
    web_search_preview_2025_03_11: {},
    computer: {},
    computer_use: {},
    computer_use_preview: {},
    image_generation: {},
    code_interpreter: {},
    mcp: { server_label: "s" },
    programmatic_tool_calling: {},
    apply_patch: {},
    shell: {},
  };
  for (const [type, example] of Object.entries(choices)) {
    it(type, () => {
      const tools = [own["openai-responses"]];
      checkHosted("openai-responses", { tools, tool_choice: { type, ...example } }, "tool_choice");
    });
  }
});

const choose = (tool_choice: object, to: DialectName) => {
  const { body } = build(
    to,
    parse("anthropic-messages", {
      ...bases["anthropic-messages"],
      tools: [own["anthropic-messages"]],
      tool_choice,
    }),
  );
  return [body.tool_choice, body.parallel_tool_calls];
};

describe("the choice of a tool goes from OpenAI's formats to the others as", () => {
  const tools = ["a", "b"].map((name) => ({ type: "function", function: { name } }));
  const functionB = { type: "function", function: { name: "b" } };
  const history = [
    { role: "user", content: "hi" },
    { role: "assistant", tool_calls: [{ id: "c", type: "function", function: { name: "a", arguments: "{}" } }] },
    { role: "tool", tool_call_id: "c", content: "x" },
  ];
  const send = (fields: object, to: DialectName) => {
    const { body } = build(to, parse("openai-chat", { model: "m", messages: history, tools, ...fields }));
    const names = body.tools.map(
      (tool: { name?: string; function?: { name: string } }) => tool.name ?? tool.function?.name,
    );
    return { names, choice: body.tool_choice, parallel: body.parallel_tool_calls };
  };
  const forms: [form: string, fields: object, names: string[], anthropic: unknown, responses: unknown][] = [
    ["auto", { tool_choice: "auto" }, ["a", "b"], { type: "auto" }, "auto"],
    [
      "none, which keeps the tools an earlier turn called",
      { tool_choice: "none" },
      ["a", "b"],
      { type: "none" },
      "none",
    ],
    ["required, which is any", { tool_choice: "required" }, ["a", "b"], { type: "any" }, "required"],
    ["one tool", { tool_choice: functionB }, ["a", "b"], { type: "tool", name: "b" }, { type: "function", name: "b" }],
    [
      "allowed tools, which are the only ones left",
      { tool_choice: { type: "allowed_tools", allowed_tools: { mode: "required", tools: [functionB] } } },
      ["b"],
      { type: "any" },
      "required",
    ],
    ["nothing", {}, ["a", "b"], undefined, undefined],
    [
      "one call at a time, also without a choice",
      { parallel_tool_calls: false },
      ["a", "b"],
      { type: "auto", disable_parallel_tool_use: true },
      undefined,
    ],
    [
      "one call at a time, of any tool",
      { parallel_tool_calls: false, tool_choice: "required" },
      ["a", "b"],
      { type: "any", disable_parallel_tool_use: true },
      "required",
    ],
    [
      "several calls at a time, which is what Anthropic does",
      { parallel_tool_calls: true },
      ["a", "b"],
      undefined,
      undefined,
    ],
  ];
  for (const [form, fields, names, anthropic, responses] of forms) {
    it(form, () => {
      const there = send(fields, "anthropic-messages");
      assert.deepEqual([there.names, there.choice], [names, anthropic]);
      assert.deepEqual(send(fields, "openai-responses").choice, responses);
      assert.equal(
        send(fields, "openai-responses").parallel,
        (fields as { parallel_tool_calls?: boolean }).parallel_tool_calls,
      );
    });
  }

  it("auto next to thinking, which Anthropic takes with no forced call, and the caller is told", () => {
    const request = parse("openai-chat", {
      ...bases["openai-chat"],
      tools,
      tool_choice: "required",
      reasoning_effort: "high",
    });
    const { body, warnings } = build("anthropic-messages", request, "claude-opus-4-7");
    assert.deepEqual(body.tool_choice, { type: "auto" });
    assert.match(warnings.join(), /tool_choice: a forced tool call does not go with thinking/);
  });

  it("the same of Anthropic's callers: any, one tool, none, and one call at a time", () => {
    assert.deepEqual(choose({ type: "any", disable_parallel_tool_use: true }, "openai-chat"), ["required", false]);
    assert.deepEqual(choose({ type: "auto", disable_parallel_tool_use: false }, "openai-chat"), ["auto", true]);
    assert.deepEqual(choose({ type: "none" }, "openai-chat"), ["none", undefined]);
    const function_ = { type: "function", function: { name: "f" } };
    assert.deepEqual(choose({ type: "tool", name: "f" }, "openai-chat"), [function_, undefined]);
    assert.deepEqual(choose({ type: "tool", name: "f" }, "openai-responses"), [
      { type: "function", name: "f" },
      undefined,
    ]);
  });
});
