import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ChatRequest, DialectName } from "@auxot/wire/chat";
import { build, hashText, parse, userSays } from "../../test/request-checks.ts";

const messages = "anthropic-messages";
const chat = "openai-chat";
const responses = "openai-responses";
const tools = [{ name: "f", parameters: { type: "object" } }];

/** Some field of what was built, and the warnings as one text. */
function see(name: DialectName, request: Partial<ChatRequest>, model: string, fields: readonly string[]) {
  const { body, warnings } = build(name, request, model);
  return { values: fields.map((field) => body[field]), warnings: warnings.join(" | ") };
}

/** What an Anthropic upstream is asked. */
function asked(reasoning: ChatRequest["reasoning"], model: string) {
  const { body, warnings } = build(messages, { ...(reasoning && { reasoning }) }, model);
  return { thinking: body.thinking, effort: body.output_config?.effort, warnings: warnings.join() };
}

/** What a Chat Completions upstream is asked. */
function effort(reasoning: ChatRequest["reasoning"], model: string): unknown {
  return build(chat, { ...(reasoning && { reasoning }) }, model).body.reasoning_effort;
}

describe("the limit of an answer", () => {
  it("is filled in from the table where Anthropic demands one and the caller gave none", () => {
    assert.equal(build(messages, {}, "claude-opus-4-6").body.max_tokens, 128_000);
    assert.equal(build(messages, {}, "claude-3-5-haiku-20241022").body.max_tokens, 8192);
    assert.equal(build(messages, {}, "house-model").body.max_tokens, 4096);
  });

  it("leaves room for the answer where a budget is asked and no limit is known", () => {
    const { max_tokens, thinking } = build(messages, { reasoning: { budgetTokens: 9000 } }, "house-model").body;
    assert.deepEqual([max_tokens, thinking.budget_tokens], [13_096, 9000]);
    const tight = build(messages, { reasoning: { effort: "high" }, maxOutputTokens: 4000 }, "house-model").body;
    assert.equal(tight.thinking.budget_tokens, 2000);
  });

  it("is lowered to the most the model writes, with a note, in every format", () => {
    const request = { maxOutputTokens: 1_000_000 };
    for (const [name, field] of [
      [chat, "max_completion_tokens"],
      [responses, "max_output_tokens"],
    ] as const) {
      const { values, warnings } = see(name, request, "gpt-5.4", [field]);
      assert.deepEqual(values, [128_000], name);
      assert.match(warnings, /max_tokens: 1000000 was lowered to 128000, the most gpt-5.4 writes\./);
    }
    assert.equal(build(messages, request, "claude-haiku-4-5").body.max_tokens, 64_000);
    assert.equal(build(chat, request, "house-model").body.max_tokens, 1_000_000, "an unknown model is not limited");
  });

  it("has the name the model's family wants", () => {
    for (const [model, field] of [
      ["gpt-6-sol", "max_completion_tokens"],
      ["o4-mini", "max_completion_tokens"],
      ["openai/gpt-5-mini", "max_completion_tokens"],
      ["gpt-4o", "max_tokens"],
      ["gpt-oss-120b", "max_tokens"],
      ["mistral-large-latest", "max_tokens"],
    ] as const)
      assert.equal(build(chat, { maxOutputTokens: 9 }, model).body[field], 9, model);
  });
});

