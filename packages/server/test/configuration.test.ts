// What a file declares is made so, all or nothing; what there is can be written as such a file.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createClient, type Client } from "@auxot/client/client";
import { AppError } from "@auxot/wire/errors";
import { applyConfiguration, exportConfiguration } from "@auxot/wire/operations/configuration";
import { createKey, listKeys, revokeKey } from "@auxot/wire/operations/keys";
import { startTestRouter, type TestRouter } from "./harness/router.ts";

const nouns =
  "teams, service-accounts, roles, keys, limits, model-aliases, model-visibility, routing, prices, comparisons, content-logging, secrets";

let app: TestRouter;
let client: Client;
before(async () => {
  app = await startTestRouter();
  client = createClient({ url: app.url, key: app.key });
});
after(() => app[Symbol.asyncDispose]());

async function listWorking(): Promise<readonly string[]> {
  const keys = await Array.fromAsync(client.listAll(listKeys, { sort: "name" }));
  return keys.filter(({ revokedAt }) => revokedAt === null).map(({ name }) => name);
}

async function declared(): Promise<readonly object[]> {
  return (await client.call(exportConfiguration, {})).resources["keys"] ?? [];
}

async function refusalOf(keys: readonly object[], more: object = {}): Promise<AppError> {
  const input = { resources: { keys: keys as Record<string, unknown>[] }, ...more };
  const error: unknown = await client.call(applyConfiguration, input).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof AppError);
  return error;
}

test("what is declared is made, its secrets are told once, and a second time changes nothing", async () => {
  const resources = { keys: [{ name: "ci" }, { name: "box", kind: "worker" }, { name: "ops", admin: true }] };
  const preview = await client.preview(applyConfiguration, { resources });
  assert.deepEqual(
    preview.changes.map(({ kind, name, before }) => [kind, name, before]),
    [
      ["key", "ci", null],
      ["key", "box", null],
      ["key", "ops", null],
    ],
  );
  assert.doesNotMatch(JSON.stringify(preview), /ax[kw]_[0-9A-Za-z]{20}/);
  assert.deepEqual(await declared(), []);

  const { changes, made } = await client.call(applyConfiguration, { resources });
  assert.equal(changes.length, 3);
  assert.deepEqual(
    made.map(({ kind, name, secret }) => [kind, name, secret.slice(0, 4)]),
    [
      ["key", "ci", "axk_"],
      ["key", "box", "axw_"],
      ["key", "ops", "axk_"],
    ],
  );
  assert.equal((await app.get("/v1/models", { key: made[0]?.secret ?? "" })).status, 200);
  assert.deepEqual(await client.call(applyConfiguration, { resources }), { changes: [], made: [] });
});

test("an export is what apply takes, without secrets and without what is so anyway", async () => {
  const { resources } = await client.call(exportConfiguration, {});
  assert.deepEqual(resources["keys"], [
    { name: "box", kind: "worker", provider: "gpu" },
    { name: "ci" },
    { name: "ops", admin: true },
  ]);
  assert.deepEqual((await client.call(applyConfiguration, { resources, prune: true })).changes, []);
});

test("one entry that is wrong keeps all of them from being made", async () => {
  const before = await listWorking();
  const error = await refusalOf([{ name: "fine" }, { name: "w", kind: "worker", provider: "nope" }]);
  assert.equal(error.code, "invalid_request");
  assert.match(error.message, /^resources\.keys\.1 \(key "w"\): There is no GPU or CLI provider named "nope"/);
  assert.deepEqual(await listWorking(), before);
});

test("everything wrong with a file is told at once, with its place", async () => {
  const keys = [{ name: "a", colour: "red" }, { kind: "robot" }, { name: "b" }, { name: "b" }];
  const response = await app.post("/api/configuration", { resources: { keys, kyes: [], planets: [] } });
  assert.equal(response.status, 400);
  const { errors } = (await response.json()) as { errors: readonly { path: string; message: string }[] };
  assert.deepEqual(
    errors.map(({ path, message }) => `${path}: ${message}`),
    [
      "resources.kyes: cannot be declared; did you mean keys?",
      `resources.planets: cannot be declared; only ${nouns} can`,
      "resources.keys.0.colour: is not known here",
      "resources.keys.1.name: is missing: expected string",
      "resources.keys.1.kind: must be one of caller, worker",
      "resources.keys.3.name: is the same as resources.keys.2.name",
    ],
  );
});

