// Keys of people, teams, service accounts and the organisation: who may make which, what they are held to, how they end.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createKey, getKey, listKeys, revokeKey, rotateKey, updateKey } from "@auxot/wire/operations/keys";
import { setOrgMember } from "@auxot/wire/operations/org-members";
import {
  createServiceAccount,
  disableServiceAccount,
  enableServiceAccount,
} from "@auxot/wire/operations/service-accounts";
import { createTeam, removeTeamMember, setTeamMember } from "@auxot/wire/operations/teams";
import type { Caller } from "../../src/platform/caller.ts";
import { openTestOrganisation, type TestOrganisation } from "../harness/people.ts";

let org: TestOrganisation;
let team: string;
let service: string;
before(async () => {
  org = await openTestOrganisation();
  ({ id: team } = await org.run(createTeam, { name: "Search" }));
  for (const [member, role] of [
    ["usr_ada", "owner"],
    ["usr_bob", "admin"],
    ["usr_cy", "member"],
  ]) {
    await org.run(setTeamMember, { team, member, role });
  }
  ({ id: service } = await org.run(createServiceAccount, { name: "indexer", team }));
});
after(() => org[Symbol.asyncDispose]());

async function identify(text: string, from?: string): Promise<Caller> {
  const identity = await org.keys.identify(text, from);
  assert.ok(identity?.kind === "caller");
  return identity;
}

test("a personal key acts as its person, with the teams and roles they have", async () => {
  const made = await org.run(createKey, { name: "laptop" }, { caller: await org.as("usr_cy") });
  assert.deepEqual(made.owner, { type: "user", id: "usr_cy", name: "Cy" });
  assert.deepEqual(await identify(made.key), {
    kind: "caller",
    keyId: made.id,
    name: "laptop",
    principal: { type: "user", id: "usr_cy" },
    orgRole: "member",
    teams: [{ id: team, name: "Search", role: "member" }],
    roles: [],
    scopes: null,
    models: null,
  });
});

test("the keys of a team act as a member of it, those of a service account as that", async () => {
  const caller = await org.as("usr_bob");
  const ofTeam = await org.run(
    createKey,
    { name: "ci", owner: team, scopes: ["inference"], models: ["gpu/*"] },
    { caller },
  );
  assert.deepEqual(ofTeam.owner, { type: "team", id: team, name: "Search" });
  assert.partialDeepStrictEqual(await identify(ofTeam.key), {
    principal: { type: "team", id: team },
    orgRole: null,
    teams: [{ id: team, role: "member" }],
    scopes: ["inference"],
    models: ["gpu/*"],
  });
  const ofService = await org.run(createKey, { name: "bot", owner: service }, { caller });
  assert.partialDeepStrictEqual(await identify(ofService.key), {
    principal: { type: "service", id: service },
    orgRole: null,
    teams: [{ id: team, role: "member" }],
  });
});

test("nobody makes a key for another person, for a team they do not run, or with rights they lack", async () => {
  await org.run(setOrgMember, { member: "usr_dee", role: "admin" });
  const [bob, cy, dee] = await Promise.all([org.as("usr_bob"), org.as("usr_cy"), org.as("usr_dee")]);
  const denied = { code: "forbidden" };
  for (const [caller, input] of [
    [dee, { name: "x", owner: "usr_cy" }],
    [bob, { name: "x", owner: "usr_cy" }],
    [cy, { name: "x", owner: team }],
    [cy, { name: "x", owner: service }],
    [cy, { name: "x", owner: "org" }],
    [cy, { name: "x", kind: "worker" }],
    [dee, { name: "x", owner: "org", admin: true }],
  ] as const) {
    await assert.rejects(org.run(createKey, input, { caller }), denied, JSON.stringify(input));
  }
  assert.equal((await org.run(createKey, { name: "org's", owner: "org" }, { caller: dee })).admin, false);
  assert.equal((await org.run(createKey, { name: "w", kind: "worker" }, { caller: dee })).kind, "worker");
});