describe("sampling parameters", () => {
  const all = { temperature: 0.5, topP: 0.5, topK: 5, frequencyPenalty: 1, presencePenalty: 1, stop: ["x"] };
  const fields = ["temperature", "top_p", "top_k", "frequency_penalty", "presence_penalty", "stop"];

  it("are left out with a note each for models that refuse them", () => {
    for (const model of ["gpt-5", "o3", "o4-mini"]) {
      const { values, warnings } = see(chat, all, model, fields);
      assert.deepEqual(values, Array(6).fill(undefined), model);
      for (const field of fields) assert.ok(warnings.includes(`${field}: ${model} does not take it`), field);
    }
    const { values, warnings } = see(messages, all, "claude-opus-4-7", ["temperature", "top_p", "top_k"]);
    assert.deepEqual(values, [undefined, undefined, undefined]);
    assert.match(warnings, /temperature: claude-opus-4-7 does not take it; it was not sent\./);
  });

  it("reach a model that refuses them only while it thinks, when it does not", () => {
    assert.deepEqual(see(chat, all, "gpt-5.2", fields).values, [0.5, 0.5, undefined, 1, 1, ["x"]]);
    const thinking = see(chat, { ...all, reasoning: { effort: "low" } }, "gpt-5.2", fields);
    assert.deepEqual(thinking.values, Array(6).fill(undefined));
    assert.match(thinking.warnings, /temperature: not allowed next to thinking/);
    assert.equal(build(chat, all, "gpt-5.6-sol").body.temperature, undefined, "it thinks unless told not to");
    const quiet = { ...all, reasoning: { effort: "none" as const } };
    assert.equal(build(chat, quiet, "gpt-5.6-sol").body.temperature, 0.5);
  });

  it("are left out without a word where they would change nothing", () => {
    const { body, warnings } = build(chat, { temperature: 1, topP: 1, presencePenalty: 0 }, "gpt-5");
    assert.deepEqual(
      [body.temperature, body.top_p, body.presence_penalty, warnings],
      [undefined, undefined, undefined, []],
    );
  });

  it("never hold both temperature and top_p for a Claude that takes one of them", () => {
    const { values, warnings } = see(messages, { temperature: 0.5, topP: 0.9 }, "claude-opus-4-1", [
      "temperature",
      "top_p",
    ]);
    assert.deepEqual(values, [0.5, undefined]);
    assert.match(warnings, /top_p: claude-opus-4-1 does not take it together with temperature/);
    assert.deepEqual(see(messages, { temperature: 1.7 }, "claude-sonnet-4-5", ["temperature"]).values, [1]);
  });

  it("hold as many stop sequences as the provider takes", () => {
    const stop = ["a", "b", "c", "d", "e"];
    const { values, warnings } = see(chat, { stop }, "gpt-4o", ["stop"]);
    assert.deepEqual(values, [["a", "b", "c", "d"]]);
    assert.match(warnings, /stop: only the first 4 of 5 entries were sent\./);
    assert.deepEqual(build(messages, { stop }, "claude-opus-5").body.stop_sequences, stop);
  });
});

