import assert from "node:assert/strict";
import { test } from "node:test";
import { AppError } from "@auxot/wire/errors";
import { tiers } from "@auxot/wire/model-offer";
import fc from "fast-check";
import { createOrgCaller, type Caller } from "../platform/caller.ts";
import type { ModelSettings } from "../records/models/settings.ts";
import type { Offer } from "../sources/source.ts";
import type { Needs } from "./needs.ts";
import { planRoute } from "./plan.ts";
import { createRouteRules, createRulesFor, openRules } from "./route-rules.ts";

const plain: Needs = { tools: false, images: false, documents: false, prefill: false, promptTokens: 10 };
const nothing: ModelSettings = { aliases: new Map(), visibility: [], routing: new Map() };
const member: Caller = {
  ...createOrgCaller("key_1", "app", false),
  principal: { type: "user", id: "usr_1" },
  teams: [{ id: "tem_1", name: "A", role: "member" }],
};

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

const gpu = offer({ aliases: ["small"] });
const gpt = offer({ tier: "cloud", provider: "openai", model: "gpt-5" });
const mini = offer({ tier: "cloud", provider: "openai", model: "gpt-5-mini" });
const all = [gpu, gpt, mini];

test("where nothing is set, everybody has the same open rules", () => {
  assert.equal(createRouteRules(nothing, member), openRules);
  const rulesFor = createRulesFor(() => nothing);
  const held = { ...member, models: ["gpt-5"] };
  assert.equal(rulesFor(held), rulesFor(held));
});

test("rules are worked out anew when the settings are others", () => {
  let settings = nothing;
  const rulesFor = createRulesFor(() => settings);
  assert.deepEqual(rulesFor(member).tiers, tiers);
  settings = { ...nothing, routing: new Map([["org", { defaultModel: null, tiers: ["cloud"], fallbacks: null }]]) };
  assert.deepEqual(rulesFor(member).tiers, ["cloud"]);
});

test("of several rules on who sees a model the one that names it best counts", () => {
  const visibility = [
    { model: "*", teams: new Set(["tem_2"]) },
    { model: "gpt-5*", teams: new Set(["tem_1"]) },
    { model: "openai/gpt-5-mini", teams: new Set<string>() },
  ];
  const rules = createRouteRules({ ...nothing, visibility }, member);
  assert.deepEqual(
    all.map((one) => rules.findBarrier(one)),
    ["hidden", undefined, "hidden"],
  );
  const admin = createRouteRules({ ...nothing, visibility }, { ...member, orgRole: "admin" });
  assert.deepEqual(
    all.map((one) => admin.findBarrier(one)),
    [undefined, undefined, undefined],
  );
});

test("of people in several teams the word of the first that says something counts, field by field", () => {
  const rules = createRouteRules(
    {
      ...nothing,
      routing: new Map([
        ["tem_1", { defaultModel: null, tiers: ["cloud", "gpu"], fallbacks: null }],
        ["tem_2", { defaultModel: "b", tiers: null, fallbacks: { x: ["y"] } }],
        ["org", { defaultModel: "c", tiers: null, fallbacks: { x: ["z"] } }],
      ]),
    },
    { ...member, teams: [...member.teams, { id: "tem_2", name: "B", role: "member" }] },
  );
  assert.deepEqual(rules.tiers, ["cloud", "gpu"]);
  assert.deepEqual(rules.expand("auto"), [["b"], ["auto"]]);
  assert.deepEqual(rules.expand("x"), [["x"], ["y"]]);
  assert.deepEqual(rules.expand("toString"), [["toString"]]);
});

test("an alias may stand for a model of its own name, and never for another alias", () => {
  const aliases = new Map([
    ["gpt-5", { models: ["llama", "gpt-5"], order: "listed" }],
    ["other", { models: ["gpt-5"], order: "listed" }],
  ] as const);
  const rules = createRouteRules({ ...nothing, aliases }, member);
  assert.deepEqual(planRoute("gpt-5", plain, all, 0, undefined, rules).free, [gpu, gpt]);
  assert.deepEqual(planRoute("other", plain, all, 0, undefined, rules).free, [gpt]);
});

test("what a plan leaves because of the caller's rules it gives a reason for", () => {
  const rules = createRouteRules(
    { ...nothing, routing: new Map([["org", { defaultModel: null, tiers: ["cloud"], fallbacks: null }]]) },
    { ...member, models: ["gpt-5", "small"] },
  );
  const { considered, free } = planRoute("auto", plain, all, 0, undefined, rules);
  assert.deepEqual(free, [gpt]);
  assert.deepEqual(
    new Map(considered.map(({ offer: one, left }) => [one.model, left])),
    new Map([
      ["llama", "tier-left-out"],
      ["gpt-5", undefined],
      ["gpt-5-mini", "not-allowed"],
    ]),
  );
});

const name = fc.constantFrom(
  "llama",
  "small",
  "gpt-5",
  "gpt-5-mini",
  "gpu/llama",
  "openai/auto",
  "auto",
  "fast",
  "none",
);
const pattern = fc.constantFrom("llama", "gpt*", "gpu/*", "openai/gpt-5", "fast", "*");
const settings: fc.Arbitrary<ModelSettings> = fc.record({
  aliases: fc
    .option(
      fc.record({ models: fc.array(name, { minLength: 1, maxLength: 3 }), order: fc.constantFrom("listed", "tiers") }),
    )
    .map((fast) => new Map(fast === null ? [] : [["fast", fast]])),
  visibility: fc.uniqueArray(
    fc.record({ model: pattern, teams: fc.uniqueArray(fc.constantFrom("tem_1", "tem_2")).map((ids) => new Set(ids)) }),
    { selector: ({ model }) => model, maxLength: 3 },
  ),
  routing: fc
    .dictionary(
      fc.constantFrom("org", "tem_1", "key_1"),
      fc.record({
        defaultModel: fc.option(name),
        tiers: fc.option(fc.shuffledSubarray([...tiers], { minLength: 1 })),
        fallbacks: fc.option(fc.dictionary(name, fc.array(name, { minLength: 1, maxLength: 2 }), { maxKeys: 2 })),
      }),
    )
    .map((routing) => new Map(Object.entries(routing))),
});

test("a plan takes nothing the caller may not use, whatever is set, and no refusal names what is hidden", () => {
  fc.assert(
    fc.property(settings, fc.option(fc.array(pattern, { minLength: 1, maxLength: 3 })), name, (set, models, asked) => {
      const rules = createRouteRules(set, { ...member, models });
      const hidden = all.filter((one) => rules.findBarrier(one) === "hidden");
      try {
        const { free, busy, considered } = planRoute(asked, plain, all, 0, undefined, rules);
        for (const one of [...free, ...busy]) assert.equal(rules.findBarrier(one), undefined);
        assert.ok(considered.every(({ offer: one }) => !hidden.includes(one)));
        const order = free.map(({ tier }) => rules.tiers.indexOf(tier));
        if (rules.expand(asked).length === 1)
          assert.deepEqual(
            order,
            order.toSorted((a, b) => a - b),
          );
      } catch (error) {
        assert.ok(error instanceof AppError, String(error));
        const said = error.message.replaceAll(JSON.stringify(asked), "").replace(/held to .*?\./, "");
        const own = new Set([...rules.expand(asked).flat(), ...rules.aliases]);
        for (const { model } of hidden)
          if (!own.has(model)) assert.ok(!said.includes(JSON.stringify(model)), error.message);
      }
    }),
    { numRuns: 3000 },
  );
});
