import assert from "node:assert/strict";
import { test } from "node:test";
import { AppError } from "@auxot/wire/errors";
import { tiers } from "@auxot/wire/model-offer";
import { defaultTraits, type ModelTraits } from "@auxot/wire/model-traits";
import fc from "fast-check";
import type { Offer } from "../sources/source.ts";
import type { Needs } from "./needs.ts";
import { planRoute, type Plan } from "./plan.ts";

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
const cli = offer({ tier: "cli", provider: "claude", model: "sonnet" });
const gpu = offer({});

test("auto goes to the GPU first, then CLI, then cloud", () => {
  assert.deepEqual(planRoute("auto", plain, [cloud, cli, gpu], 0).free, [gpu, cli, cloud]);
});

test("a busy GPU is passed over for a free cloud and kept for waiting", () => {
  const busy = offer({ freeSlots: 0 });
  const plan = planRoute("auto", plain, [cloud, busy], 0);
  assert.deepEqual(plan.free, [cloud]);
  assert.deepEqual(plan.busy, [busy]);
});

test("a model is found by id, alias and provider/id", () => {
  const aliased = offer({ aliases: ["gpt"], model: "org/llama" });
  for (const name of ["org/llama", "gpt", "gpu/org/llama", "gpu/gpt", "gpu/auto"]) {
    assert.deepEqual(planRoute(name, plain, [aliased, cli], 0).free, [aliased], name);
  }
  assert.deepEqual(planRoute("gpt", plain, [cloud, aliased], 0).free, [aliased, cloud], "an alias joins the tiers");
  assert.deepEqual(planRoute("openai/gpt", plain, [cloud, aliased], 0).free, [cloud]);
});

test("an unknown model is refused with near matches", () => {
  assert.throws(
    () => planRoute("lama", plain, [gpu, cloud], 0),
    (error: unknown) =>
      error instanceof AppError && error.code === "model_not_found" && error.message.includes('"llama"'),
  );
});

test("tools, images and context decide, and the reasons are kept", () => {
  const weak = offer({ abilities: { tools: false, images: false, reasoning: false }, contextTokens: 100 });
  const plan = planRoute("auto", { ...plain, tools: true }, [weak, cloud], 0);
  assert.deepEqual(plan.free, [cloud]);
  assert.deepEqual(
    plan.considered.map(({ left }) => left),
    ["no-tools", undefined],
  );
  const cases: readonly (readonly [Needs, string, string])[] = [
    [{ ...plain, tools: true }, "invalid_request", "tools"],
    [{ ...plain, images: true }, "invalid_request", "messages"],
    [{ ...plain, promptTokens: 101 }, "context_length_exceeded", "messages"],
  ];
  for (const [needs, code, param] of cases) {
    assert.throws(
      () => planRoute("llama", needs, [weak], 0),
      (error: unknown) => error instanceof AppError && error.code === code && error.param === param,
    );
  }
});

test("a request that no model can serve is refused with the ability that is missing", () => {
  const traits = { ...defaultTraits, tools: false, documents: false, prefill: "refused" as const };
  const weak = offer({ abilities: { tools: false, images: false, reasoning: false }, traits });
  const able = { ...cloud, dialect: "anthropic-messages" as const };
  const cases: readonly (readonly [Partial<Needs>, RegExp])[] = [
    [{ images: true }, /^messages: "llama" takes no images\./],
    [{ documents: true }, /^messages: "llama" takes no documents such as PDFs\./],
    [{ prefill: true }, /^messages: "llama" does not go on with an answer that was begun/],
    [
      { vendor: { dialect: "anthropic-messages", field: "mcp_servers" } },
      /^mcp_servers: "llama" has nobody who calls MCP servers/,
    ],
    [{ tools: true }, /^tools: "llama" cannot call tools\./],
  ];
  for (const [needs, message] of cases) {
    assert.throws(
      () => planRoute("llama", { ...plain, ...needs }, [weak], 0),
      (error: unknown) => error instanceof AppError && error.code === "invalid_request" && message.test(error.message),
    );
    assert.deepEqual(planRoute("auto", { ...plain, ...needs }, [weak, able], 0).free, [able], "another can");
  }
});

