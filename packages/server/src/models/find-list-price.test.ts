import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { findCloudPrice, findListPrice } from "./find-list-price.ts";
import tableData from "./price-table.json" with { type: "json" };

describe("the price table", () => {
  it("knows what a maker asks, with every kind of token", () => {
    assert.deepEqual(findListPrice("claude-sonnet-4-5-20250929", "https://api.anthropic.com"), {
      inputMicroUsd: 3_000_000,
      cachedInputMicroUsd: 300_000,
      cacheWriteMicroUsd: 3_750_000,
      outputMicroUsd: 15_000_000,
    });
    assert.match(tableData.source, /pi-ai \d/);
  });

  it("takes the price of the host that is asked, and the maker's for a host it does not know", () => {
    const router = findListPrice("anthropic/claude-sonnet-4.5", "https://openrouter.ai/api/v1");
    assert.equal(router?.longInputs?.[0]?.aboveTokens, 200_000);
    const azure = findListPrice("gpt-4.1-mini", "https://us.openai.azure.com/openai/v1");
    assert.deepEqual(azure, findListPrice("gpt-4.1-mini", "https://api.openai.com/v1"));
    assert.equal(azure?.inputMicroUsd, 400_000);
  });

  it("says nothing of models nobody lists, of other people's models at unknown hosts, and of private networks", () => {
    assert.equal(findListPrice("our-own-model", "https://api.openai.com/v1"), undefined);
    assert.equal(findListPrice("qwen3-32b", "https://unknown.example"), undefined);
    for (const host of ["localhost:8000", "10.0.0.7", "[::1]:80", "vllm.internal", "gpu.local", "ollama"]) {
      assert.equal(findListPrice("gpt-4.1-mini", `http://${host}/v1`), undefined, host);
    }
    assert.equal(findListPrice("gpt-4.1-mini", "no address"), undefined);
  });

  it("charges nothing for a variant that a host gives away", () => {
    assert.equal(findListPrice("some/model:free", "https://openrouter.ai/api/v1")?.inputMicroUsd, 0);
  });

  it("tells what an open model costs at whoever sells it for least", () => {
    assert.equal(findCloudPrice("Qwen/Qwen3-32B")?.inputMicroUsd, 80_000);
    assert.equal(findCloudPrice("claude-sonnet-4-5")?.inputMicroUsd, 3_000_000);
    assert.equal(findCloudPrice("our-own-model"), undefined);
  });
});
