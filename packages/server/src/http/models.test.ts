import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type Anthropic from "@anthropic-ai/sdk";
import { AppError } from "@auxot/wire/errors";
import type OpenAI from "openai";
import type { CloudModel } from "../records/providers/providers.ts";
import { describeModel, lookUpModel } from "../sources/cloud-models.ts";
import type { Offer } from "../sources/source.ts";
import { findModel, listModels } from "./models.ts";

const base = { providerId: "prv_x", aliases: [], freeSlots: 1 };
const worker: Offer = {
  ...base,
  tier: "gpu",
  provider: "gpu",
  model: "qwen3-8b",
  abilities: { tools: true, images: false, reasoning: true },
  contextTokens: 8192,
};

function offerCloud(model: CloudModel): Offer {
  const cloud = { dialect: "anthropic-messages" as const, baseUrl: "https://api.anthropic.com" };
  const known = lookUpModel(model, cloud);
  return {
    ...base,
    tier: "cloud",
    provider: "anthropic",
    model: model.id,
    dialect: cloud.dialect,
    ...describeModel(known, cloud),
  };
}

const opus = offerCloud({ id: "claude-opus-5-5", aliases: [] });
const haiku = offerCloud({ id: "claude-haiku-4-5", aliases: [] });
const offers = [worker, opus, haiku];

type Page = { data: Anthropic.Models.ModelInfo[]; has_more: boolean; first_id: string; last_id: string };

function page(query: string): Page {
  return listModels(offers, "anthropic-messages", new URLSearchParams(query)) as Page;
}

function refuses(query: string, param: string): void {
  assert.throws(
    () => page(query),
    (error) => error instanceof AppError && error.code === "invalid_request" && error.param === param,
    query,
  );
}

describe("the list of models in Anthropic's shape", () => {
  it("tells limits and abilities in the fields of Anthropic's own model objects", () => {
    const [, , model] = page("").data;
    assert.deepEqual(
      [model?.type, model?.id, model?.max_input_tokens, model?.max_tokens, model?.lifecycle],
      ["model", "claude-opus-5-5", 1_000_000, 128_000, "active"],
    );
    const { capabilities } = model ?? {};
    assert.deepEqual(
      [capabilities?.image_input, capabilities?.pdf_input, capabilities?.structured_outputs, capabilities?.batch],
      [true, true, true, false].map((supported) => ({ supported })),
    );
    assert.deepEqual(capabilities?.thinking.types.disabled, { supported: false }, "it always thinks");
    assert.deepEqual(capabilities?.effort.xhigh, { supported: true });
  });

  it("says what is known of a worker's model, and null where nobody knows", () => {
    const model = findModel(offers, "anthropic-messages", "gpu/qwen3-8b") as Anthropic.Models.ModelInfo;
    assert.deepEqual([model.max_input_tokens, model.max_tokens], [8192, null]);
    assert.deepEqual(model.capabilities?.image_input, { supported: false });
    assert.deepEqual(model.capabilities?.thinking.supported, true);
    const auto = findModel(offers, "anthropic-messages", "auto") as Anthropic.Models.ModelInfo;
    assert.equal(auto.capabilities, null);
  });

  it("pages forwards and backwards without losing a model", () => {
    const all = page("limit=1000").data.map(({ id }) => id);
    assert.deepEqual(all, ["auto", "qwen3-8b", "claude-opus-5-5", "claude-haiku-4-5"]);
    const first = page("limit=3");
    assert.deepEqual([first.has_more, first.first_id, first.last_id], [true, "auto", "claude-opus-5-5"]);
    const rest = page(`limit=3&after_id=${first.last_id}`);
    assert.deepEqual([rest.data.map(({ id }) => id), rest.has_more], [["claude-haiku-4-5"], false]);
    const back = page("limit=2&before_id=claude-haiku-4-5");
    assert.deepEqual([back.data.map(({ id }) => id), back.has_more], [["qwen3-8b", "claude-opus-5-5"], true]);
    const none = listModels([], "anthropic-messages", new URLSearchParams()) as Page;
    assert.deepEqual([none.data, none.has_more, none.first_id, none.last_id], [[], false, null, null]);
  });

  it("refuses a limit or a cursor that cannot be", () => {
    for (const limit of ["0", "-1", "1001", "2.5", "many", ""]) refuses(`limit=${limit}`, "limit");
    refuses("after_id=gone", "after_id");
    refuses("before_id=gone", "before_id");
    refuses("before_id=auto&after_id=auto", "before_id");
  });
});

describe("the list of models in OpenAI's shape", () => {
  it("has the vendor's fields, and limits and abilities under one key of ours", () => {
    const list = listModels(offers, "openai-chat", new URLSearchParams("limit=0")) as {
      object: string;
      data: unknown[];
    };
    assert.equal(list.object, "list");
    const model = list.data[2] as OpenAI.Models.Model & { auxot: unknown };
    assert.deepEqual(
      [model.id, model.object, model.owned_by, typeof model.created],
      ["claude-opus-5-5", "model", "anthropic", "number"],
    );
    assert.deepEqual(model.auxot, {
      tier: "cloud",
      model: "claude-opus-5-5",
      abilities: { tools: true, images: true, reasoning: true, documents: true },
      context_tokens: 1_000_000,
      max_output_tokens: 128_000,
      efforts: ["low", "medium", "high", "xhigh", "max"],
    });
    assert.deepEqual(findModel(offers, "openai-chat", "claude-opus-5-5"), model);
  });
});
