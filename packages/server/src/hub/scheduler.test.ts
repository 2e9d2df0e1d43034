import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createScheduler, type Effect, type SlotRequest, type Target } from "./scheduler.ts";

const target = { providerId: "prv_gpu", model: "m" };

function request(requestId: string, callerId = "a", mayWait = true): SlotRequest {
  return { requestId, callerId, targets: [target], mayWait };
}

function started(effects: readonly Effect[]): string[] {
  return effects.filter((effect) => effect.type === "start").map((effect) => effect.requestId);
}

test("gives a free slot at once and lets the next request wait for it", () => {
  const scheduler = createScheduler(10);
  scheduler.onOffers("w1", "prv_gpu", [{ model: "m", slots: 1 }]);
  assert.deepEqual(scheduler.onRequest(request("r1")), [
    { type: "start", requestId: "r1", workerId: "w1", model: "m" },
  ]);
  assert.deepEqual(scheduler.onRequest(request("r2")), []);
  assert.deepEqual(started(scheduler.onSlotFree("r1")), ["r2"]);
});

test("spreads jobs over workers by their share of busy slots", () => {
  const scheduler = createScheduler(10);
  scheduler.onOffers("w1", "prv_gpu", [{ model: "m", slots: 1 }]);
  scheduler.onOffers("w2", "prv_gpu", [{ model: "m", slots: 3 }]);
  const workers = ["r1", "r2", "r3", "r4"].flatMap((id) => scheduler.onRequest(request(id)));
  assert.deepEqual(workers.map(placeOf), ["w1", "w2", "w2", "w2"]);
});

test("serves callers in turn, however many requests one of them has queued", () => {
  const scheduler = createScheduler(100);
  scheduler.onOffers("w1", "prv_gpu", [{ model: "m", slots: 1 }]);
  scheduler.onRequest(request("first"));
  for (let i = 0; i < 5; i++) scheduler.onRequest(request(`greedy${i}`, "greedy"));
  scheduler.onRequest(request("modest", "modest"));
  assert.deepEqual(started(scheduler.onSlotFree("first")), ["greedy0"]);
  assert.deepEqual(started(scheduler.onSlotFree("greedy0")), ["modest"]);
});

test("refuses at once when the request may not wait, and when the queue is full", () => {
  const scheduler = createScheduler(1);
  assert.deepEqual(scheduler.onRequest(request("r1", "a", false)), [
    { type: "refuse", requestId: "r1", reason: "busy" },
  ]);
  assert.deepEqual(scheduler.onRequest(request("r2")), []);
  assert.deepEqual(scheduler.onRequest(request("r3")), [{ type: "refuse", requestId: "r3", reason: "queue-full" }]);
});

test("a worker that joins takes the requests that wait for its model", () => {
  const scheduler = createScheduler(10);
  scheduler.onRequest(request("r1"));
  scheduler.onRequest({ ...request("r2"), targets: [{ providerId: "prv_gpu", model: "other" }] });
  assert.deepEqual(started(scheduler.onOffers("w1", "prv_gpu", [{ model: "m", slots: 4 }])), ["r1"]);
  assert.equal(scheduler.queueLength(), 1);
});

test("a waiting request takes another model when it may, and keeps its place", () => {
  const scheduler = createScheduler(10);
  scheduler.onOffers("w1", "prv_gpu", [{ model: "other", slots: 1 }]);
  scheduler.onRequest(request("r1"));
  scheduler.onRequest(request("r2"));
  const other = [{ providerId: "prv_gpu", model: "other" }];
  assert.deepEqual(started(scheduler.onTargets("r2", other)), ["r2"]);
  assert.deepEqual(scheduler.onTargets("r1", [...other, target]), []);
  assert.deepEqual(started(scheduler.onSlotFree("r2")), ["r1"]);
  assert.deepEqual(scheduler.onTargets("r1", other), []);
});

