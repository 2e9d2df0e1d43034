import assert from "node:assert/strict";
import { test } from "node:test";
import type { WorkerOffer } from "./live-worker.ts";
import { createRecentOffers } from "./recent-offers.ts";

function offer(model: string): WorkerOffer {
  const abilities = { tools: true, images: false, reasoning: false };
  return { provider: { id: "prv_1", name: "gpu", kind: "gpu" }, offer: { model, aliases: [], abilities, slots: 1 } };
}

test("keeps an offer that went for its time, and forgets it when it is back or the time is over", () => {
  const recent = createRecentOffers(100);
  const names = (now: number): string[] => recent.list(now).map((one) => one.offer.model);
  recent.onChange([offer("a"), offer("b")], 0);
  assert.deepEqual(names(0), []);
  recent.onChange([offer("b")], 10);
  assert.deepEqual(names(10), ["a"]);
  recent.onChange([], 50);
  assert.deepEqual(names(60), ["a", "b"]);
  assert.deepEqual(names(110), ["b"], "the time of the first is over");
  recent.onChange([offer("b")], 120);
  assert.deepEqual(names(120), []);
  recent.onChange([], 130, false);
  assert.deepEqual(names(130), [], "it was meant to go");
});