test("what is there with other settings and cannot be changed is a conflict that names the difference", async () => {
  const error = await refusalOf([{ name: "ops" }]);
  assert.equal(error.code, "conflict");
  assert.equal(
    error.message,
    'resources.keys.0 (key "ops"): it is there as another one, which cannot be changed: admin is true, not false.',
  );
  for (const _ of [1, 2]) await client.call(createKey, { name: "twin" });
  assert.match(
    (await refusalOf([{ name: "twin" }])).message,
    /^resources\.keys\.0: there are several like this, so it is not clear which key is meant; write id: key_\w+ or id: key_/,
  );
});

test("what a key is held to is exported, and changed as declared; a limit that is taken out is taken away", async () => {
  const limits = {
    scopes: ["inference"],
    models: ["gpt-*"],
    ipRanges: ["10.0.0.0/8"],
    expiresAt: "2099-01-01T00:00:00.000Z",
  };
  const held = { name: "held", description: "for the app", ...limits };
  const { made } = await client.call(applyConfiguration, { resources: { keys: [held] } });
  assert.equal(made.length, 1);
  assert.deepEqual(
    (await declared()).find((one) => "name" in one && one.name === "held"),
    held,
  );
  const looser = { resources: { keys: [{ name: "held", scopes: ["inference"] }] } };
  const { changes } = await client.call(applyConfiguration, looser);
  assert.partialDeepStrictEqual(changes[0]?.after, {
    scopes: ["inference"],
    models: null,
    ipRanges: null,
    expiresAt: null,
  });
  assert.deepEqual((await client.call(applyConfiguration, looser)).changes, []);
  await client
    .call(applyConfiguration, {
      resources: {
        keys: [
          { name: "ops", admin: true },
          { name: "held", models: [] },
        ],
      },
    })
    .then(
      () => assert.fail("an empty list is none"),
      (error: unknown) => assert.match(String(error), /resources\.keys\.1\.models: must have at least 1 entry/),
    );
  await client.call(revokeKey, { id: made[0]?.id ?? "" });
});

test("only with prune is removed what the file does not have, and only of the nouns it has", async () => {
  const keys = [{ name: "ops", admin: true }];
  assert.deepEqual((await client.call(applyConfiguration, { resources: { keys } })).changes, []);
  assert.deepEqual((await client.call(applyConfiguration, { resources: {}, prune: true })).changes, []);
  const { changes } = await client.call(applyConfiguration, { resources: { keys }, prune: true });
  assert.deepEqual(changes.map(({ name }) => name).toSorted(), ["box", "ci", "twin", "twin"]);
  assert.deepEqual(await declared(), keys);
  const working = await listWorking();
  assert.ok(working.includes("bundled worker") && working.includes("bootstrap"), "these are not made by operations");
});

test("prune does not take away the key it is asked with", async () => {
  const { key, id } = await client.call(createKey, { name: "mine", admin: true });
  const mine = createClient({ url: app.url, key });
  const asked = mine.call(applyConfiguration, { resources: { keys: [{ name: "ops", admin: true }] }, prune: true });
  await assert.rejects(asked, { code: "conflict", message: /^key "mine": it is the key that you use now/ });
  await client.call(revokeKey, { id });
});

test("two who declare the same at once make it once", async () => {
  const resources = { keys: [{ name: "race" }] };
  const all = await Promise.all([1, 2, 3, 4].map(() => client.call(applyConfiguration, { resources })));
  assert.equal(all.flatMap(({ made }) => made).length, 1);
  assert.equal((await listWorking()).filter((name) => name === "race").length, 1);
});

test("every change is audited as made by the apply", () => {
  const acts = app.log.filter(
    ({ message, action }) => message === "administrative act" && action === "configuration.apply",
  );
  assert.ok(acts.some(({ target }) => (target as { name?: string } | null)?.name === "race"));
  assert.doesNotMatch(JSON.stringify(acts), /ax[kw]_[0-9A-Za-z]{20}/);
});