test("a job goes where least of the limit is used, then to the least busy worker", () => {
  const scheduler = createScheduler(10);
  scheduler.onOffers("w1", "prv_gpu", [{ model: "m", slots: 2, load: 0.5 }]);
  scheduler.onOffers("w2", "prv_gpu", [{ model: "m", slots: 1, load: 0.1 }]);
  scheduler.onOffers("w3", "prv_gpu", [{ model: "m", slots: 2, load: 0.5 }]);
  const workers = ["r1", "r2", "r3"].flatMap((id) => scheduler.onRequest(request(id)));
  assert.deepEqual(workers.map(placeOf), ["w2", "w1", "w3"]);
  scheduler.onOffers("w3", "prv_gpu", [{ model: "m", slots: 2, load: 0.4 }]);
  assert.deepEqual(scheduler.onRequest(request("r4")).map(placeOf), ["w3"], "an offer says it anew");
});

test("a request gets the worker it prefers when that has a free slot, and any other at once when it has not", () => {
  const scheduler = createScheduler(10);
  scheduler.onOffers("w1", "prv_gpu", [{ model: "m", slots: 4 }]);
  scheduler.onOffers("w2", "prv_gpu", [{ model: "m", slots: 1, load: 0.9 }]);
  const places = ["r1", "r2"].flatMap((id) => scheduler.onRequest({ ...request(id), preferWorkerId: "w2" }));
  assert.deepEqual(places.map(placeOf), ["w2", "w1"]);
  assert.deepEqual(scheduler.onRequest({ ...request("r3"), preferWorkerId: "gone" }).map(placeOf), ["w1"]);
});

test("a waiting request takes the slot of the worker it prefers when several come free", () => {
  const scheduler = createScheduler(10);
  scheduler.onRequest({ ...request("r1"), preferWorkerId: "w1", targets: [{ ...target, model: "later" }] });
  scheduler.onOffers("w1", "prv_gpu", [{ model: "m", slots: 1, load: 0.5 }]);
  scheduler.onOffers("w2", "prv_gpu", [{ model: "m", slots: 1 }]);
  assert.deepEqual(scheduler.onTargets("r1", [target]).map(placeOf), ["w1"]);
});

test("a request for one worker alone waits for it in turn, and takes no other's slot until it may", () => {
  const scheduler = createScheduler(10);
  scheduler.onOffers("w1", "prv_gpu", [{ model: "m", slots: 1 }]);
  scheduler.onOffers("w2", "prv_gpu", [{ model: "m", slots: 2 }]);
  const only = { ...target, workerId: "w1" };
  assert.deepEqual(scheduler.onRequest({ ...request("r1"), targets: [only] }).map(placeOf), ["w1"]);
  assert.deepEqual(scheduler.onRequest({ ...request("r2"), targets: [only] }), []);
  assert.deepEqual(scheduler.onRequest(request("r3")).map(placeOf), ["w2"], "nobody waits behind it");
  assert.equal(scheduler.freeSlots(only), 0);
  assert.deepEqual(scheduler.onTargets("r2", [target]).map(placeOf), ["w2"]);
});

function placeOf(effect: Effect): string {
  return effect.type === "start" ? effect.workerId : "refused";
}

test("a paused worker finishes its jobs but gets no new ones", () => {
  const scheduler = createScheduler(10);
  scheduler.onOffers("w1", "prv_gpu", [{ model: "m", slots: 2 }]);
  scheduler.onRequest(request("r1"));
  scheduler.onWorkerPaused("w1");
  assert.deepEqual(scheduler.onRequest(request("r2")), []);
  assert.deepEqual(scheduler.onSlotFree("r1"), []);
  assert.deepEqual(started(scheduler.onOffers("w1", "prv_gpu", [{ model: "m", slots: 2 }])), ["r2"]);
});

type Step =
  | {
      readonly do: "request";
      readonly caller: number;
      readonly model: number;
      readonly mayWait: boolean;
      readonly prefer: number | undefined;
      readonly only: boolean;
    }
  | { readonly do: "cancel" | "free"; readonly pick: number }
  | { readonly do: "offers"; readonly worker: number; readonly slots: readonly number[] }
  | { readonly do: "retarget"; readonly pick: number; readonly model: number }
  | { readonly do: "pause" | "gone"; readonly worker: number };

