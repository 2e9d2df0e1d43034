import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { noUsage } from "@auxot/wire/usage";
import { createUsageCount } from "./count-usage.ts";

describe("what a source says it used", () => {
  it("is whole, not negative and no more than can be added up, whatever it says", () => {
    const count = createUsageCount(true, () => 0);
    const usage = {
      ...noUsage,
      inputTokens: 1e300,
      outputTokens: 10.5,
      cachedInputTokens: -3,
      reasoningTokens: Number.NaN,
    };
    count.onBatch({
      events: [
        { type: "usage", usage },
        { type: "end", stopReason: "stop" },
      ],
    });
    assert.deepEqual(count.total(true), { ...noUsage, inputTokens: 1_000_000_000, outputTokens: 11 });
  });

  it("passes as it came where it can be added up", () => {
    const count = createUsageCount(true, () => 0);
    const usage = { ...noUsage, inputTokens: 7, outputTokens: 3 };
    const batch = {
      events: [
        { type: "usage" as const, usage },
        { type: "end" as const, stopReason: "stop" as const },
      ],
    };
    count.onBatch(batch);
    assert.equal(count.complete(batch), batch);
    assert.equal(count.total(true), usage);
  });
});
