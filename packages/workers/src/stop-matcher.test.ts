import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createStopMatcher } from "./stop-matcher.ts";

function run(pieces: readonly string[], stops: readonly string[]): { text: string; matched: string | undefined } {
  const matcher = createStopMatcher(stops);
  let text = "";
  for (const piece of pieces) {
    const step = matcher.push(piece);
    text += step.text;
    if (step.matched !== undefined) return { text, matched: step.matched };
  }
  return { text: text + matcher.finish(), matched: undefined };
}

test("stops before a sequence that spans several pieces", () => {
  assert.deepEqual(run(["one t", "w", "o three"], ["two"]), { text: "one ", matched: "two" });
});

test("gives back what only looked like a beginning", () => {
  assert.deepEqual(run(["aab", "aac", "a"], ["aabb"]), { text: "aabaaca", matched: undefined });
});

test("lets text go at once when it cannot be part of a sequence", () => {
  assert.deepEqual(createStopMatcher(["END"]).push("hello E"), { text: "hello " });
});

test("finds the same stop however the text is split", () => {
  const letters = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 12 });
  const stops = fc.array(fc.string({ unit: fc.constantFrom("a", "b", "c"), minLength: 1, maxLength: 4 }), {
    minLength: 1,
    maxLength: 3,
  });
  fc.assert(
    fc.property(fc.array(letters, { maxLength: 6 }), stops, (pieces, stops) => {
      const whole = pieces.join("");
      const split = run(pieces, stops);
      assert.deepEqual(split, run([whole], stops));
      if (split.matched === undefined) assert.equal(split.text, whole);
      else assert.ok(whole.startsWith(split.text + split.matched));
    }),
  );
});
