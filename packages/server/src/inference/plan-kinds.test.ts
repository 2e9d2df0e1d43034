import assert from "node:assert/strict";
import { test } from "node:test";
import { AppError } from "@auxot/wire/errors";
import type { Offer } from "../sources/source.ts";
import type { Needs } from "./needs.ts";
import { planRoute } from "./plan.ts";

const chatNeeds: Needs = { tools: false, images: false, documents: false, prefill: false, promptTokens: 0 };
const embedNeeds: Needs = { ...chatNeeds, embeddings: { dimensions: 0 } };
const chat: Offer = {
  tier: "gpu",
  providerId: "p1",
  provider: "gpu",
  model: "talker",
  aliases: ["any"],
  abilities: { tools: true, images: true, reasoning: true },
  contextTokens: 8192,
  freeSlots: 1,
};
const embed: Offer = {
  ...chat,
  model: "embedder",
  abilities: { tools: false, images: false, reasoning: false, embeddings: true },
  dimensions: 384,
};
const cloudEmbed: Offer = { ...embed, tier: "cloud", provider: "openai", model: "text-embedding-3-small" };

function models(model: string, needs: Needs, offers: readonly Offer[]): string[] {
  return planRoute(model, needs, offers, 0).free.map((offer) => offer.model);
}
function refusal(model: string, needs: Needs, offers: readonly Offer[]): [string, string | undefined, string] {
  try {
    planRoute(model, needs, offers, 0);
  } catch (error) {
    if (error instanceof AppError) return [error.code, error.param, error.message];
  }
  assert.fail("planned");
}

test("auto chats with models that chat and embeds with models that embed, GPU first", () => {
  const offers = [cloudEmbed, embed, chat];
  assert.deepEqual(models("auto", chatNeeds, offers), ["talker"]);
  assert.deepEqual(models("auto", embedNeeds, offers), ["embedder", "text-embedding-3-small"]);
});

test("an alias that both kinds have means the one that can do what is asked", () => {
  assert.deepEqual(models("any", chatNeeds, [embed, chat]), ["talker"]);
  assert.deepEqual(models("any", embedNeeds, [embed, chat]), ["embedder"]);
});

test("asking the wrong kind of model says which models can do it", () => {
  const [code, param, message] = refusal("talker", embedNeeds, [chat, embed, cloudEmbed]);
  assert.deepEqual([code, param], ["invalid_request", "model"]);
  assert.equal(
    message,
    'model: "talker" chats and cannot make embeddings. Models that can: "embedder", "text-embedding-3-small"; or "auto".',
  );
  assert.match(
    refusal("embedder", chatNeeds, [chat, embed])[2],
    /"embedder" makes embeddings and cannot chat.*"talker"/,
  );
});

test("where no model can do it, it is said so, by name and by auto", () => {
  for (const model of ["auto", "talker"]) {
    const [code, param, message] = refusal(model, embedNeeds, [chat]);
    assert.deepEqual([code, param], ["model_not_found", "model"]);
    assert.match(message, /^model: there is no model here that can make embeddings\. Start a worker with/);
  }
  assert.match(refusal("auto", chatNeeds, [embed])[2], /no model here that can chat/);
  assert.equal(refusal("auto", embedNeeds, [])[0], "no_capacity");
});

test("more dimensions than a model has are refused with what it has; a model whose number is unknown is asked", () => {
  const needs: Needs = { ...chatNeeds, embeddings: { dimensions: 512 } };
  const [code, param, message] = refusal("auto", needs, [embed]);
  assert.deepEqual([code, param], ["invalid_request", "dimensions"]);
  assert.equal(message, 'dimensions: the vectors of "auto" have 384 dimensions; ask for 384 or fewer.');
  const { dimensions: _, ...unknown } = cloudEmbed;
  assert.deepEqual(models("auto", needs, [embed, unknown]), ["text-embedding-3-small"]);
});

test("a suffix goes to a model that can fill a gap, and is refused by name when there is none", () => {
  const needs: Needs = { ...chatNeeds, completion: { infill: true, raw: false } };
  const coder: Offer = { ...chat, model: "coder", abilities: { ...chat.abilities, infill: true } };
  assert.deepEqual(models("auto", needs, [chat, coder]), ["coder"]);
  assert.deepEqual(refusal("talker", needs, [chat, coder]).slice(0, 2), ["invalid_request", "suffix"]);
});

test("a prompt in tokens never goes to a source that only chats, and one too long names its own field", () => {
  const needs: Needs = { ...chatNeeds, completion: { infill: false, raw: true } };
  const anthropic: Offer = { ...chat, tier: "cloud", model: "claude", dialect: "anthropic-messages" };
  assert.deepEqual(models("auto", needs, [anthropic, chat]), ["talker"]);
  assert.deepEqual(refusal("claude", needs, [anthropic]).slice(0, 2), ["invalid_request", "prompt"]);
  assert.equal(refusal("talker", { ...needs, promptTokens: 9000 }, [chat])[1], "prompt");
});
