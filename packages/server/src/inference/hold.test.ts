import assert from "node:assert/strict";
import { test } from "node:test";
import type { Offer } from "../sources/source.ts";
import { createHold, holdMs, type Parked } from "./hold.ts";

const sonnet: Offer = {
  tier: "cli",
  providerId: "prv_cli",
  provider: "cli",
  model: "sonnet",
  aliases: [],
  abilities: { tools: true, images: true, reasoning: true },
  contextTokens: undefined,
  freeSlots: 0,
};
const gpu: Offer = { ...sonnet, tier: "gpu", providerId: "prv_gpu", provider: "gpu", freeSlots: 1 };
const parked: Parked = { provider: "cli", model: "sonnet", workerId: "w1" };
const plan = { free: [gpu], busy: [sonnet], considered: [] };

test("the parked worker alone is asked first, for a moment and once, also while it is busy and others are free", () => {
  const hold = createHold(
    () => parked,
    () => [],
  );
  const step = hold.next(plan, 60_000);
  assert.deepEqual(step?.targets, [{ ...sonnet, workerId: "w1" }]);
  assert.equal(step?.waitMs, holdMs);
  assert.deepEqual(step?.retarget?.(), step?.targets);
  assert.equal(hold.next(plan, 60_000), undefined);
});

test("it waits no longer than the request may wait at all", () => {
  for (const [leftMs, waitMs] of [
    [50, 50],
    [-50, 0],
  ] as const) {
    const hold = createHold(
      () => parked,
      () => [],
    );
    assert.equal(hold.next(plan, leftMs)?.waitMs, waitMs);
  }
});

test("once the parked worker left, others may have the request at once", () => {
  let there: Parked | undefined = parked;
  const step = createHold(
    () => there,
    () => [gpu],
  ).next(plan, 60_000);
  there = undefined;
  assert.deepEqual(step?.retarget?.(), [gpu]);
});

test("without a parked worker, or when it cannot take the request, nothing is held", () => {
  assert.equal(createHold(undefined, () => []).next(plan, 60_000), undefined);
  const gone = createHold(
    () => undefined,
    () => [],
  );
  assert.equal(gone.next(plan, 60_000), undefined);
  const unfit = createHold(
    () => parked,
    () => [],
  );
  assert.equal(unfit.next({ ...plan, busy: [] }, 60_000), undefined);
});
