import assert from "node:assert/strict";
import { test } from "node:test";
import type { ModelOffer } from "@auxot/wire/model-offer";
import { createAlarms, findWakeTime, isResting, mergeRoom, restOffer } from "./rests.ts";

test("a model rests until its time and not a moment longer", () => {
  assert.equal(isResting({ restsUntil: 100 }, 99), true);
  assert.equal(isResting({ restsUntil: 100 }, 100), false);
  assert.equal(isResting({}, 100), false);
});

test("a worker that rests does not count beside one that does not", () => {
  const resting = { slots: 4, restsUntil: 100, load: 1 };
  const awake = { slots: 2, load: 0.3 };
  assert.deepEqual(mergeRoom(resting, awake, 50), awake);
  assert.deepEqual(mergeRoom(awake, resting, 50), awake);
  assert.deepEqual(mergeRoom(resting, awake, 100), { slots: 6, load: 0.3 });
  assert.deepEqual(mergeRoom({ slots: 1 }, { slots: 2 }, 0), { slots: 3 });
});

test("workers that all rest come back together with the first of them", () => {
  const both = mergeRoom({ slots: 4, restsUntil: 300 }, { slots: 2, restsUntil: 200 }, 50);
  assert.deepEqual(both, { slots: 6, restsUntil: 200 });
  assert.equal(findWakeTime([{ restsUntil: 300 }, { restsUntil: 200 }, {}, { restsUntil: 40 }], 50), 200);
  assert.equal(findWakeTime([{}, { restsUntil: 40 }], 50), undefined);
});

test("two workers are as loaded as the less loaded one, and one without a limit is not loaded at all", () => {
  assert.equal(mergeRoom({ slots: 1, load: 0.6 }, { slots: 1, load: 0.2 }, 0).load, 0.2);
  assert.equal(mergeRoom({ slots: 1, load: 0.6 }, { slots: 1 }, 0).load, undefined);
});

test("a model that ran into a limit rests as long as it asked, within bounds, and no shorter than it said itself", () => {
  const offer: ModelOffer = {
    model: "sonnet",
    aliases: [],
    abilities: { tools: true, images: true, reasoning: true },
    slots: 1,
  };
  const other = { ...offer, model: "haiku" };
  for (const [askedMs, restsUntil] of [
    [7000, 7100],
    [undefined, 5100],
    [0, 1100],
    [1e12, 600_100],
  ] as const) {
    assert.deepEqual(restOffer([offer, other], "sonnet", askedMs, 100), [{ ...offer, restsUntil }, other]);
  }
  const longer = { ...offer, restsUntil: 1e12 };
  assert.deepEqual(restOffer([longer], "sonnet", 7000, 100), [longer]);
});

test("an alarm rings once, at the time that was set last", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const rung: string[] = [];
  const alarms = createAlarms((id) => rung.push(id));
  alarms.set("early", 100, 0);
  alarms.set("early", 300, 0);
  alarms.set("off", 100, 0);
  alarms.set("off", undefined, 0);
  t.mock.timers.tick(299);
  assert.deepEqual(rung, []);
  t.mock.timers.tick(1);
  t.mock.timers.tick(1000);
  assert.deepEqual(rung, ["early"]);
});

test("an alarm too far for a timer rings early, not at once", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let rung = 0;
  createAlarms(() => rung++).set("far", Number.MAX_SAFE_INTEGER, 0);
  t.mock.timers.tick(2_147_483_646);
  assert.equal(rung, 0);
  t.mock.timers.tick(1);
  assert.equal(rung, 1);
});
