// What people are told while the database is away, and that nobody is let in meanwhile.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { systemClock } from "../../src/platform/clock.ts";
import { createSealing } from "../harness/one-key.ts";
import { createSecret } from "../../src/platform/secret-text.ts";
import { createIdentity, type Identity } from "../../src/records/identity/identity.ts";
import type { Database } from "../../src/store/database.ts";
import { readAuthenticatorCode } from "../harness/authenticator.ts";
import { openTestDatabase } from "../harness/database.ts";
import { quietLog } from "../harness/quiet-log.ts";

function open(database: Database, engineSecret = randomBytes(32)): Promise<Identity> {
  return createIdentity({
    database,
    engineSecret,
    sealing: createSealing(createSecret("a secret key of thirty-two letters")),
    origins: () => ["http://localhost:8080"],
    hasPasswords: true,
    revokeKeysOf: async () => {},
    requireSeat: () => {},
    announceRights: async () => {},
    mintKey: async () => ({ text: "", id: "" }),
    appendAudit: async () => {},
    clock: systemClock,
    log: quietLog,
  });
}

const person = { name: "Olga", email: "olga@example.com", password: "correct horse battery" };

function request(path: string, body?: Readonly<Record<string, unknown>>) {
  const method = body === undefined ? "GET" : "POST";
  return { method, path, query: new URLSearchParams(), headers: {}, body, address: "127.0.0.1", requestId: "req_1" };
}

async function setUp(identity: Identity): Promise<string> {
  const token = await identity.beginSetup();
  const { cookies } = await identity.handleSetup(request("", { ...person, token }));
  return cookies.map((line) => line.split(";")[0]).join("; ");
}

test("while the database is away sessions and sign-ins are to be tried again later, and nobody is in", async () => {
  const database = await openTestDatabase();
  const identity = await open(database);
  const cookie = await setUp(identity);
  assert.equal((await identity.identifyCaller(cookie))?.name, "Olga");
  await identity.sessions.forget();
  await database.close();
  await assert.rejects(identity.identifyCaller(cookie), { code: "no_capacity", retryAfterMs: 1000 });
  const { email, password } = person;
  await assert.rejects(
    identity.handle(request("/sign-in/email", { email, password }), () => {}),
    { code: "no_capacity" },
  );
});

test("a session that ended on one router is over on the other within moments, and a deactivated person with it", async () => {
  await using database = await openTestDatabase();
  const secret = randomBytes(32);
  const [one, two] = [await open(database, secret), await open(database, secret)];
  const cookie = await setUp(one);
  const person1 = await one.sessions.identify(cookie);
  assert.equal((await two.sessions.identify(cookie))?.userId, person1?.userId);
  assert.ok(person1);
  await one.sessions.endAll(person1, request("/sign-out-everywhere", {}));
  assert.equal(await one.sessions.identify(cookie), undefined);
  // The news goes round by the database: wait for it by asking until it came, within the 5 s that are promised at most.
  const until = performance.now() + 5000;
  while ((await two.sessions.identify(cookie)) !== undefined) {
    assert.ok(performance.now() < until, "the other router still knows the session");
    await new Promise((resolve) => setImmediate(resolve));
  }
  await one.close();
  await two.close();
});

const ask = async (identity: Identity, path: string, body: object, cookie = "") => {
  const given = await identity.handle({ ...request(path, { ...body }), headers: { cookie } }, () => {});
  return { cookie: given?.cookies.map((line) => line.split(";")[0]).join("; ") ?? "", body: given?.body };
};

test("whose authenticator app is of a secret key that was lost is told what helps", async () => {
  await using database = await openTestDatabase();
  const one = await open(database);
  const { email, password } = person;
  const cookie = await setUp(one);
  const enabled = await ask(one, "/two-factor/enable", { password }, cookie);
  const { totpURI } = enabled.body as { readonly totpURI: string };
  await ask(one, "/two-factor/verify-totp", { code: readAuthenticatorCode(totpURI, Date.now()) }, cookie);
  const other = await open(database);
  const half = await ask(other, "/sign-in/email", { email, password });
  for (const act of ["verify-totp", "verify-backup-code"]) {
    await assert.rejects(ask(other, `/two-factor/${act}`, { code: "123456" }, half.cookie), {
      code: "forbidden",
      message: /Ask an administrator to remove it: auxot users remove-factors/,
    });
  }
  await one.close();
  await other.close();
});

test("cookies of another secret key open nothing", async () => {
  await using database = await openTestDatabase();
  const one = await open(database);
  const cookie = await setUp(one);
  const other = await open(database);
  assert.equal(await other.identifyCaller(cookie), undefined);
  await one.close();
  await other.close();
});
