import assert from "node:assert/strict";
import { test } from "node:test";
import { createAffinity, type Holder } from "./affinity.ts";
import type { Conversation } from "./conversation.ts";

const desk: Holder = { workerId: "w1", provider: "cli", model: "sonnet" };
const other: Holder = { ...desk, workerId: "w2" };
const minutes = 60_000;

function ask(part: Partial<Conversation>): Conversation {
  return { callerId: "key_1", answers: [], ...part };
}

test("results find the worker that waits for them, whichever call they answer, for ten minutes", () => {
  let now = 0;
  const affinity = createAffinity(() => now);
  affinity.onParked("key_1", ["call_a", "call_b"], desk);
  assert.deepEqual(affinity.findParked(ask({ answers: ["call_x", "call_b"] })), desk);
  assert.equal(affinity.findParked(ask({ answers: ["call_x"] })), undefined);
  now = 10 * minutes - 1;
  assert.deepEqual(affinity.findParked(ask({ answers: ["call_a"] })), desk);
  now = 10 * minutes;
  assert.equal(affinity.findParked(ask({ answers: ["call_a"] })), undefined);
});

test("another caller's results reach nobody who waits, and another caller's session nobody's worker", () => {
  const affinity = createAffinity(() => 0);
  affinity.onParked("key_1", ["call_a"], desk);
  affinity.onStart(ask({ session: "s" }), desk);
  assert.equal(affinity.findParked(ask({ callerId: "key_2", answers: ["call_a"] })), undefined);
  assert.equal(affinity.findLast(ask({ callerId: "key_2", session: "s" })), undefined);
  assert.deepEqual(affinity.findLast(ask({ session: "s" })), desk);
});

test("once the results went somewhere nobody waits for them any more, and the session is where they went", () => {
  const affinity = createAffinity(() => 0);
  affinity.onParked("key_1", ["call_a"], desk);
  const follow = ask({ answers: ["call_a"], session: "s" });
  affinity.onStart(follow, other);
  assert.equal(affinity.findParked(follow), undefined);
  assert.deepEqual(affinity.findLast(follow), other);
});

test("a worker that left is remembered by nothing", () => {
  const affinity = createAffinity(() => 0);
  affinity.onParked("key_1", ["call_a"], desk);
  affinity.onParked("key_1", ["call_b"], other);
  affinity.onStart(ask({ session: "s" }), desk);
  affinity.onWorkerGone("w1");
  assert.equal(affinity.findParked(ask({ answers: ["call_a"] })), undefined);
  assert.equal(affinity.findLast(ask({ session: "s" })), undefined);
  assert.deepEqual(affinity.findParked(ask({ answers: ["call_b"] })), other);
});

test("what is remembered is bounded: the oldest is forgotten, and no job or id takes much of it", () => {
  const affinity = createAffinity(() => 0);
  const find = (id: string): Holder | undefined => affinity.findParked(ask({ answers: [id] }));
  affinity.onParked("key_1", ["first"], desk);
  affinity.onParked(
    "key_1",
    Array.from({ length: 1000 }, (_, at) => `many_${at}`),
    desk,
  );
  assert.equal(find("many_64"), undefined);
  affinity.onParked("key_1", ["x".repeat(201)], desk);
  assert.equal(find("x".repeat(201)), undefined);
  for (let at = 0; at < 10_000; at++) affinity.onParked("key_1", [`call_${at}`], desk);
  assert.equal(find("first"), undefined);
  assert.deepEqual(find("call_0"), desk);
});
