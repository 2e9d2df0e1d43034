// Whatever a file declares and whatever was there before: what is exported then is as declared, and applying it changes nothing.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createClient, type Client } from "@auxot/client/client";
import { applyConfiguration, exportConfiguration } from "@auxot/wire/operations/configuration";
import fc from "fast-check";
import { join } from "./harness/join.ts";
import { startTestRouter, type TestRouter } from "./harness/router.ts";

let app: TestRouter;
let client: Client;
before(async () => {
  app = await startTestRouter();
  client = createClient({ url: app.url, key: app.key });
  for (const email of [...people, "eve@example.com"]) await join(client, app, email);
});
after(() => app[Symbol.asyncDispose]());

type Entry = Record<string, unknown>;

const teamNames = ["alpha", "beta two", "Überteam"];
const serviceNames = ["robot", "batch"];
const keyNames = ["ci", "laptop"];
const people = ["ada@example.com", "bob@example.com"];
const text = fc.constantFrom("", "a text", "von „hier“\nbis dort", "null", "{x}");
const micro = fc.integer({ min: 0, max: 9_000_000 });

function some<One>(list: readonly One[], least = 0): fc.Arbitrary<One[]> {
  return fc.subarray([...list], { minLength: Math.min(least, list.length) });
}

/** Entries for some of the things, each with fields of its own. */
function entriesOf(things: readonly Entry[], fields: fc.Arbitrary<Entry>): fc.Arbitrary<Entry[]> {
  return some(things).chain((chosen) =>
    fc.tuple(...chosen.map((thing) => fields.map((more): Entry => ({ ...thing, ...more })))),
  );
}

/** A team that had an owner has one. */
function addOwner(members: readonly Entry[]): Entry[] {
  return [{ user: "eve@example.com", role: "owner" }, ...members];
}

const roles = fc.constantFrom("owner", "admin", "member");

function makeFile(): fc.Arbitrary<Record<string, Entry[]>> {
  return fc.record({ teams: some(teamNames, 1), services: some(serviceNames), keys: some(keyNames) }).chain((there) => {
    const { teams, services, keys } = there;
    const holders = [
      ...teams.map((team) => ({ team })),
      ...services.map((service) => ({ service })),
      ...people.map((user) => ({ user })),
    ];
    const subjects = ["org", ...holders, ...keys.map((key) => ({ key }))];
    const members = holders.filter((one) => !("team" in one));
    const optional = { requiredKeys: [] };
    return fc.record({
      teams: fc.tuple(
        ...teams.map((name) =>
          fc
            .record(
              { description: text, members: entriesOf(members, fc.record({ role: roles })).map(addOwner) },
              optional,
            )
            .map((more): Entry => ({ name, ...more })),
        ),
      ),
      "service-accounts": fc.tuple(
        ...services.map((name) =>
          fc
            .record(
              { description: text, orgRole: fc.constantFrom("admin", "member", null), disabled: fc.boolean() },
              optional,
            )
            .map((more): Entry => ({ name, ...more })),
        ),
      ),
      roles: entriesOf(
        [{ name: "watcher" }, { name: "watcher", team: teams[0] }],
        fc.record({
          actions: some(["keys.read", "usage.read", "limits.read"], 1),
          holders: some(holders.filter((one) => !("service" in one))),
        }),
      ),
      keys: fc.tuple(
        ...keys.map((name) =>
          fc
            .record({ description: text, models: some(["gpt-*", "x"], 1) }, optional)
            .map((more): Entry => ({ name, ...more })),
        ),
      ),
      limits: entriesOf(
        subjects.flatMap((subject) => [
          { subject, measure: "tokens", window: "day" },
          { subject, measure: "concurrency" },
        ]),
        fc.record(
          { amount: micro, action: fc.constantFrom("warn", "local-only", "block") },
          { requiredKeys: ["amount"] },
        ),
      ),
      "model-aliases": entriesOf(
        [{ name: "fast" }, { name: "smart" }],
        fc.record({ models: some(["a", "b", "gpu/c"], 1), order: fc.constantFrom("listed", "tiers") }),
      ),
      "model-visibility": entriesOf([{ model: "a" }, { model: "b*" }], fc.record({ teams: some(teams) })),
      routing: entriesOf(
        subjects.filter((one) => typeof one === "string" || !("user" in one)).map((subject) => ({ subject })),
        fc.record(
          {
            defaultModel: fc.constantFrom("fast", null),
            tiers: some(["cloud", "gpu", "cli"], 1),
            fallbacks: fc.constantFrom(null, { a: ["b", "gpu/c"] }),
          },
          optional,
        ),
      ),
      prices: entriesOf(
        [
          { model: "a", effectiveFrom: "2026-02-01T00:00:00.000Z" },
          { model: "a", effectiveFrom: "2098-02-01T00:00:00.000Z" },
          { model: "b*", provider: "gpu", effectiveFrom: "2020-01-01T00:00:00.000Z" },
          { model: "c" },
        ],
        fc.record(
          { inputMicroUsd: micro, outputMicroUsd: micro, requestMicroUsd: micro },
          { requiredKeys: ["inputMicroUsd", "outputMicroUsd"] },
        ),
      ),
      comparisons: entriesOf(
        [{ model: "a" }, { model: "b*" }],
        fc.record({ cloudModel: fc.constantFrom("gpt-4o", null) }),
      ),
      "content-logging": entriesOf(
        [{ scope: "org" }, ...teams.map((team) => ({ scope: { team } }))],
        fc.record({
          level: fc.constantFrom("off", "metadata", "redacted", "full"),
          words: some(["Zeppelin", "Kraftwerk"]),
        }),
      ),
      secrets: entriesOf(
        [{ name: "TOKEN" }, ...holders.map((scope) => ({ name: "TOKEN", scope }))],
        fc.record({ description: text.map((one) => one.trim()), value: fc.constant("a hidden value") }),
      ),
    });
  });
}

test("files of every shape are applied over each other; each is then as declared, and its export changes nothing", async () => {
  await fc.assert(
    fc.asyncProperty(makeFile(), async (resources) => {
      const made = await client.call(applyConfiguration, { resources, prune: true });
      const again = await client.call(applyConfiguration, { resources, prune: true });
      assert.deepEqual(again.changes, [], `once more, after ${made.changes.length} changes`);
      const exported = await client.call(exportConfiguration, {});
      for (const prune of [false, true]) {
        const { changes } = await client.call(applyConfiguration, { resources: exported.resources, prune });
        assert.deepEqual(changes, []);
      }
      assert.deepEqual(await client.call(exportConfiguration, {}), exported);
      assert.doesNotMatch(JSON.stringify([made.changes, exported]), /a hidden value/);
    }),
    { numRuns: 10 },
  );
});
