import assert from "node:assert/strict";
import { test } from "node:test";
import type { ModelView } from "@auxot/wire/operations/models";
import { startScriptedRouter } from "./scripted-router.ts";

const local: ModelView = {
  id: "gpu/qwen3-32b",
  model: "qwen3-32b",
  provider: "gpu",
  tier: "gpu",
  aliases: ["fast"],
  available: true,
  abilities: { tools: true, images: false, reasoning: true },
  contextTokens: 32_768,
  maxOutputTokens: null,
  description: null,
  visibleTo: null,
  price: { inputMicroUsd: 0, outputMicroUsd: 0 },
  priceFrom: "worker",
  cloudPrice: { inputMicroUsd: 80_000, outputMicroUsd: 280_000 },
  cloudModel: "qwen3-32b",
};
const cloud: ModelView = {
  ...local,
  id: "openai/gpt-5.5",
  tier: "cloud",
  aliases: [],
  price: {
    inputMicroUsd: 1_250_000,
    cachedInputMicroUsd: 125_000,
    outputMicroUsd: 10_000_000,
    longInputs: [{ aboveTokens: 200_000, inputMicroUsd: 2_500_000, outputMicroUsd: 15_000_000 }],
  },
  priceFrom: "list",
  cloudPrice: null,
  cloudModel: null,
};

test("models list shows dollars for a million tokens, where they come from, and what workers' models would cost in the cloud", async (t) => {
  const items = [
    local,
    { ...local, id: "gpu/ours", cloudPrice: null, cloudModel: "gpt-4.1-mnii" },
    cloud,
    { ...cloud, id: "openai/new", available: false, contextTokens: null, price: null, priceFrom: "unknown" },
  ];
  const router = await startScriptedRouter(t, { "GET /api/models": { body: { items, nextCursor: null } } });
  assert.equal(
    (await router.run(["models", "list"])).out,
    `\
MODEL           TIER   ALSO CALLED  CONTEXT  INPUT $/M  OUTPUT $/M  PRICE FROM  IN THE CLOUD               SEEN BY    STATE
gpu/qwen3-32b   gpu    fast         32768    $0.00      $0.00       worker      $0.08 / $0.28 (qwen3-32b)  everybody  ready
gpu/ours        gpu    fast         32768    $0.00      $0.00       worker      unknown (gpt-4.1-mnii)     everybody  ready
openai/gpt-5.5  cloud  -            32768    $1.25+     $10.00+     list        -                          everybody  ready
openai/new      cloud  -            -        -          -           unknown     -                          everybody  away
`,
  );
});