describe("thinking", () => {
  it("is asked for as each generation of Claude wants it", () => {
    const rows: [model: string, reasoning: ChatRequest["reasoning"], thinking: unknown, named: unknown][] = [
      ["claude-3-5-haiku-20241022", { effort: "high" }, undefined, undefined],
      ["claude-sonnet-4-5", { effort: "high" }, { type: "enabled", budget_tokens: 16_384 }, undefined],
      ["claude-sonnet-4-5", { effort: "minimal" }, { type: "enabled", budget_tokens: 1024 }, undefined],
      ["claude-sonnet-4-5", { adaptive: true }, { type: "enabled", budget_tokens: 8192 }, undefined],
      ["claude-opus-4-5", { effort: "xhigh" }, { type: "enabled", budget_tokens: 32_000 }, "high"],
      ["claude-opus-4-6", { effort: "max" }, { type: "adaptive" }, "max"],
      ["claude-opus-4-6", { effort: "xhigh" }, { type: "adaptive" }, "high"],
      ["claude-opus-4-7", { effort: "xhigh" }, { type: "adaptive" }, "xhigh"],
      ["claude-opus-4-7", { budgetTokens: 2000 }, { type: "adaptive" }, "low"],
      ["claude-opus-5", { adaptive: true }, { type: "adaptive" }, undefined],
      ["claude-opus-5", undefined, undefined, undefined],
    ];
    for (const [model, reasoning, thinking, named] of rows) {
      const built = asked(reasoning, model);
      assert.deepEqual([built.thinking, built.effort], [thinking, named], `${model} ${JSON.stringify(reasoning)}`);
    }
  });

  it("is switched off as each generation of Claude can be", () => {
    assert.deepEqual(asked({ effort: "none" }, "claude-sonnet-4-5").thinking, { type: "disabled" });
    assert.deepEqual(asked({ effort: "none" }, "claude-sonnet-5").thinking, { type: "disabled" });
    assert.equal(asked({ effort: "none" }, "claude-opus-4-7").thinking, undefined);
    const always = asked({ effort: "none" }, "claude-opus-5-5");
    assert.deepEqual([always.thinking, always.effort], [{ type: "adaptive" }, "low"]);
    assert.match(always.warnings, /reasoning: claude-opus-5-5 cannot do without; effort "low" was sent\./);
  });

  it("becomes the nearest effort a model of OpenAI knows", () => {
    assert.equal(effort({ effort: "xhigh" }, "gpt-5"), "high");
    assert.equal(effort({ effort: "none" }, "gpt-5"), "minimal");
    assert.equal(effort({ effort: "none" }, "gpt-5.1"), "none");
    assert.equal(effort({ effort: "max" }, "gpt-5.2"), "xhigh");
    assert.equal(effort({ effort: "low" }, "gpt-5-pro"), "high");
    assert.equal(
      effort({ budgetTokens: 30_000, effort: "low" }, "gpt-5"),
      "low",
      "an effort is worth more than a budget",
    );
    assert.equal(effort({ adaptive: true }, "gpt-5.2"), "medium", "it would not think by itself");
    assert.equal(effort({ adaptive: true }, "gpt-5"), undefined, "it thinks by itself");
    assert.equal(effort({ effort: "medium" }, "deepseek-flash"), "low");
    assert.equal(effort({ effort: "high" }, "claude-opus-4-6"), "high", "Claude behind a server of OpenAI's format");
  });

  it("gives way in Chat Completions where the model takes tools only without it, and says so", () => {
    const built = build(chat, { tools, reasoning: { effort: "high" } }, "gpt-5.6-sol");
    assert.equal(built.body.reasoning_effort, "none");
    assert.match(built.warnings.join(), /reasoning: gpt-5.6-sol takes tools in this format only without it/);
    assert.equal(build(chat, { reasoning: { effort: "high" } }, "gpt-5.6-sol").body.reasoning_effort, "high");
    assert.equal(
      build(responses, { tools, reasoning: { effort: "high" } }, "gpt-5.6-sol").body.reasoning.effort,
      "high",
    );
  });
});

describe("a forced tool call", () => {
  const forced = { tools, toolChoice: { type: "required" as const } };

  it("becomes auto with a note where thinking was asked for, and stands where it was not", () => {
    const both = build(messages, { ...forced, reasoning: { effort: "high" } }, "claude-opus-4-6");
    assert.deepEqual(both.body.tool_choice, { type: "auto" });
    assert.match(both.warnings.join(), /tool_choice: a forced tool call does not go with thinking; "auto" was sent\./);
    const plain = build(messages, forced, "claude-opus-4-6").body;
    assert.deepEqual([plain.tool_choice, plain.thinking], [{ type: "any" }, undefined]);
  });

  it("switches off thinking that nobody asked for", () => {
    const { tool_choice, thinking } = build(messages, forced, "claude-sonnet-5").body;
    assert.deepEqual([tool_choice, thinking], [{ type: "any" }, { type: "disabled" }]);
  });

  it("becomes auto for a model that can never be forced", () => {
    const built = build(messages, forced, "claude-opus-5-5");
    assert.deepEqual(built.body.tool_choice, { type: "auto" });
    assert.match(built.warnings.join(), /tool_choice: claude-opus-5-5 cannot be made to call a tool/);
    assert.equal(build(chat, { ...forced, reasoning: { effort: "high" } }, "gpt-5").body.tool_choice, "required");
  });
});

describe("an end user's name", () => {
  it("that is too long is sent as its hash, so that the user stays the same", () => {
    const endUser = "user_".padEnd(200, "x");
    for (const name of [chat, responses] as const) {
      const { body, warnings } = build(name, { endUser }, "gpt-5");
      assert.equal(body.user, hashText(endUser));
      assert.match(warnings.join(), /user: longer than 64 characters; its SHA-256 was sent instead\./);
    }
    assert.equal(build(chat, { endUser }, "house-model").body.user, endUser, "no limit is known there");
    assert.equal(build(messages, { endUser }, "claude-opus-5").body.metadata.user_id, endUser);
    const longer = endUser.padEnd(300, "y");
    assert.equal(build(messages, { endUser: longer }, "claude-opus-5").body.metadata.user_id, hashText(longer));
  });
});