test("a resting source is left out until its time, then planned again", () => {
  const resting = offer({ restsUntil: 5000 });
  assert.deepEqual(planRoute("auto", plain, [resting, cloud], 1000).free, [cloud]);
  assert.deepEqual(planRoute("auto", plain, [resting, cloud], 5000).free, [resting, cloud]);
  assert.throws(
    () => planRoute("llama", plain, [resting], 1000),
    (error: unknown) => error instanceof AppError && error.code === "no_capacity" && error.retryAfterMs === 4000,
  );
});

test("with nothing connected it says so", () => {
  assert.throws(
    () => planRoute("auto", plain, [], 0),
    (error: unknown) => error instanceof AppError && error.code === "no_capacity",
  );
});

test("a conversation stays with its provider, busy or not, and there with its model", () => {
  const busy = offer({ freeSlots: 0 });
  const pin = { provider: "openai", model: "gpt" };
  assert.deepEqual(planRoute("auto", plain, [gpu, cloud], 0, pin).free, [cloud]);
  const other = offer({ ...cloud, model: "gpt-mini" });
  assert.deepEqual(planRoute("auto", plain, [gpu, other, cloud], 0, pin).free, [cloud, other]);
  assert.deepEqual(
    planRoute("gpt-mini", plain, [gpu, other, cloud], 0, pin).free,
    [other],
    "the caller's model counts",
  );
  const waiting = planRoute("auto", plain, [busy, cloud], 0, { provider: "gpu", model: "llama" });
  assert.deepEqual([waiting.free, waiting.busy], [[], [busy]]);
  assert.deepEqual(
    waiting.considered.map(({ left }) => left),
    ["busy", "pinned-elsewhere"],
  );
});

test("a conversation moves on when its provider has nothing that fits", () => {
  const pin = { provider: "openai", model: "gpt" };
  assert.deepEqual(planRoute("auto", plain, [gpu, cli], 0, pin).free, [gpu, cli], "gone");
  assert.deepEqual(planRoute("auto", plain, [gpu, { ...cloud, restsUntil: 5000 }], 0, pin).free, [gpu], "resting");
  assert.deepEqual(planRoute("llama", plain, [gpu, cloud], 0, pin).free, [gpu], "another model was asked for");
});

const traits: fc.Arbitrary<ModelTraits> = fc
  .record({ documents: fc.boolean(), prefill: fc.constantFrom("continued", "ignored", "refused") })
  .map((some) => ({ ...defaultTraits, ...some }));

const bareOffer: fc.Arbitrary<Offer> = fc.record({
  tier: fc.constantFrom(...tiers),
  providerId: fc.constant("prv_x"),
  provider: fc.constantFrom("gpu", "openai"),
  model: fc.constantFrom("a", "b", "a/b"),
  aliases: fc.subarray(["x", "y"]),
  abilities: fc.record({ tools: fc.boolean(), images: fc.boolean(), reasoning: fc.boolean() }),
  contextTokens: fc.constantFrom(undefined, 10, 1000),
  freeSlots: fc.nat(2),
  restsUntil: fc.constantFrom(0, 100),
});
const anyOffer = fc.oneof(
  bareOffer,
  fc.tuple(bareOffer, traits).map(([one, known]): Offer => ({ ...one, traits: known })),
);

const anyNeeds = fc.record({
  tools: fc.boolean(),
  images: fc.boolean(),
  documents: fc.boolean(),
  prefill: fc.boolean(),
  promptTokens: fc.nat(100),
});

