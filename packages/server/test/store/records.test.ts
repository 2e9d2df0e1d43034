import assert from "node:assert/strict";
import { mkdtempDisposable, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createKeyText } from "@auxot/wire/key-format";
import { createKey, listKeys, revokeKey } from "@auxot/wire/operations/keys";
import { createOrgCaller } from "../../src/platform/caller.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { createDirectory } from "../../src/operations/directory.ts";
import { createPepper } from "../../src/platform/sealing.ts";
import { createSealing } from "../harness/one-key.ts";
import { createSecret } from "../../src/platform/secret-text.ts";
import { createKeys, type Keys } from "../../src/records/keys/keys.ts";
import type { DeclaredKey } from "../../src/records/keys/make-key.ts";
import { createKeyOperations } from "../../src/records/keys/operations.ts";
import { createKeyStore } from "../../src/records/keys/store.ts";
import { createProviders, type DeclaredProvider, type Providers } from "../../src/records/providers/providers.ts";
import { createProviderStore } from "../../src/records/providers/store.ts";
import { createUsageStore, type UsageRow } from "../../src/records/usage/store.ts";
import { openDatabase, type Database } from "../../src/store/database.ts";
import { openTestDatabase } from "../harness/database.ts";
import { createTestOperations } from "../harness/operations.ts";
import { quietLog as log } from "../harness/quiet-log.ts";

const secretKey = createSecret("a secret key of thirty-two letters");
const clock = systemClock;

function openProviders(database: Database, key = secretKey): Providers {
  return createProviders({ store: createProviderStore(database), sealing: createSealing(key), clock, log });
}

function openKeys(database: Database): Promise<Keys> {
  return createKeys({ store: createKeyStore(database), pepper: createPepper(secretKey), clock, log });
}

async function setUp() {
  const database = await openTestDatabase();
  const providers = openProviders(database);
  await providers.applyConfigured([]);
  const keys = await openKeys(database);
  const { run } = createTestOperations(
    database,
    createKeyOperations({
      keys,
      directory: createDirectory({ find: async () => undefined, nameAll: async () => new Map() }),
    }),
  );
  return {
    database,
    providers,
    keys,
    create: (input: object) => run(createKey, input),
    list: async () => (await run(listKeys, { limit: 200 })).items,
    revoke: (id: string) => run(revokeKey, { id }),
    async [Symbol.asyncDispose]() {
      await keys.close();
      await database.close();
    },
  };
}

function declare(name: string, text: string, admin = false): DeclaredKey {
  return { name, key: createSecret(text), kind: "caller", admin };
}

function declareCloud(apiKey: string, more: Partial<NonNullable<DeclaredProvider["cloud"]>> = {}): DeclaredProvider {
  const cloud = {
    dialect: "openai-chat",
    baseUrl: "https://api.openai.com/v1",
    apiKey: createSecret(apiKey),
    models: [],
    modelsDeclared: false,
    aliases: {},
    ...more,
  } as const;
  return { name: "openai", kind: "cloud", cloud };
}

test("a made key works until it is revoked, here and on other routers at once", async () => {
  await using house = await setUp();
  const otherDatabase = await openDatabase(house.database.target, log);
  const other = await openKeys(otherDatabase);
  const made = await house.create({ name: "app", kind: "caller", admin: false });
  const identity = createOrgCaller(made.id, "app", false);
  assert.deepEqual(await house.keys.identify(made.key), identity);
  assert.deepEqual(await other.identify(made.key), identity);

  const heardHere: string[] = [];
  house.keys.onRevoked((id) => void heardHere.push(id));
  const heardThere = new Promise<string>((resolve) => void other.onRevoked(resolve));
  const revoked = await house.revoke(made.id);
  assert.notEqual(revoked.revokedAt, null);
  assert.deepEqual(heardHere, [made.id]);
  assert.equal(await house.keys.identify(made.key), undefined);
  assert.equal(await heardThere, made.id);
  assert.equal(await other.identify(made.key), undefined);

  assert.equal((await house.revoke(made.id)).revokedAt, revoked.revokedAt);
  assert.deepEqual(heardHere, [made.id]);
  await assert.rejects(house.revoke("key_none"), { code: "not_found" });
  await other.close();
  await otherDatabase.close();
});

