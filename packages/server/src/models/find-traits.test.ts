import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { DialectName } from "@auxot/wire/chat";
import { findTraits } from "./find-traits.ts";
import { listModelIds } from "./normalize-id.ts";

const openai = "https://api.openai.com/v1";
const anthropic = "https://api.anthropic.com";
const own = "http://gpu.example.test:8000/v1";

function find(model: string, baseUrl = own, dialect: DialectName = "openai-chat") {
  return findTraits({ model, baseUrl, dialect });
}

describe("the model table", () => {
  it("knows a model by its id with a vendor, a date or -latest around it", () => {
    const plain = find("claude-sonnet-4-6", anthropic, "anthropic-messages");
    assert.equal(plain.maxOutputTokens, 128_000);
    for (const id of [
      "anthropic/claude-sonnet-4.6",
      "claude-sonnet-4-6-20260217",
      "claude-sonnet-4-6@20260217",
      "claude-sonnet-4-6-latest",
      "us.anthropic.claude-sonnet-4-6-v1:0",
      "Claude-Sonnet-4-6",
    ])
      assert.deepEqual(find(id, anthropic, "anthropic-messages"), plain, id);
    assert.deepEqual(find("openai/gpt-5-mini-2025-08-07"), find("gpt-5-mini"));
    assert.deepEqual(find("meta-llama/llama-3.3-70b-instruct:free"), find("llama-3.3-70b-instruct"));
  });

  it("knows a fine-tune by what it was made of, and Bedrock's and OpenRouter's names of the vendors' models", () => {
    assert.deepEqual(find("ft:gpt-4o-2024-08-06:acme::Ab12", openai), find("gpt-4o-2024-08-06", openai));
    assert.equal(find("ft:gpt-4.1-mini-2025-04-14:acme:mine:Ab12", openai).thinking, "none");
    for (const [id, plain] of [
      ["us-gov.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5-20250929"],
      ["global.anthropic.claude-opus-4-6-v1", "claude-opus-4-6"],
    ] as const)
      assert.deepEqual(find(id, own, "anthropic-messages"), find(plain, own, "anthropic-messages"), id);
    assert.equal(find("openai.gpt-oss-120b-1:0").documents, false);
    assert.equal(find("amazon.nova-pro-v1:0").contextTokens, 300_000);
    for (const id of ["anthropic/claude-sonnet-4", "claude-opus-4"])
      assert.deepEqual([find(id).thinking, find(id).refuses], ["budget", []], id);
  });

  it("takes no version of a name for another model", () => {
    assert.equal(find("deepseek-v3").thinking, "none");
    for (const id of ["deepseek-v5", "deepseek-reasoner"]) {
      assert.equal(find(id).thinking, "effort", id);
      assert.equal(find(id).contextTokens, undefined, id);
    }
  });

  it("knows what single models of a family refuse", () => {
    assert.equal(find("gpt-4o-2024-05-13").structuredOutput, false);
    for (const id of ["gpt-5-codex", "gpt-5.1-codex-max", "gpt-5.2-codex"]) assert.equal(find(id).verbosity, false, id);
    assert.equal(find("gpt-5.3-codex").verbosity, true);
    const chat = find("gpt-5.2-chat-latest");
    assert.deepEqual([chat.efforts, chat.refuses.includes("temperature")], [["medium"], true]);
    for (const id of ["grok-4", "grok-4-1-fast-reasoning", "grok-4.20-0309-reasoning", "grok-code-fast-1"])
      assert.deepEqual([find(id).thinking, find(id).efforts], ["adaptive", []], id);
    assert.deepEqual(find("grok-4.3").efforts, ["none", "low", "medium", "high", "xhigh"]);
    assert.equal(find("grok-4.3").thinking, "effort");
  });

  it("gives a dated model its own limits where they differ from the newer one's", () => {
    assert.equal(find("gpt-4o-2024-05-13").maxOutputTokens, 4096);
    assert.equal(find("gpt-4o").maxOutputTokens, 16_384);
    assert.deepEqual(listModelIds("gpt-4o-2024-05-13"), ["gpt-4o-2024-05-13", "gpt-4o"]);
  });

  it("lets an unknown variant think like the model its name begins with, and guesses no limit of it", () => {
    const variant = find("deepseek-v4-pro-special");
    assert.deepEqual(variant.efforts, find("deepseek-v4-pro").efforts);
    assert.equal(variant.contextTokens, undefined);
    assert.equal(variant.images, true, "what is unknown is tried");
    assert.equal(find("gpt-4-32k-0613").contextTokens, undefined);
    assert.equal(find("claude-opus-4-7-fast", anthropic).thinking, "adaptive");
  });

  it("takes nothing from a model whose id is only the name of a line", () => {
    const cloud = { dialect: "openai-chat", baseUrl: "https://models.example.test/v1" } as const;
    assert.equal(findTraits({ model: "deepseek-chat", ...cloud }).thinking, "none");
    assert.equal(findTraits({ model: "deepseek-chat-special", ...cloud }).thinking, "effort");
  });

  it("prefers the rules of the longest family", () => {
    assert.deepEqual(find("gpt-5-codex").efforts, ["low", "medium", "high"]);
    assert.deepEqual(find("gpt-5.1-codex-max").efforts, ["low", "medium", "high", "xhigh"]);
    assert.equal(find("gpt-oss-120b").maxTokensField, "max_tokens");
    assert.equal(find("gpt-5.9-new").maxTokensField, "max_completion_tokens");
  });

  it("knows how each generation of Claude is asked to think, and what it refuses", () => {
    const rows = [
      ["claude-3-5-haiku-20241022", "none", "asked", [], "continued"],
      ["claude-sonnet-4-20250514", "budget", "asked", [], "continued"],
      ["claude-opus-4-5", "budget", "asked", [], "continued"],
      ["claude-opus-4-6", "adaptive", "omitted", [], "refused"],
      ["claude-opus-4-8", "adaptive", "omitted", ["temperature", "top_p", "top_k"], "refused"],
      ["claude-sonnet-5", "adaptive", "asked", ["temperature", "top_p", "top_k"], "refused"],
      ["claude-opus-5-5", "adaptive", "never", ["temperature", "top_p", "top_k"], "refused"],
    ] as const;
    for (const [model, thinking, off, refuses, prefill] of rows) {
      const traits = find(model, anthropic, "anthropic-messages");
      assert.deepEqual(
        [traits.thinking, traits.thinkingOff, traits.refuses, traits.prefill],
        [thinking, off, refuses, prefill],
        model,
      );
    }
    assert.equal(find("claude-opus-5-5", anthropic).forcedTools, "never");
    assert.equal(find("claude-haiku-4-5", anthropic).temperatureOrTopP, true);
  });

  it("takes a new model of a vendor for one like its newest, and one of a stranger for what most servers take", () => {
    const newest = find("claude-muse-7", anthropic, "anthropic-messages");
    assert.deepEqual([newest.thinking, newest.prefill, newest.structuredOutput], ["adaptive", "refused", true]);
    const stranger = find("house-model", own, "anthropic-messages");
    assert.deepEqual([stranger.thinking, stranger.prefill, stranger.structuredOutput], ["budget", "continued", false]);
    assert.equal(find("gpt-9", openai).maxTokensField, "max_completion_tokens");
    assert.equal(find("house-model").maxTokensField, "max_tokens");
    assert.equal(find("house-model", openai).maxUserLength, 64);
    assert.equal(find("house-model").maxUserLength, undefined);
  });

  it("knows what a host cannot do, whatever the model", () => {
    assert.equal(find("deepseek-v4-pro", "https://api.deepseek.com/v1").structuredOutput, false);
    assert.equal(find("deepseek-v4-pro").structuredOutput, true);
    assert.equal(find("my-deployment", "https://house.openai.azure.com/openai/v1").maxUserLength, 64);
  });

  it("believes the declaration of the provider before anything else", () => {
    const override = { images: false, efforts: ["high"] as ["high"], contextTokens: 1000 };
    const traits = findTraits({ model: "gpt-5.4", dialect: "openai-chat", baseUrl: openai, override });
    assert.deepEqual([traits.images, traits.efforts, traits.contextTokens], [false, ["high"], 1000]);
    assert.equal(traits.chatTools, "without-effort");
  });
});