test("a service account that may more than a team's admin gets no key from that admin", async () => {
  const { id } = await org.run(createServiceAccount, { name: "strong", team });
  await org.run(setTeamMember, { team, member: id, role: "owner" });
  const [ada, bob] = await Promise.all([org.as("usr_ada"), org.as("usr_bob")]);
  await assert.rejects(org.run(createKey, { name: "x", owner: id }, { caller: bob }), {
    code: "forbidden",
    message: 'This key could do "teams.remove" in the team Search, which "Bob" may not. Hold it to fewer scopes.',
  });
  const narrow = await org.run(createKey, { name: "x", owner: id, scopes: ["inference"] }, { caller: bob });
  await assert.rejects(org.run(updateKey, { id: narrow.id, scopes: null }, { caller: bob }), { code: "forbidden" });
  assert.equal((await org.run(updateKey, { id: narrow.id, scopes: null }, { caller: ada })).scopes, null);
});

test("a key made with a key is held to the same, and never to less", async () => {
  const person = await org.as("usr_cy");
  const expiresAt = new Date(Date.now() + 86_400_000).toISOString();
  const limits = {
    scopes: ["keys:write", "inference"],
    models: ["gpt-5*"],
    agents: ["help"],
    ipRanges: ["10.0.0.0/8"],
    expiresAt,
  };
  const outer = await org.run(createKey, { name: "outer", ...limits }, { caller: person });
  const caller = await identify(outer.key, "10.1.2.3");
  const inherited = await org.run(createKey, { name: "inner" }, { caller });
  assert.partialDeepStrictEqual(inherited, limits);
  const narrower = { scopes: ["keys:read"], models: ["gpt-5-mini"], ipRanges: ["10.9.0.0/16"] };
  assert.partialDeepStrictEqual(await org.run(createKey, { name: "inner", ...narrower }, { caller }), narrower);
  for (const [wider, message] of [
    [{ scopes: null }, /use models|scopes: the key you ask with is held to keys:write, inference/],
    [{ scopes: ["teams:read"] }, /scopes: /],
    [{ models: null }, /models: the key you ask with is held to gpt-5\*, so this one cannot have everything/],
    [{ models: ["gpt-*"] }, /models: .*cannot have gpt-\*/],
    [{ agents: null }, /agents: /],
    [{ ipRanges: ["0.0.0.0/0"] }, /ipRanges: .*cannot have 0\.0\.0\.0\/0/],
    [{ ipRanges: null }, /ipRanges: /],
    [{ expiresAt: null }, /expiresAt: the key you ask with expires on/],
  ] as const) {
    await assert.rejects(org.run(createKey, { name: "wider", ...wider }, { caller }), { code: "forbidden", message });
    await assert.rejects(org.run(updateKey, { id: inherited.id, ...wider }, { caller }), { code: "forbidden" });
  }
});

test("what makes no key is refused with the field", async () => {
  const key = await org.run(createKey, { name: "made" });
  for (const [input, message] of [
    [{ name: "" }, /^name: /],
    [{ name: "x", owner: "usr_none" }, /^owner: there is no person/],
    [{ name: "x", owner: "tem_none" }, /^owner: there is no team/],
    [{ name: "x", owner: "me" }, /^owner: must be org, or the id/],
    [{ name: "x", scopes: ["key:read"] }, /^scopes\.0: "key:read" is no scope; did you mean keys:read/],
    [{ name: "x", scopes: [] }, /^scopes: /],
    [{ name: "x", models: ["a*b"] }, /^models\.0: must be a name, or the beginning/],
    [{ name: "x", agents: ["*x"] }, /^agents\.0: /],
    [{ name: "x", ipRanges: ["10.0.0.0/33"] }, /^ipRanges\.0: must be an address/],
    [{ name: "x", expiresAt: "tomorrow" }, /^expiresAt: /],
    [{ name: "x", expiresAt: "2020-01-01T00:00:00Z" }, /^expiresAt: .* is over already/],
    [{ name: "x", owner: service, admin: true }, /^admin: is for keys of the organisation/],
    [{ name: "x", owner: service, kind: "worker" }, /^owner: worker keys belong to their provider/],
    [{ name: "x", kind: "worker", scopes: ["inference"] }, /^scopes: are for caller keys/],
  ] as const) {
    await assert.rejects(org.run(createKey, input), { code: "invalid_request", message }, JSON.stringify(input));
  }
  for (const run of [getKey, rotateKey, updateKey, revokeKey]) {
    await assert.rejects(org.run(run, { id: "key_none" }), { code: "not_found" });
  }
  await assert.rejects(org.run(rotateKey, { id: key.id, overlapHours: 721 }), { message: /^overlapHours: / });
  await assert.rejects(org.run(updateKey, { id: key.id, name: "x", version: 2 }), { code: "conflict" });
  const worker = await org.run(createKey, { name: "w", kind: "worker", ipRanges: ["10.0.0.0/8"] });
  await assert.rejects(org.run(updateKey, { id: worker.id, models: ["x"] }), {
    message: /^models: are for caller keys/,
  });
});