test("a router that lost its database link forgets what it knew and hears of revocations it missed", async () => {
  await using house = await setUp();
  const made = await house.create({ name: "app", kind: "caller", admin: false });
  await house.keys.identify(made.key);
  const heard = new Promise<string>((resolve) => void house.keys.onRevoked(resolve));
  // As if another router had revoked it while the link was down: no notice is sent.
  await house.database.sql`update key set revoked_at = now() where id = ${made.id}`;
  await house.database.sql`
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and query ilike 'listen%' and pid <> pg_backend_pid()`;
  assert.equal(await heard, made.id);
  assert.equal(await house.keys.identify(made.key), undefined);
});

test("declared keys are exactly those that work", async () => {
  await using house = await setUp();
  const [first, second] = [createKeyText("caller"), "a text of an administrator"];
  await house.keys.applyConfigured([declare("a", first), declare("b", second, true)]);
  assert.equal((await house.keys.identify(first))?.name, "a");
  assert.partialDeepStrictEqual(await house.keys.identify(second), { name: "b", orgRole: "owner" });
  const ids = new Set((await house.list()).map((key) => key.id));

  await house.keys.applyConfigured([declare("b", second)]);
  assert.equal(await house.keys.identify(first), undefined);
  assert.equal((await house.keys.identify(second))?.kind, "caller");
  assert.equal((await house.list()).find((key) => key.name === "b")?.admin, false);

  const changed = createKeyText("caller");
  await house.keys.applyConfigured([declare("a", first), declare("b", changed)]);
  assert.equal((await house.keys.identify(first))?.name, "a");
  assert.equal(await house.keys.identify(second), undefined);
  assert.ok((await house.keys.identify(changed)) !== undefined);
  const now = await house.list();
  assert.equal(now.length, 3);
  assert.ok([...ids].every((id) => now.some((key) => key.id === id)));
  assert.doesNotMatch(JSON.stringify(now), new RegExp(`${first}|${second}|administrator`));
});

test("keys that were made stay when the declared ones change", async () => {
  await using house = await setUp();
  const made = await house.create({ name: "made", kind: "caller", admin: false });
  await house.keys.applyConfigured([]);
  assert.equal((await house.keys.identify(made.key))?.keyId, made.id);
});

test("the bootstrap key is an admin's, and a new value ends the old one", async () => {
  await using house = await setUp();
  const [first, second] = ["the first bootstrap key text", "the second bootstrap key text"];
  await house.keys.ensureBootstrap(createSecret(first));
  assert.equal((await house.keys.identify(first))?.kind, "caller");
  await house.keys.ensureBootstrap(createSecret(second));
  assert.equal(await house.keys.identify(first), undefined);
  const identity = await house.keys.identify(second);
  assert.ok(identity?.kind === "caller" && identity.orgRole === "owner");
  assert.deepEqual(await house.keys.ensureBootstrap(undefined), {});
});

test("a router without any caller key makes one admin key, even when two start at once", async () => {
  await using house = await setUp();
  const results = await Promise.all([house.keys.ensureBootstrap(undefined), house.keys.ensureBootstrap(undefined)]);
  const created = results.flatMap((result) => result.created ?? []);
  assert.equal(created.length, 1);
  const identity = await house.keys.identify(created[0] ?? "");
  assert.ok(identity?.kind === "caller" && identity.orgRole === "owner");
  assert.deepEqual(await house.keys.ensureBootstrap(undefined), {});
  await house.revoke(identity.keyId);
  assert.notEqual((await house.keys.ensureBootstrap(undefined)).created, undefined);
});

