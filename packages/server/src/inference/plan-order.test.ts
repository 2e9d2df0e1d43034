// The order within a tier, and pins that hold less than firmly.

import assert from "node:assert/strict";
import { test } from "node:test";
import { AppError } from "@auxot/wire/errors";
import { tiers } from "@auxot/wire/model-offer";
import fc from "fast-check";
import type { Offer } from "../sources/source.ts";
import type { Needs } from "./needs.ts";
import { planRoute, type Pin } from "./plan.ts";

const plain: Needs = { tools: false, images: false, documents: false, prefill: false, promptTokens: 10 };

function offer(part: Partial<Offer>): Offer {
  return {
    tier: "gpu",
    providerId: `prv_${part.provider ?? "gpu"}`,
    provider: "gpu",
    model: "llama",
    aliases: [],
    abilities: { tools: true, images: true, reasoning: false },
    contextTokens: 4096,
    freeSlots: 1,
    ...part,
  };
}

const cloud = offer({ tier: "cloud", provider: "openai", model: "gpt", freeSlots: 100 });
const sonnet = offer({ tier: "cli", provider: "claude", model: "sonnet" });
const haiku = offer({ ...sonnet, model: "haiku" });
const gpu = offer({});
const busy = (one: Offer): Offer => ({ ...one, freeSlots: 0 });

test("the CLI is asked after the GPU and before the cloud", () => {
  assert.deepEqual(planRoute("auto", plain, [cloud, sonnet, gpu], 0).free, [gpu, sonnet, cloud]);
  assert.deepEqual(planRoute("auto", plain, [cloud, sonnet, busy(gpu)], 0).free, [sonnet, cloud]);
});

test("of CLI accounts the one with most left of its limit is asked first, and one used up not before it begins anew", () => {
  const used = offer({ ...sonnet, provider: "first", load: 0.8 });
  const fresh = offer({ ...sonnet, provider: "second", load: 0.2 });
  const empty = offer({ ...sonnet, provider: "third", load: 1, restsUntil: 9000 });
  assert.deepEqual(planRoute("auto", plain, [empty, used, fresh], 0).free, [fresh, used]);
  assert.deepEqual(
    planRoute("auto", plain, [empty, used, fresh], 0).considered.map(({ left }) => left),
    [undefined, undefined, "resting"],
  );
  assert.deepEqual(planRoute("auto", plain, [empty, used, fresh], 9000).free, [fresh, used, empty]);
});

test("of two providers of one model the one with more free slots is asked first; auto does not change models for a slot", () => {
  const [here, there] = [offer({ provider: "here", freeSlots: 1 }), offer({ provider: "there", freeSlots: 3 })];
  const roomier = offer({ model: "tiny", freeSlots: 8 });
  assert.deepEqual(planRoute("auto", plain, [here, roomier, there], 0).free, [there, here, roomier]);
});

test("clouds are asked in the order of the configuration, whatever models they share", () => {
  const clouds = ["a", "b"].flatMap((provider) => [
    offer({ ...cloud, provider, model: `only-${provider}` }),
    offer({ ...cloud, provider, model: "shared" }),
  ]);
  assert.deepEqual(planRoute("auto", plain, clouds, 0).free, clouds);
});

test("a model that is out for hours says for how long, and tells clients when to come again", () => {
  const rests = { ...sonnet, restsUntil: 3 * 3_600_000 };
  assert.throws(
    () => planRoute("sonnet", plain, [rests], 0),
    (error: unknown) =>
      error instanceof AppError &&
      error.code === "no_capacity" &&
      error.retryAfterMs === 3 * 3_600_000 &&
      /"sonnet" for 3 h: .* used up its limit/.test(error.message),
  );
});