const steps = fc.array(
  fc.oneof(
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant("retarget" as const), pick: fc.nat(1000), model: fc.nat(1) }),
    },
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant("request" as const),
        caller: fc.nat(3),
        model: fc.nat(1),
        mayWait: fc.boolean(),
        prefer: fc.option(fc.nat(2), { nil: undefined }),
        only: fc.boolean(),
      }),
    },
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constantFrom("cancel" as const, "free" as const, "free" as const),
        pick: fc.nat(1000),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant("offers" as const),
        worker: fc.nat(2),
        slots: fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 2 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("pause" as const, "gone" as const), worker: fc.nat(2) }) },
  ),
  { minLength: 1, maxLength: 120 },
);

test("no slot is used twice, no request is lost, a cancelled one never starts, nobody overtakes in their own queue", () => {
  fc.assert(
    fc.property(steps, (script: readonly Step[]) => {
      const scheduler = createScheduler(20);
      const waiting = new Map<string, SlotRequest>();
      const running = new Map<string, { workerId: string; model: string }>();
      const finished = new Set<string>();
      const offers = new Map<string, Map<string, number>>();
      const apply = (effects: readonly Effect[]): void => {
        for (const effect of effects) {
          assert.ok(!finished.has(effect.requestId), "a finished or cancelled request came up again");
          if (effect.type === "start") {
            const queue = waiting.get(effect.requestId);
            if (queue !== undefined) {
              for (const [id, other] of waiting) {
                if (id === effect.requestId) break;
                const first: Target | undefined = other.targets[0];
                const own: Target | undefined = queue.targets[0];
                const same: boolean =
                  other.callerId === queue.callerId &&
                  first?.model === own?.model &&
                  (first?.workerId === undefined || first.workerId === own?.workerId);
                assert.ok(!same, "a later request of the same caller and model went first");
              }
            }
            const { targets, preferWorkerId } = queue ?? {};
            const only = targets?.[0]?.workerId;
            assert.ok(only === undefined || only === effect.workerId, "a request for one worker ran on another");
            const preferred = offers.get(preferWorkerId ?? "")?.get(effect.model) ?? 0;
            const taken = [...running.values()].filter(
              (r) => r.workerId === preferWorkerId && r.model === effect.model,
            );
            if (only === undefined && taken.length < preferred)
              assert.equal(effect.workerId, preferWorkerId, "the preferred worker's free slot was left");
            running.set(effect.requestId, { workerId: effect.workerId, model: effect.model });
            const busy = [...running.values()].filter(
              (r) => r.workerId === effect.workerId && r.model === effect.model,
            );
            assert.ok(busy.length <= (offers.get(effect.workerId)?.get(effect.model) ?? 0), "more jobs than slots");
          } else finished.add(effect.requestId);
          waiting.delete(effect.requestId);
        }
      };
      for (const [index, step] of script.entries()) {
        switch (step.do) {
          case "request": {
            const worker = step.prefer === undefined ? undefined : `w${step.prefer}`;
            const only = worker === undefined || !step.only ? {} : { workerId: worker };
            const one: SlotRequest = {
              ...request(`r${index}`, `c${step.caller}`, step.mayWait),
              targets: [{ providerId: "prv_gpu", model: `m${step.model}`, ...only }],
              ...(worker === undefined ? {} : { preferWorkerId: worker }),
            };
            waiting.set(one.requestId, one);
            apply(scheduler.onRequest(one));
            break;
          }
          case "cancel": {
            const id = [...waiting.keys()][step.pick % Math.max(1, waiting.size)];
            if (id === undefined) break;
            waiting.delete(id);
            finished.add(id);
            apply(scheduler.onCancel(id));
            break;
          }
          case "free": {
            const id = [...running.keys()][step.pick % Math.max(1, running.size)];
            if (id === undefined) break;
            running.delete(id);
            finished.add(id);
            apply(scheduler.onSlotFree(id));
            break;
          }
          case "retarget": {
            const id = [...waiting.keys()][step.pick % Math.max(1, waiting.size)];
            const one = id === undefined ? undefined : waiting.get(id);
            if (id === undefined || one === undefined) break;
            const targets = [{ providerId: "prv_gpu", model: `m${step.model}` }];
            waiting.set(id, { ...one, targets });
            apply(scheduler.onTargets(id, targets));
            break;
          }
          case "offers": {
            const list = step.slots.map((slots, model) => ({ model: `m${model}`, slots }));
            offers.set(`w${step.worker}`, new Map(list.map((offer) => [offer.model, offer.slots])));
            apply(scheduler.onOffers(`w${step.worker}`, "prv_gpu", list));
            break;
          }
          case "pause":
            offers.delete(`w${step.worker}`);
            scheduler.onWorkerPaused(`w${step.worker}`);
            break;
          case "gone":
            offers.delete(`w${step.worker}`);
            scheduler.onWorkerGone(`w${step.worker}`);
            for (const [id, place] of running) if (place.workerId === `w${step.worker}`) running.delete(id);
            break;
        }
        assert.equal(scheduler.queueLength(), waiting.size, "a request was lost");
        for (const one of waiting.values())
          assert.equal(scheduler.freeSlots(one.targets[0] ?? target), 0, "a request waits beside a free slot");
      }
    }),
    { numRuns: 400 },
  );
});