test("the bundled worker keeps its key, and gets a new one when it is lost or revoked", async () => {
  await using house = await setUp();
  await using directory = await mkdtempDisposable(join(tmpdir(), "auxot-test-"));
  const file = join(directory.path, "worker.key");
  const key = await house.keys.ensureBundledWorkerKey(file);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  const identity = await house.keys.identify(key.reveal());
  assert.ok(identity?.kind === "worker" && identity.provider.name === "gpu" && identity.provider.kind === "gpu");
  assert.equal((await house.keys.ensureBundledWorkerKey(file)).reveal(), key.reveal());
  await house.revoke(identity.keyId);
  const second = await house.keys.ensureBundledWorkerKey(file);
  assert.notEqual(second.reveal(), key.reveal());
  await rm(file);
  assert.notEqual((await house.keys.ensureBundledWorkerKey(file)).reveal(), second.reveal());
});

test("the operations make, list and revoke keys, and refuse what does not fit", async () => {
  await using house = await setUp();
  const made = await house.create({ name: " rack ", kind: "worker", provider: "gpu" });
  assert.partialDeepStrictEqual(made, { name: "rack", kind: "worker", provider: "gpu", admin: false, revokedAt: null });
  const [listed] = await house.list();
  assert.equal(listed?.name, "rack");
  assert.equal((await house.revoke(made.id)).id, made.id);
  const refused = { code: "invalid_request" };
  await assert.rejects(house.create({ name: "x", kind: "worker", provider: "nope" }), {
    ...refused,
    message: /"nope".*"gpu"/,
  });
  assert.equal((await house.create({ name: "x", kind: "worker" })).provider, "gpu");
  await assert.rejects(house.create({ name: "x", kind: "worker", provider: "gpu", admin: true }), refused);
  await assert.rejects(house.create({ name: "x", provider: "gpu" }), refused);
});

test("last-used times are written at the latest when the router stops", async () => {
  await using house = await setUp();
  const made = await house.create({ name: "app", kind: "caller", admin: false });
  await house.keys.identify(made.key);
  await house.keys.close();
  const rows = await house.database.sql`select name from key where last_used_at is not null`;
  assert.deepEqual([...rows], [{ name: "app" }]);
});

test("declared providers are exactly those in use, beside the built-in ones; API keys are sealed", async () => {
  await using house = await setUp();
  await house.providers.applyConfigured([declareCloud("sk-one"), { name: "rack", kind: "cli" }]);
  const [cli, gpu, openai, rack] = await house.providers.list();
  assert.deepEqual([cli?.name, cli?.kind], ["cli", "cli"]);
  assert.deepEqual([gpu?.name, gpu?.kind, rack?.kind], ["gpu", "gpu", "cli"]);
  assert.equal(openai?.cloud?.apiKey.reveal(), "sk-one");
  const [sealed] = await house.database.sql`select api_key_sealed as text from provider where name = 'openai'`;
  assert.doesNotMatch(sealed?.["text"], /sk-one/);

  await house.providers.applyConfigured([declareCloud("sk-one")]);
  const [same] = await house.database.sql`select api_key_sealed as text from provider where name = 'openai'`;
  assert.equal(same?.["text"], sealed?.["text"]);
  assert.deepEqual(
    (await house.providers.list()).map((provider) => provider.name),
    ["cli", "gpu", "openai"],
  );

  await house.providers.applyConfigured([]);
  const [gone] = await house.database.sql`select api_key_sealed as text from provider where name = 'openai'`;
  assert.equal(gone?.["text"], null);
  await house.providers.applyConfigured([declareCloud("sk-two")]);
  const back = (await house.providers.list()).find((provider) => provider.name === "openai");
  assert.equal(back?.id, openai?.id);
  assert.equal(back?.cloud?.apiKey.reveal(), "sk-two");
});

