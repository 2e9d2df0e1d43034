import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createTakeTurn } from "./take-turns.ts";

describe("turns", () => {
  it("run a few at once, the others in order, and refuse when too many wait", async () => {
    const take = createTakeTurn({ maxRunning: 2, maxWaiting: 2, refusal: "Too many." });
    const gates = Array.from({ length: 4 }, () => Promise.withResolvers<void>());
    const started: number[] = [];
    const runs = gates.map(({ promise }, index) =>
      take(async () => {
        started.push(index);
        await promise;
        return index;
      }),
    );
    assert.deepEqual(started, [0, 1]);
    await assert.rejects(
      take(() => Promise.resolve(9)),
      { code: "no_capacity", message: "Too many.", retryAfterMs: 2000 },
    );
    gates[1]?.resolve();
    assert.equal(await runs[1], 1);
    assert.deepEqual(started, [0, 1, 2]);
    for (const gate of gates) gate.resolve();
    assert.deepEqual(await Promise.all(runs), [0, 1, 2, 3]);
    assert.equal(await take(() => Promise.resolve(9)), 9);
  });

  it("go on when one fails", async () => {
    const take = createTakeTurn({ maxRunning: 1, maxWaiting: 5, refusal: "Too many." });
    const failing = take(() => Promise.reject(new Error("broken")));
    const next = take(() => Promise.resolve("fine"));
    await assert.rejects(failing, /broken/);
    assert.equal(await next, "fine");
  });
});