test("nobody starves: with slots freeing one by one, every caller is served within one round", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(5), { minLength: 1, maxLength: 60 }), (callers) => {
      const scheduler = createScheduler(1000);
      scheduler.onOffers("w1", "prv_gpu", [{ model: "m", slots: 1 }]);
      scheduler.onRequest(request("blocker", "blocker"));
      for (const [index, caller] of callers.entries()) scheduler.onRequest(request(`${caller}:${index}`, `c${caller}`));
      const distinct = new Set(callers).size;
      const firstRound: string[] = [];
      for (let id: string | undefined = "blocker"; id !== undefined && firstRound.length < distinct;) {
        id = started(scheduler.onSlotFree(id))[0];
        if (id !== undefined) firstRound.push(id.split(":")[0] ?? "");
      }
      assert.equal(new Set(firstRound).size, distinct);
    }),
  );
});

type Turn =
  | { readonly do: "request"; readonly caller: number; readonly mayWait: boolean; readonly prefer: number }
  | { readonly do: "cancel" | "free"; readonly pick: number };

const turns: fc.Arbitrary<Turn[]> = fc.array(
  fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant("request" as const),
        caller: fc.nat(3),
        mayWait: fc.boolean(),
        prefer: fc.nat(3),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constantFrom("cancel" as const, "free" as const), pick: fc.nat(1000) }),
    },
  ),
  { maxLength: 100 },
);

test("a preferred worker changes where requests run and never when: nobody waits longer, nobody goes first", () => {
  fc.assert(
    fc.property(turns, fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 }), (script, slots) => {
      const run = (prefers: boolean): string[] => {
        const scheduler = createScheduler(5);
        for (const [at, count] of slots.entries())
          scheduler.onOffers(`w${at}`, "prv_gpu", [{ model: "m", slots: count }]);
        const story: string[] = [];
        const running: string[] = [];
        for (const [index, turn] of script.entries()) {
          const effects = ((): Effect[] => {
            if (turn.do === "request") {
              const plain = request(`r${index}`, `c${turn.caller}`, turn.mayWait);
              return scheduler.onRequest(prefers ? { ...plain, preferWorkerId: `w${turn.prefer}` } : plain);
            }
            if (turn.do === "cancel") return scheduler.onCancel(`r${turn.pick % script.length}`);
            const [id] = running.splice(turn.pick % Math.max(1, running.length), 1);
            return id === undefined ? [] : scheduler.onSlotFree(id);
          })();
          for (const { type, requestId } of effects) {
            story.push(`${index}: ${type} ${requestId}`);
            if (type === "start") running.push(requestId);
          }
        }
        return story;
      };
      assert.deepEqual(run(true), run(false));
    }),
    { numRuns: 400 },
  );
});