test("an expired key, one from elsewhere and one of a disabled account are told so", async () => {
  const key = await org.run(createKey, { name: "narrow", owner: service, ipRanges: ["192.0.2.0/24", "2001:db8::/32"] });
  assert.equal((await identify(key.key, "192.0.2.9")).name, "narrow");
  assert.equal((await identify(key.key, "2001:db8::1")).name, "narrow");
  const refused = { code: "unauthenticated" };
  await assert.rejects(identify(key.key, "198.51.100.1"), {
    ...refused,
    message: /may not be used from 198\.51\.100\.1/,
  });
  await assert.rejects(identify(key.key), { ...refused, message: /from an unknown address/ });
  await org.database.sql`update key set expires_at = '2026-01-02T03:04:05Z' where id = ${key.id}`;
  org.keys.forget();
  await assert.rejects(identify(key.key, "192.0.2.9"), {
    ...refused,
    message: /"narrow" expired on 2026-01-02 03:04 UTC/,
  });
  await org.run(updateKey, { id: key.id, expiresAt: null, ipRanges: null });
  assert.equal((await identify(key.key)).name, "narrow");
  await org.run(disableServiceAccount, { id: service });
  await assert.rejects(identify(key.key), { ...refused, message: /whom it belongs to is disabled/ });
  await org.run(enableServiceAccount, { id: service });
  assert.equal((await identify(key.key)).name, "narrow");
});

test("a rotated key has a new text, and the old one works for as long as was said", async () => {
  const first = await org.run(createKey, { name: "turning", scopes: ["inference"] });
  const second = await org.run(rotateKey, { id: first.id, overlapHours: 1 });
  assert.equal(second.id, first.id);
  assert.notEqual(second.key, first.key);
  assert.notEqual(second.masked, first.masked);
  assert.deepEqual(await identify(first.key), await identify(second.key));
  assert.deepEqual((await identify(second.key)).scopes, ["inference"]);
  await org.database.sql`update key set previous_until = '2026-01-02T00:00:00Z' where id = ${first.id}`;
  org.keys.forget();
  await assert.rejects(identify(first.key), {
    message: /an old text of the API key "turning", which stopped working on/,
  });
  assert.equal((await identify(second.key)).keyId, first.id);
  const third = await org.run(rotateKey, { id: first.id, overlapHours: 0 });
  await assert.rejects(identify(second.key), { code: "unauthenticated" });
  assert.equal(await org.keys.identify(first.key), undefined);
  assert.equal((await identify(third.key)).keyId, first.id);
  await org.run(revokeKey, { id: first.id });
  assert.equal(await org.keys.identify(third.key), undefined);
  await assert.rejects(org.run(rotateKey, { id: first.id }), { code: "conflict", message: /was revoked/ });
});

