import assert from "node:assert/strict";
import { test } from "node:test";
import type { DialectName } from "@auxot/wire/chat";
import type { ModelAbilities } from "@auxot/wire/model-offer";
import type { CloudModel } from "../records/providers/providers.ts";
import { describeModel, lookUpModel } from "./cloud-models.ts";

function describe(
  id: string,
  abilities?: CloudModel["abilities"],
  dialect: DialectName = "openai-chat",
): ModelAbilities {
  const model = { id, aliases: [], ...(abilities === undefined ? {} : { abilities }) };
  const cloud = { dialect, baseUrl: "https://models.example.test/v1" };
  return describeModel(lookUpModel(model, cloud), cloud).abilities;
}

test("a cloud model embeds when its name says so or its configuration does, and the configuration has the last word", () => {
  assert.equal(describe("text-embedding-3-small").embeddings, true);
  assert.equal(describe("nomic-embed-text").embeddings, true);
  assert.equal(describe("gpt-5").embeddings, undefined);
  assert.equal(describe("bge-m3", { embeddings: true }).embeddings, true);
  assert.equal(describe("embedded-coder", { embeddings: false }).embeddings, undefined);
});

test("a model that embeds chats nothing, and Anthropic's never embed nor fill gaps", () => {
  assert.equal(describe("text-embedding-3-small").tools, false);
  const claude = describe("claude-embed", undefined, "anthropic-messages");
  assert.deepEqual([claude.embeddings, claude.infill], [undefined, undefined]);
});