test("worker keys stop working with their provider and work again with it", async () => {
  await using house = await setUp();
  await house.providers.applyConfigured([{ name: "rack", kind: "gpu" }]);
  const made = await house.create({ name: "w", kind: "worker", admin: false, provider: "rack" });
  await house.providers.applyConfigured([]);
  assert.equal(await house.keys.identify(made.key), undefined);
  assert.equal((await house.list()).find((key) => key.id === made.id)?.provider, "rack");
  await house.providers.applyConfigured([{ name: "rack", kind: "gpu" }]);
  assert.equal((await (await openKeys(house.database)).identify(made.key))?.kind, "worker");
});

test("discovered models are kept over a restart, until models are declared or the vendor changes", async () => {
  await using house = await setUp();
  const openai = async () => (await house.providers.list()).find((provider) => provider.name === "openai");
  const models = [{ id: "m", aliases: ["em"], contextTokens: 5, abilities: { tools: true } }];
  await house.providers.applyConfigured([declareCloud("sk")]);
  await house.providers.saveDiscoveredModels((await openai())?.id ?? "", models);
  await house.providers.applyConfigured([declareCloud("sk")]);
  assert.deepEqual((await openai())?.cloud?.models, models);
  await house.providers.applyConfigured([declareCloud("sk", { baseUrl: "https://elsewhere/v1" })]);
  assert.deepEqual((await openai())?.cloud?.models, []);
  await house.providers.applyConfigured([
    declareCloud("sk", { models: [{ id: "d", aliases: [] }], modelsDeclared: true }),
  ]);
  await house.providers.saveDiscoveredModels((await openai())?.id ?? "", models);
  assert.deepEqual((await openai())?.cloud?.models, [{ id: "d", aliases: [] }]);
});

test("with another secret key the declared API keys are sealed anew; before that, reading says what is wrong", async () => {
  await using house = await setUp();
  await house.providers.applyConfigured([declareCloud("sk")]);
  const other = openProviders(house.database, createSecret("another secret key of thirty letters"));
  await assert.rejects(other.list(), {
    code: "internal",
    message: /sealed with the secret key .*, and this router has/,
  });
  await other.applyConfigured([declareCloud("sk")]);
  assert.equal((await other.list()).find((provider) => provider.cloud)?.cloud?.apiKey.reveal(), "sk");
});

test("usage rows are written once each, whatever text callers send", async () => {
  await using database = await openTestDatabase();
  const { insert } = createUsageStore(database);
  const row: UsageRow = {
    id: "req_1",
    at: Date.UTC(2026, 0, 2),
    keyId: "key_1",
    keyName: "app",
    dialect: "openai-chat",
    stream: true,
    requestedModel: "m\0\ud800'\"",
    tries: 1,
    usage: {
      inputTokens: 5_000_000_000,
      outputTokens: 2,
      cachedInputTokens: 0,
      cacheWriteTokens: 0,
      reasoningTokens: 0,
    },
    queueMs: 0.4,
    totalMs: 12.6,
    outcome: "cancelled",
    status: 499,
    tags: ["a=b", "c"],
  };
  const full = {
    model: "x",
    tier: "cloud",
    provider: "p",
    worker: "w",
    firstTokenMs: 3.2,
    errorCode: "cancelled",
  } as const;
  await insert([]);
  await insert([row, { ...row, ...full, id: "req_2" }]);
  await insert([row, { ...row, id: "req_3", usage: { ...row.usage, estimated: true } }]);
  const rows = await database.sql`select * from usage_record order by id`;
  assert.equal(rows.length, 3);
  assert.partialDeepStrictEqual(rows[0], {
    requested_model: "m\ufffd'\"",
    input_tokens: 5_000_000_000,
    total_ms: 13,
    model: null,
    first_token_ms: null,
    usage_estimated: false,
  });
  assert.partialDeepStrictEqual(rows[1], { model: "x", tier: "cloud", first_token_ms: 3, error_code: "cancelled" });
  assert.match(rows[0]?.["at"], /^2026-01-02 00:00:00/);
  assert.equal(rows[2]?.["usage_estimated"], true);
});