test("a personal key is changed and rotated by its person only, and revoked by admins too", async () => {
  const [cy, dee] = await Promise.all([org.as("usr_cy"), org.as("usr_dee")]);
  const key = await org.run(createKey, { name: "mine" }, { caller: cy });
  assert.equal((await org.run(getKey, { id: key.id }, { caller: dee })).name, "mine");
  await assert.rejects(org.run(rotateKey, { id: key.id }, { caller: dee }), {
    message: /only they make, change and rotate/,
  });
  await assert.rejects(org.run(updateKey, { id: key.id, name: "hers" }, { caller: dee }), { code: "forbidden" });
  assert.equal((await org.run(updateKey, { id: key.id, name: "still mine", version: 1 }, { caller: cy })).version, 2);
  const rotated = await org.run(rotateKey, { id: key.id }, { caller: cy });
  assert.notEqual((await org.run(revokeKey, { id: key.id }, { caller: dee })).revokedAt, null);
  assert.equal(await org.keys.identify(rotated.key), undefined);
  const bob = await org.as("usr_bob");
  const other = await org.run(createKey, { name: "cy's" }, { caller: cy });
  for (const run of [getKey, revokeKey]) {
    await assert.rejects(org.run(run, { id: other.id }, { caller: bob }), { code: "forbidden" });
  }
});

test("a list of keys has one's own, those of the teams one runs, and all for admins", async () => {
  const [bob, cy, dee] = await Promise.all([org.as("usr_bob"), org.as("usr_cy"), org.as("usr_dee")]);
  const list = async (caller: Caller, filters = {}) =>
    (await org.run(listKeys, { limit: 200, ...filters }, { caller })).items;
  assert.ok((await list(cy)).every(({ owner }) => owner.id === "usr_cy"));
  assert.ok((await list(bob)).every(({ owner }) => owner.id === team || owner.type === "service"));
  assert.deepEqual(
    new Set((await list(dee)).map(({ owner }) => owner.type)),
    new Set(["org", "user", "team", "service"]),
  );
  assert.deepEqual(new Set((await list(dee, { owner: team })).map(({ owner }) => owner.id)), new Set([team]));
  assert.ok((await list(dee, { owner: "org" })).every(({ owner }) => owner.type === "org"));
});

test("keys that the configuration declares are changed there", async () => {
  const { createSecret } = await import("../../src/platform/secret-text.ts");
  await org.keys.ensureBootstrap(createSecret("a bootstrap key of the tests"));
  const declared = (await org.run(listKeys, { limit: 200 })).items.find(({ name }) => name === "bootstrap");
  for (const run of [rotateKey, updateKey]) {
    await assert.rejects(org.run(run, { id: declared?.id ?? "" }), { message: /declared by AUXOT_BOOTSTRAP_KEY/ });
  }
});

test("where a key was used last is written down", async () => {
  const { id, key } = await org.run(createKey, { name: "used" });
  await using other = await org.openOtherRouter();
  await other.identify(key, "203.0.113.7");
  await other.close();
  assert.partialDeepStrictEqual(await org.run(getKey, { id }), { lastUsedFrom: "203.0.113.7" });
});

test("what changes for an owner counts on every router at once", async () => {
  await using other = await org.openOtherRouter();
  const key = await org.run(createKey, { name: "far", owner: service });
  const until = async (isSo: (caller: Caller | undefined) => boolean): Promise<void> => {
    for (const deadline = Date.now() + 10_000; Date.now() < deadline;) {
      const identity = await other.identify(key.key).catch(() => undefined);
      if (isSo(identity?.kind === "caller" ? identity : undefined)) return;
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.fail("the other router did not hear of it within 10 s");
  };
  await until((caller) => caller?.teams[0]?.role === "member");
  await org.run(setTeamMember, { team, member: service, role: "admin" });
  await until((caller) => caller?.teams[0]?.role === "admin");
  await org.run(updateKey, { id: key.id, scopes: ["inference"] });
  await until((caller) => caller?.scopes?.[0] === "inference");
  await org.run(disableServiceAccount, { id: service });
  await until((caller) => caller === undefined);
  await org.run(enableServiceAccount, { id: service });
  await until((caller) => caller !== undefined);
  await org.run(revokeKey, { id: key.id });
  await until((caller) => caller === undefined);
  const person = await org.run(createKey, { name: "p" }, { caller: await org.as("usr_cy") });
  assert.equal((await identify(person.key)).teams.length, 1);
  await org.run(removeTeamMember, { team, member: "usr_cy" });
  assert.equal((await identify(person.key)).teams.length, 0);
});