describe("other things a model may not know", () => {
  it("are strict tools, which are sent without", () => {
    const strict = [{ name: "f", parameters: { type: "object" }, strict: true }];
    const old = build(messages, { tools: strict }, "claude-sonnet-4-20250514");
    assert.equal(old.body.tools[0].strict, undefined);
    assert.match(old.warnings.join(), /tools: claude-sonnet-4-20250514 does not take strict; f was sent without\./);
    assert.equal(build(messages, { tools: strict }, "claude-sonnet-4-5").body.tools[0].strict, true);
  });

  it("are verbosity and cache keys", () => {
    const request = { verbosity: "low" as const, promptCacheKey: "k" };
    assert.deepEqual(see(chat, request, "gpt-5", ["verbosity", "prompt_cache_key"]).values, ["low", "k"]);
    const other = see(chat, request, "llama-3.3-70b-instruct", ["verbosity", "prompt_cache_key"]);
    assert.deepEqual(other.values, [undefined, undefined]);
    assert.match(other.warnings, /^verbosity: /);
  });

  it("are instructions by the role of old", () => {
    const system = { role: "system" as const, content: [{ type: "text" as const, text: "Be brief." }] };
    const request = { messages: [system, userSays("hi")] };
    assert.equal(build(chat, request, "o3").body.messages[0].role, "developer");
    assert.equal(build(chat, request, "gpt-4o").body.messages[0].role, "system");
  });

  it("are answers that were begun: OpenAI's models answer anew, and the note says so", () => {
    const begun = {
      messages: [userSays("hi"), { role: "assistant" as const, content: [{ type: "text" as const, text: "{" }] }],
    };
    assert.match(build(chat, begun, "gpt-4o").warnings.join(), /messages: gpt-4o answers anew/);
    assert.deepEqual(build(chat, begun, "llama").warnings, []);
  });
});

describe("Anthropic's own fields on the way to OpenAI", () => {
  it("are not sent, and each is named", () => {
    const request = parse(messages, {
      model: "m",
      max_tokens: 9,
      messages: [{ role: "user", content: [{ type: "text", text: "hi", cache_control: { type: "ephemeral" } }] }],
      container: "c",
      context_management: { edits: [] },
    });
    const { body, warnings } = build(chat, request, "gpt-5");
    const sent = JSON.stringify(body);
    for (const field of ["cache_control", "container", "context_management"]) {
      assert.ok(!sent.includes(field), field);
      assert.ok(
        warnings.some((warning) => warning.startsWith(`${field}: `)),
        field,
      );
    }
  });

  it("are thinking, effort and output format in OpenAI's words", () => {
    const schema = { type: "object", properties: {}, additionalProperties: false };
    const request = parse(messages, {
      model: "m",
      max_tokens: 9000,
      messages: [{ role: "user", content: "hi" }],
      thinking: { type: "enabled", budget_tokens: 2000 },
      output_config: { effort: "high", format: { type: "json_schema", schema } },
    });
    const { body } = build(chat, request, "gpt-5");
    assert.equal(body.reasoning_effort, "high");
    assert.deepEqual(body.response_format.json_schema.schema, schema);
  });

  it("are tool choices with their forms there", () => {
    for (const [choice, expected, serial] of [
      [{ type: "any", disable_parallel_tool_use: true }, "required", false],
      [{ type: "none" }, "none", undefined],
      [{ type: "tool", name: "f" }, { type: "function", function: { name: "f" } }, undefined],
    ] as const) {
      const request = parse(messages, {
        model: "m",
        max_tokens: 9,
        messages: [{ role: "user", content: "hi" }],
        tools: [{ name: "f", input_schema: { type: "object" } }],
        tool_choice: choice,
      });
      const { body } = build(chat, request, "gpt-5");
      assert.deepEqual([body.tool_choice, body.parallel_tool_calls], [expected, serial], choice.type);
    }
  });
});