/** Undefined where nothing can answer. */
function tryPlan(...args: Parameters<typeof planRoute>): Plan | undefined {
  try {
    return planRoute(...args);
  } catch (error) {
    assert.ok(error instanceof AppError);
    return undefined;
  }
}

test("a pin changes the order and never what can be answered: with it a plan has the provider's offers alone, or all", () => {
  const pins = fc.record({ provider: fc.constantFrom("gpu", "openai", "gone"), model: fc.constantFrom("a", "b") });
  fc.assert(
    fc.property(fc.array(anyOffer, { maxLength: 8 }), anyNeeds, pins, (offers, needs, pin) => {
      const all = tryPlan("auto", needs, offers, 50);
      const pinned = tryPlan("auto", needs, offers, 50, pin);
      assert.equal(pinned === undefined, all === undefined);
      if (pinned === undefined || all === undefined) return;
      const isOwn = ({ provider }: Offer): boolean => provider === pin.provider;
      const isHeld = [...all.free, ...all.busy].some(isOwn);
      for (const list of ["free", "busy"] as const) {
        assert.deepEqual(new Set(pinned[list]), new Set(isHeld ? all[list].filter(isOwn) : all[list]));
        const ranks: boolean[] = pinned[list].filter(isOwn).map(({ model }) => model !== pin.model);
        assert.deepEqual(ranks, ranks.toSorted());
      }
      assert.equal(pinned.considered.length, all.considered.length);
    }),
    { numRuns: 500 },
  );
});

test("a plan holds each fitting offer exactly once, in the order of tiers, and never one that does not fit", () => {
  fc.assert(
    fc.property(
      fc.array(anyOffer, { maxLength: 8 }),
      anyNeeds,
      fc.constantFrom("auto", "a", "x", "gpu/a"),
      (offers, need, model) => {
        let plan;
        try {
          plan = planRoute(model, need, offers, 50);
        } catch (error) {
          assert.ok(error instanceof AppError);
          return;
        }
        const taken = [...plan.free, ...plan.busy];
        assert.equal(taken.length, new Set(taken).size);
        for (const list of [plan.free, plan.busy]) {
          const order = list.map((one) => tiers.indexOf(one.tier));
          assert.deepEqual(
            order,
            order.toSorted((p, q) => p - q),
          );
        }
        for (const { offer: one, left } of plan.considered) {
          const fits =
            (!need.tools || one.abilities.tools) &&
            (!need.images || one.abilities.images) &&
            (!need.documents || (one.traits?.documents ?? one.abilities.images)) &&
            (!need.prefill || one.traits?.prefill !== "refused") &&
            (one.contextTokens === undefined || need.promptTokens <= one.contextTokens) &&
            (one.restsUntil ?? 0) <= 50;
          assert.equal(taken.includes(one), fits);
          assert.equal(left === undefined, fits && one.freeSlots > 0);
        }
      },
    ),
    { numRuns: 500 },
  );
});

test("a limit keeps a request from clouds: the reason is kept, and its refusal is told when nothing else is left", () => {
  const refusal = new AppError("insufficient_quota", "The budget is used up.");
  const restriction = { bars: ({ tier }: Pick<Offer, "tier">) => tier === "cloud", refusal };
  const busy = offer({ freeSlots: 0 });
  const plan = planRoute("auto", plain, [cloud, busy], 0, undefined, undefined, restriction);
  assert.deepEqual([plan.free, plan.busy], [[], [busy]], "it waits for the GPU");
  assert.deepEqual(plan.considered.find(({ offer: one }) => one === cloud)?.left, "over-limit");
  assert.throws(() => planRoute("gpt", plain, [cloud], 0, undefined, undefined, restriction), refusal);
  assert.throws(
    () => planRoute("auto", plain, [cloud, offer({ restsUntil: 5000 })], 0, undefined, undefined, restriction),
    (error: unknown) => error instanceof AppError && error.code === "no_capacity",
    "the GPU is back sooner than the budget",
  );
});
