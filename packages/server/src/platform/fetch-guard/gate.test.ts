import assert from "node:assert/strict";
import { test } from "node:test";
import { createGate } from "./gate.ts";

const never = new AbortController().signal;

test("no more run at once than may, the others begin in the order they came, and one who left is passed over", async () => {
  const gate = createGate(2);
  const begun: number[] = [];
  const works = Array.from({ length: 5 }, () => Promise.withResolvers<void>());
  const leaver = new AbortController();
  const passed = works.map(({ promise }, number) =>
    gate.pass(
      () => {
        begun.push(number);
        return promise;
      },
      number === 3 ? leaver.signal : never,
    ),
  );
  assert.deepEqual(begun, [0, 1]);
  leaver.abort(new Error("left"));
  await assert.rejects(passed[3] ?? Promise.resolve(), /left/);
  works[1]?.reject(new Error("failed"));
  await assert.rejects(passed[1] ?? Promise.resolve(), /failed/);
  assert.deepEqual(begun, [0, 1, 2]);
  works[0]?.resolve();
  await passed[0];
  assert.deepEqual(begun, [0, 1, 2, 4]);
  for (const { resolve } of works) resolve();
  await Promise.all([passed[2], passed[4]]);
  await gate.pass(() => Promise.resolve(), never);
});