test("a model whose name holds a slash is found by its name and behind its provider's", () => {
  const named = offer({ tier: "cli", provider: "cli", model: "claude-code/sonnet", aliases: ["sonnet"] });
  const split = offer({ tier: "cli", provider: "claude-code", model: "sonnet" });
  for (const model of ["claude-code/sonnet", "cli/claude-code/sonnet", "sonnet", "cli/sonnet"])
    assert.deepEqual(planRoute(model, plain, [gpu, named, cloud], 0).free, [named], model);
  assert.deepEqual(planRoute("claude-code/sonnet", plain, [gpu, split], 0).free, [split]);
  assert.deepEqual(planRoute("claude-code/sonnet", plain, [named, split], 0).free, [named, split], "either way");
  assert.throws(
    () => planRoute("claude-code/sonet", plain, [named], 0),
    (error: unknown) => error instanceof AppError && error.message.includes('"claude-code/sonnet"'),
  );
});

const loop: Pin = { provider: "claude", model: "sonnet", holds: "while-free" };

test("in the middle of a tool loop a GPU that came free does not take over from the model that called the tools", () => {
  assert.deepEqual(planRoute("auto", plain, [gpu, haiku, sonnet, cloud], 0, loop).free, [sonnet]);
  assert.deepEqual(
    planRoute("auto", plain, [gpu, sonnet], 0, loop).considered.map(({ left }) => left),
    [undefined, "pinned-elsewhere"],
  );
});

test("a tool loop moves on when its model is busy, gone, resting or cannot take the request", () => {
  assert.deepEqual(planRoute("auto", plain, [gpu, busy(sonnet)], 0, loop).free, [gpu]);
  assert.deepEqual(planRoute("auto", plain, [gpu, haiku], 0, loop).free, [gpu, haiku]);
  assert.deepEqual(planRoute("auto", plain, [gpu, { ...sonnet, restsUntil: 10 }], 0, loop).free, [gpu]);
  assert.deepEqual(
    planRoute("auto", { ...plain, promptTokens: 9000 }, [sonnet, { ...gpu, contextTokens: 10_000 }], 0, loop).free
      .length,
    1,
  );
});

test("whoever answered a session before is asked first of its tier and never before another tier", () => {
  const other = offer({ ...sonnet, provider: "second", load: 0.5 });
  const last: Pin = { provider: "second", model: "sonnet", holds: "within-tier" };
  assert.deepEqual(planRoute("auto", plain, [gpu, sonnet, other], 0, last).free, [gpu, other, sonnet]);
  assert.deepEqual(planRoute("auto", plain, [gpu, sonnet, busy(other)], 0, last).free, [gpu, sonnet]);
});

const anyOffer: fc.Arbitrary<Offer> = fc
  .record({
    tier: fc.constantFrom(...tiers),
    provider: fc.constantFrom("p", "q"),
    model: fc.constantFrom("a", "b"),
    freeSlots: fc.nat(3),
    load: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined }),
    restsUntil: fc.constantFrom(0, 100),
  })
  .map(({ load, ...rest }) => offer({ ...rest, ...(load === undefined ? {} : { load }) }));

const anyPin = fc.record({
  provider: fc.constantFrom("p", "q", "gone"),
  model: fc.constantFrom("a", "b"),
  holds: fc.constantFrom("while-free" as const, "within-tier" as const),
});

test("affinity never makes a request wait while an offer is free, and within a tier leaves nobody out", () => {
  fc.assert(
    fc.property(fc.array(anyOffer, { minLength: 1, maxLength: 8 }), anyPin, (offers, pin) => {
      const plan = (some?: Pin): ReturnType<typeof planRoute> | undefined => {
        try {
          return planRoute("auto", plain, offers, 50, some);
        } catch {
          return undefined;
        }
      };
      const [all, pinned] = [plan(), plan(pin)];
      assert.equal(all === undefined, pinned === undefined);
      if (all === undefined || pinned === undefined) return;
      assert.equal(pinned.free.length > 0, all.free.length > 0);
      assert.ok(pinned.free.every((one) => all.free.includes(one)));
      if (pin.holds === "while-free") return;
      assert.deepEqual(new Set(pinned.free), new Set(all.free));
      assert.deepEqual(new Set(pinned.busy), new Set(all.busy));
      assert.deepEqual(
        pinned.free.map(({ tier }) => tier),
        all.free.map(({ tier }) => tier),
      );
    }),
    { numRuns: 500 },
  );
});
