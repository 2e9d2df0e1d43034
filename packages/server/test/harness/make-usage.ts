// Random usage rows for tests, and the sums of them in plain arithmetic to hold the database against.

import fc from "fast-check";
import type { UsageRow } from "../../src/records/usage/store.ts";

const maybe = <Value>(arbitrary: fc.Arbitrary<Value>) => fc.option(arbitrary, { nil: undefined });
const tokens = fc.integer({ min: 0, max: 50_000 });
let made = 0;

/** Rows of three days around a month's end. Ids are new with every row. */
export const anyRow: fc.Arbitrary<UsageRow> = fc
  .record({
    at: fc.integer({ min: Date.UTC(2026, 0, 30), max: Date.UTC(2026, 1, 2) - 1 }),
    keyId: fc.constantFrom("key_1", "key_2"),
    keyName: fc.constantFrom("app"),
    ownerId: maybe(fc.constantFrom("usr_a", "usr_b", "svc_c")),
    teamId: maybe(fc.constantFrom("tem_1", "tem_2")),
    dialect: fc.constantFrom("openai-chat", "anthropic-messages", "openai-embeddings"),
    stream: fc.boolean(),
    requestedModel: fc.constantFrom("auto", "m1"),
    placement: maybe(
      fc.constantFrom(
        { tier: "gpu", provider: "gpu", worker: "rack", model: "m1" } as const,
        { tier: "cloud", provider: "openai", model: "m1" } as const,
        { tier: "cloud", provider: "openai", model: "m2" } as const,
      ),
    ),
    tries: fc.integer({ min: 0, max: 3 }),
    usage: fc.record(
      {
        inputTokens: tokens,
        outputTokens: tokens,
        cachedInputTokens: fc.constantFrom(0, 10),
        cacheWriteTokens: fc.constantFrom(0, 5),
        reasoningTokens: fc.constantFrom(0, 7),
        estimated: fc.constant(true as const),
      },
      { requiredKeys: ["inputTokens", "outputTokens", "cachedInputTokens", "cacheWriteTokens", "reasoningTokens"] },
    ),
    costMicroUsd: maybe(fc.integer({ min: 0, max: 1_000_000 })),
    savedMicroUsd: maybe(fc.integer({ min: -1000, max: 1_000_000 })),
    queueMs: fc.integer({ min: 0, max: 5000 }),
    firstTokenMs: maybe(fc.integer({ min: 0, max: 60_000 })),
    totalMs: fc.integer({ min: 0, max: 600_000 }),
    outcome: fc.constantFrom("ok", "ok", "error", "cancelled"),
    status: fc.constantFrom(200, 502),
    tags: fc.constantFrom([], ["env=prod"], ["env=prod", "x"]),
  })
  .map(({ placement, ...fields }) => {
    const present = Object.entries({ ...fields, ...placement }).filter(([, value]) => value !== undefined);
    return { id: `req_${++made}`, ...Object.fromEntries(present) } as UsageRow;
  });

export type Sums = Readonly<Record<string, number>>;

/** By the names the database has for them. */
export function addUp(rows: readonly UsageRow[]): Sums {
  const sum = (read: (row: UsageRow) => number): number => rows.reduce((total, row) => total + read(row), 0);
  return {
    requests: rows.length,
    input_tokens: sum(({ usage }) => usage.inputTokens),
    output_tokens: sum(({ usage }) => usage.outputTokens),
    cached_input_tokens: sum(({ usage }) => usage.cachedInputTokens),
    cache_write_tokens: sum(({ usage }) => usage.cacheWriteTokens),
    reasoning_tokens: sum(({ usage }) => usage.reasoningTokens),
    cost_micro_usd: sum((row) => row.costMicroUsd ?? 0),
    saved_micro_usd: sum((row) => row.savedMicroUsd ?? 0),
    estimated: sum(({ usage }) => (usage.estimated === true ? 1 : 0)),
    unpriced: sum((row) => (row.costMicroUsd === undefined ? 1 : 0)),
    cache_hits: sum(({ usage }) => (usage.cachedInputTokens > 0 ? 1 : 0)),
  };
}
