// Every noun that a file can declare: made by names, exported as it was, changed, refused and removed as the file says.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createClient, type Client } from "@auxot/client/client";
import { AppError } from "@auxot/wire/errors";
import { applyConfiguration, exportConfiguration, type Resources } from "@auxot/wire/operations/configuration";
import type { Change } from "@auxot/wire/operations/define-operation";
import { createKey } from "@auxot/wire/operations/keys";
import { createLimit, listLimits, updateLimit } from "@auxot/wire/operations/limits";
import { setRouting } from "@auxot/wire/operations/models";
import { giveRole, createRole } from "@auxot/wire/operations/roles";
import { listSecrets } from "@auxot/wire/operations/secrets";
import { createServiceAccount, disableServiceAccount } from "@auxot/wire/operations/service-accounts";
import { createTeam, listTeamMembers, listTeams, removeTeam, setTeamMember } from "@auxot/wire/operations/teams";
import { join } from "./harness/join.ts";
import { startTestRouter, type TestRouter } from "./harness/router.ts";

let app: TestRouter;
let client: Client;
before(async () => {
  app = await startTestRouter();
  client = createClient({ url: app.url, key: app.key });
  for (const name of ["ada", "bob"]) await join(client, app, `${name}@example.com`);
});
after(() => app[Symbol.asyncDispose]());

type Entries = Record<string, Record<string, unknown>[]>;

/** Entries that name each other across nouns, in the order and form an export has. */
const everything = {
  teams: [
    { name: "data", slug: "warehouse" },
    {
      name: "platform",
      description: "Keeps it running",
      members: [
        { service: "deployer", role: "owner" },
        { user: "ada@example.com", role: "admin" },
        { user: "bob@example.com" },
      ],
    },
  ],
  "service-accounts": [
    { name: "batch", team: "data" },
    { name: "deployer", description: "Ships", orgRole: "admin" },
    { name: "old robot", disabled: true },
  ],
  roles: [
    {
      name: "auditor",
      actions: ["audit.read", "usage.read"],
      holders: [{ service: "deployer" }, { team: "platform" }, { user: "ada@example.com" }],
    },
    { name: "key maker", team: "platform", actions: ["keys.edit", "keys.read"] },
  ],
  keys: [
    { name: "batch key", owner: { service: "batch" }, scopes: ["inference"] },
    { name: "platform key", owner: { team: "platform" }, models: ["gpt-*"] },
  ],
  limits: [
    { subject: "org", measure: "money", window: "month", amount: 400_000_000, action: "warn" },
    { subject: "org", measure: "money", window: "month", amount: 500_000_000 },
    { subject: { key: "platform key" }, measure: "concurrency", amount: 4, action: "throttle" },
    { subject: { service: "batch" }, measure: "tokens", window: "day", amount: 1_000_000, action: "local-only" },
    { subject: { team: "platform" }, measure: "requests", window: "minute", amount: 60, model: "gpt-*" },
    { subject: { user: "ada@example.com" }, measure: "requests", window: "day", amount: 1000 },
  ],
  "model-aliases": [
    { name: "fast", models: ["small", "gpu/other"], order: "tiers" },
    { name: "smart", models: ["big"] },
  ],
  "model-visibility": [
    { model: "big", teams: ["data", "platform"] },
    { model: "secret-*", teams: [] },
  ],
  routing: [
    { subject: "org", defaultModel: "fast" },
    { subject: { key: "batch key" }, tiers: ["gpu"] },
    { subject: { service: "batch" }, fallbacks: { big: ["small"] } },
    { subject: { team: "platform" }, tiers: ["cloud", "gpu"] },
  ],
  prices: [
    { model: "big", inputMicroUsd: 1_000_000, outputMicroUsd: 2_000_000, effectiveFrom: "2026-01-01T00:00:00.000Z" },
    {
      model: "llama*",
      provider: "gpu",
      inputMicroUsd: 1,
      outputMicroUsd: 2,
      longInputs: [{ aboveTokens: 1000, inputMicroUsd: 3, outputMicroUsd: 4 }],
      effectiveFrom: "2099-01-01T00:00:00.000Z",
    },
  ],
  comparisons: [
    { model: "llama*", cloudModel: "gpt-4o" },
    { model: "tiny", cloudModel: null },
  ],
  "content-logging": [
    { scope: "org", level: "metadata" },
    { scope: { team: "platform" }, level: "redacted", retentionDays: 7, words: ["Zeppelin"] },
  ],
  secrets: [
    { name: "GITHUB_TOKEN", description: "Of the bot" },
    { name: "GITHUB_TOKEN", scope: { service: "batch" } },
    { name: "GITHUB_TOKEN", scope: { team: "platform" } },
  ],
} satisfies Entries;

async function exported(): Promise<Resources> {
  return (await client.call(exportConfiguration, {})).resources;
}

function apply(resources: Entries, more: object = {}): Promise<{ readonly changes: readonly Change[] }> {
  return client.call(applyConfiguration, { resources, ...more });
}

function tell(changes: readonly Change[]): readonly string[] {
  return changes.map(({ kind, name, before: was, after: is }) => {
    return `${was === null ? "+" : is === null ? "-" : "~"} ${kind} ${name}`;
  });
}

async function refusalOf(resources: Entries, more: object = {}, by: Client = client): Promise<AppError> {
  const error: unknown = await by.call(applyConfiguration, { resources, ...more }).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof AppError, "it is refused");
  return error;
}

async function refusalAt(noun: string, entry: Record<string, unknown>): Promise<string> {
  return (await refusalOf({ [noun]: [entry] })).message;
}

async function problemsOf(resources: Entries): Promise<readonly string[]> {
  const response = await app.post("/api/configuration", { resources });
  const { errors } = (await response.json()) as { errors: readonly { path: string; message: string }[] };
  return errors.map(({ path, message }) => `${path}: ${message}`);
}

const withValues: Entries = {
  ...everything,
  secrets: everything.secrets.map((one, at) => ({ ...one, valueFrom: { env: "X" }, value: `value number ${at}` })),
};

test("a whole organisation is made of one file, whatever names what, and a dry run tells it without making it", async () => {
  const preview = await client.preview(applyConfiguration, { resources: withValues });
  assert.deepEqual(await exported(), {}, "nothing is made");
  const { changes } = await apply(withValues);
  assert.deepEqual(tell(changes), tell(preview.changes));
  const told = tell(changes);
  for (const one of [
    "+ team platform",
    "+ service-account data/batch",
    "+ role platform/key maker",
    "+ key batch key",
    "+ limit team platform: requests a minute of gpt-*",
    "+ limit key platform key: concurrency",
    "+ model-visibility big",
    "+ routing service account batch",
    "+ content-setting team platform",
    "+ secret GITHUB_TOKEN of service account batch",
    "+ team-member deployer in platform",
    "+ role-holder auditor for platform",
  ]) {
    assert.ok(told.includes(one), `${one} is told among ${told.join("; ")}`);
  }
  assert.doesNotMatch(JSON.stringify([preview, changes]), /value number/);
});

test("an export is what was declared, and applying it changes nothing, with prune neither", async () => {
  const resources = await exported();
  assert.deepEqual(resources, everything);
  assert.deepEqual((await apply(resources)).changes, []);
  assert.deepEqual((await apply(resources, { prune: true })).changes, []);
  assert.deepEqual((await apply(withValues)).changes, [], "a value of a secret that is there changes nothing");
});

test("what differs is changed by the fields that differ, and the version it had is told", async () => {
  const changed: Entries = {
    teams: [
      { name: "platform", description: "Keeps it all running", members: [{ user: "bob@example.com", role: "admin" }] },
    ],
    limits: [
      { subject: { team: "platform" }, measure: "requests", window: "minute", amount: 120, model: "gpt-*" },
      { subject: { service: "batch" }, measure: "tokens", window: "day", amount: 1_000_000, action: "warn" },
    ],
    "service-accounts": [{ name: "old robot" }],
    prices: [{ model: "big", inputMicroUsd: 1_000_000, outputMicroUsd: 2_000_000 }],
  };
  const { changes } = await apply(changed);
  assert.deepEqual(tell(changes), [
    "~ team platform",
    "~ service-account old robot",
    "~ limit team platform: requests a minute of gpt-*",
    "~ limit service account batch: tokens a day",
    "~ team-member bob in platform",
  ]);
  assert.partialDeepStrictEqual(changes[2], { before: { amount: 60, version: 1 }, after: { amount: 120, version: 2 } });
  assert.deepEqual((await apply(changed)).changes, []);
  const back = await apply(everything);
  assert.equal(back.changes.length, 5);
  assert.deepEqual(await exported(), everything);
});

test("names that nobody has are told with their place, all of them, and nothing is made", async () => {
  const resources: Entries = {
    teams: [
      {
        name: "new team",
        members: [{ service: "nobody" }, { user: "Ada" }, { user: "x@example.com" }, { user: "x@example.com" }],
      },
    ],
    roles: [{ name: "r", team: "plattform", actions: ["keys.read"], holders: [{ team: "new team" }] }],
    keys: [{ name: "k", owner: { team: "nothing like it" } }],
    limits: [
      { subject: { team: "new team" }, measure: "concurrency", amount: 1 },
      { subject: { team: "platfrom" }, measure: "concurrency", amount: 1 },
      { subject: { squad: "platform" }, measure: "concurrency", amount: 1 },
      { subject: { team: "new team" }, measure: "concurrency", amount: 2 },
      { subject: "org", measure: "concurrency", amount: 2, colour: "red" },
    ],
    "model-visibility": [{ model: "m", teams: ["data", "dat"] }],
    routing: [{ subject: { user: "ada@example.com" }, tiers: ["gpu"] }],
    "content-logging": [{ scope: { team: "gone" }, level: "off" }],
    secrets: [{ name: "S", scope: { service: "batsh" } }],
  };
  assert.deepEqual(await problemsOf(resources), [
    'resources.teams.0.members.0.service: there is no service account "nobody"',
    'resources.teams.0.members.1.user: there is no person "ada"; did you mean ada@example.com?',
    'resources.teams.0.members.2.user: there is no person "x@example.com"; did you mean ada@example.com?',
    'resources.teams.0.members.3.user: there is no person "x@example.com"; did you mean ada@example.com?',
    "resources.teams.0.members.3: is the same as resources.teams.0.members.2",
    'resources.roles.0.team: there is no team "plattform"; did you mean platform?',
    'resources.keys.0.owner.team: there is no team "nothing like it"',
    "resources.limits.2.subject: must be org, or {team: NAME} or {service: NAME} or {user: E-MAIL} or {key: NAME}",
    "resources.limits.4.colour: is not known here",
    'resources.limits.1.subject.team: there is no team "platfrom"; did you mean platform?',
    "resources.limits.3: is the same as resources.limits.0",
    'resources.model-visibility.0.teams.1: there is no team "dat"; did you mean data?',
    "resources.routing.0.subject: must be org, or {team: NAME} or {service: NAME} or {key: NAME}",
    'resources.content-logging.0.scope.team: there is no team "gone"',
    'resources.secrets.0.scope.service: there is no service account "batsh"; did you mean batch?',
  ]);
  assert.deepEqual(await exported(), everything);
});

test("a mistake in one entry is told once, and not for what names that entry too", async () => {
  const torn: Entries = {
    "service-accounts": [
      { name: "batch", team: "dota" },
      { name: "newcomer", team: "dota" },
    ],
    limits: ["batch", "newcomer"].map((service) => ({ subject: { service }, measure: "concurrency", amount: 1 })),
  };
  assert.deepEqual(await problemsOf(torn), [
    'resources.service-accounts.0.team: there is no team "dota"; did you mean data?',
    'resources.service-accounts.1.team: there is no team "dota"; did you mean data?',
  ]);
});

test("a field that its operation refuses is told with its place in the file", async () => {
  assert.match(
    await refusalAt("teams", { name: "x", slug: "No Slug" }),
    /^resources\.teams\.0\.slug: must be small letters/,
  );
  assert.match(
    await refusalAt("limits", { subject: "org", measure: "tokens", amount: 1 }),
    /^resources\.limits\.0\.window: Say in/,
  );
  assert.match(
    await refusalAt("model-aliases", { name: "auto", models: ["x"] }),
    /^resources\.model-aliases\.0 \(model-alias "auto"\): name: "auto" has/,
  );
  assert.match(
    await refusalAt("prices", { model: "m", provider: "nope", inputMicroUsd: 1, outputMicroUsd: 1 }),
    /^resources\.prices\.0 \(price "nope\/m"\): provider: there is no/,
  );
  assert.match(
    await refusalAt("service-accounts", { name: "x", team: "data", orgRole: "admin" }),
    /^resources\.service-accounts\.0 \(.*can have no role/,
  );
});

test("a secret without a value must be there already; its value is set anew only when that is asked for", async () => {
  const missing = await refusalOf({ secrets: [{ name: "NEW", valueFrom: { env: "NEW_VALUE" } }] });
  assert.match(
    missing.message,
    /^resources\.secrets\.0 \(secret "NEW"\): there is no such secret yet, and no value.*Set the environment variable NEW_VALUE/,
  );
  assert.match((await refusalOf({ secrets: [{ name: "NEW" }] })).message, /valueFrom: \{env: NAME\}/);
  const { items: was } = await client.call(listSecrets, { scope: "org" });
  const resources = { secrets: [{ name: "GITHUB_TOKEN", description: "Of the bot", value: "another value 1234" }] };
  assert.deepEqual((await apply(resources)).changes, []);
  const { changes } = await apply(resources, { setSecrets: true });
  assert.deepEqual(tell(changes), ["~ secret GITHUB_TOKEN"]);
  assert.deepEqual(
    [was[0]?.last4, (await client.call(listSecrets, { scope: "org" })).items[0]?.last4],
    ["er 0", "1234"],
  );
  const undescribed = await refusalOf({ secrets: [{ name: "GITHUB_TOKEN", description: "Else" }] });
  assert.match(undescribed.message, /its description changes together with its value/);
});

test("what a person agreed to is what is done: another change meanwhile is a conflict", async () => {
  const subject = { team: "platform" };
  const limit = { subject, measure: "requests", window: "minute", model: "gpt-*" };
  const resources: Entries = { limits: [{ ...limit, amount: 90 }] };
  const { changes } = await client.preview(applyConfiguration, { resources });
  const seen = changes.map(({ kind, name, before: was }) => ({ kind, name, version: Number(was?.["version"]) }));
  const { id, version } =
    (await Array.fromAsync(client.listAll(listLimits, {}))).find(({ amount }) => amount === 60) ?? {};
  await client.call(updateLimit, { id: id ?? "", amount: 61, version });
  const error = await refusalOf(resources, { seen });
  assert.equal(error.code, "conflict");
  assert.match(error.message, /^Somebody changed something since you looked/);
  assert.match((await refusalOf(resources, { seen: [] })).message, /look again/);
  const again = await client.preview(applyConfiguration, { resources });
  assert.partialDeepStrictEqual(again.changes[0], { before: { amount: 61 }, after: { amount: 90 } });
  const now = again.changes.map(({ kind, name, before: was }) => ({ kind, name, version: Number(was?.["version"]) }));
  assert.equal((await apply(resources, { seen: now })).changes.length, 1);
  await apply(everything);
});

test("whoever may not make an entry is refused with its place, and nothing of the file is made", async () => {
  const { key } = await client.call(createKey, {
    name: "narrow",
    admin: true,
    scopes: ["admin:read", "configuration:write", "teams:write"],
  });
  const narrow = createClient({ url: app.url, key });
  const resources: Entries = {
    teams: [{ name: "made by it" }],
    limits: [{ subject: "org", measure: "concurrency", amount: 9 }],
  };
  const error = await refusalOf(resources, {}, narrow);
  assert.equal(error.code, "forbidden");
  assert.match(
    error.message,
    /^resources\.limits\.0 \(limit "the organisation: concurrency"\): .* may not do "limits\.edit"/,
  );
  assert.equal(
    (await narrow.preview(applyConfiguration, { resources: { teams: [{ name: "made by it" }] } })).changes.length,
    1,
  );
  assert.ok((await client.call(listTeams, {})).items.every(({ name }) => name !== "made by it"));
  await apply({ keys: everything.keys }, { prune: true });
});

test("whoever may not look at what an entry names, or at what there is, is told so with its place", async () => {
  const actions = ["configuration.edit", "configuration.read", "limits.edit", "limits.read"] as const;
  const { id: role } = await client.call(createRole, { name: "limiter", actions: [...actions] });
  const { id: holder } = await client.call(createServiceAccount, { name: "limiter" });
  await client.call(giveRole, { id: role, holder });
  const limiter = createClient({
    url: app.url,
    key: (await client.call(createKey, { name: "limiter", owner: holder })).key,
  });
  const named = { limits: [{ subject: { team: "platform" }, measure: "concurrency", amount: 9 }] };
  const error = await refusalOf(named, {}, limiter);
  assert.equal(error.code, "forbidden");
  assert.match(error.message, /^resources\.limits\.0 \(limit\): "limiter" may not do "teams\.read"/);
  await assert.rejects(limiter.call(exportConfiguration, {}), {
    code: "forbidden",
    message: /^teams: "limiter" may not/,
  });
  await apply({ keys: everything.keys, roles: everything.roles }, { prune: true });
});

test("only with prune is removed what the file does not have, inside entries too", async () => {
  const less: Entries = {
    teams: [{ name: "platform", description: "Keeps it running", members: [{ service: "deployer", role: "owner" }] }],
    roles: [{ name: "auditor", actions: ["audit.read", "usage.read"], holders: [{ team: "platform" }] }],
    limits: [],
    prices: [],
    secrets: [],
  };
  assert.deepEqual((await apply(less)).changes, []);
  const { changes } = await apply(less, { prune: true });
  assert.deepEqual(tell(changes).toSorted(), [
    "- limit key platform key: concurrency",
    "- limit person ada@example.com: requests a day",
    "- limit service account batch: tokens a day",
    "- limit team platform: requests a minute of gpt-*",
    "- limit the organisation: money a month",
    "- limit the organisation: money a month",
    "- price big",
    "- price gpu/llama*",
    "- role platform/key maker",
    "- role-holder auditor for ada",
    "- role-holder auditor for deployer",
    "- secret GITHUB_TOKEN",
    "- secret GITHUB_TOKEN of service account batch",
    "- secret GITHUB_TOKEN of team platform",
    "- team data",
    "- team-member ada in platform",
    "- team-member bob in platform",
  ]);
  assert.deepEqual((await apply(less, { prune: true })).changes, []);
  const torn = { teams: less["teams"] ?? [], "service-accounts": [{ name: "one", team: "fresh" }] };
  await apply({ teams: [{ name: "fresh" }] });
  assert.match(
    (await refusalOf(torn, { prune: true })).message,
    /^resources\.service-accounts\.0\.team: there is no team "fresh"; it would be removed, as the file does not have it/,
  );
  await apply({ teams: less["teams"] ?? [] }, { prune: true });
  const { resources } = await client.call(exportConfiguration, {});
  assert.deepEqual(
    resources["model-visibility"]?.[0],
    { model: "big", teams: ["platform"] },
    "a team that is gone is in no file",
  );
  assert.deepEqual(resources["routing"]?.length, 2, "nor what was for its service account");
  assert.deepEqual((await apply(resources)).changes, []);
  const gone = tell((await apply(resources, { prune: true })).changes);
  assert.match(gone.join(), /^- routing svc_\w+,- routing key_\w+$|^- routing key_\w+,- routing svc_\w+$/);
});

test("things that look the same are told apart by their ids, and an export says so", async () => {
  const { id: blue } = await client.call(createTeam, { name: "blue" });
  const { id: other } = await client.call(createTeam, { name: "blue", slug: "blue-2" });
  const { id: inBlue } = await client.call(createServiceAccount, { name: "bot", team: blue });
  await client.call(createServiceAccount, { name: "bot" });
  await client.call(disableServiceAccount, { id: inBlue });
  await client.call(setTeamMember, { team: other, member: await join(client, app, "zed@example.com"), role: "owner" });
  const limit = { subject: "team", subjectId: other, measure: "concurrency", window: null, amount: 3 } as const;
  for (const amount of [3, 4]) await client.call(createLimit, { ...limit, amount });
  await client.call(setRouting, { subject: inBlue, tiers: ["gpu"] });
  const { id: role } = await client.call(createRole, { name: "twin", actions: ["keys.read"], team: blue });
  await client.call(giveRole, { id: role, holder: inBlue });
  for (const _ of [1, 2]) await client.call(createKey, { name: "twin", owner: other });

  const resources = await exported();
  assert.partialDeepStrictEqual(resources["teams"]?.[0], { name: "blue" });
  assert.ok([blue, other].includes(String(resources["teams"]?.[0]?.["id"])));
  assert.deepEqual(resources["roles"]?.find(({ name }) => name === "twin")?.["team"], blue);
  assert.deepEqual((await apply(resources, { prune: true })).changes, []);
  const renamed = resources["teams"]?.map((one) => (one["id"] === other ? { ...one, name: "green" } : one)) ?? [];
  const { changes } = await apply({ ...resources, teams: renamed });
  assert.deepEqual(tell(changes), ["~ team green"]);
  const named = await exported();
  assert.ok(JSON.stringify(named["limits"]).includes('{"team":"green"}'));
  assert.deepEqual((await apply(named, { prune: true })).changes, []);
  const error = await refusalOf({ teams: [{ id: "tem_none", name: "x" }] });
  assert.match(error.message, /^resources\.teams\.0\.id: there is no team "tem_none"; leave the id out/);
  const several = await problemsOf({ limits: [{ subject: { service: "bot" }, measure: "concurrency", amount: 1 }] });
  assert.match(
    several.join(),
    /^resources\.limits\.0\.subject\.service: there are several service accounts "bot"; write /,
  );
});

test("a price without a date is what it costs now: another one begins now, and the old one stays for what was before", async () => {
  const price = { model: "dated", inputMicroUsd: 5, outputMicroUsd: 6 };
  assert.equal((await apply({ prices: [price] })).changes.length, 1);
  assert.deepEqual((await apply({ prices: [price] }, { prune: true })).changes, []);
  const dearer = { ...price, outputMicroUsd: 7 };
  assert.deepEqual(tell((await apply({ prices: [dearer] })).changes), ["+ price dated"]);
  assert.deepEqual((await apply({ prices: [dearer] })).changes, []);
  assert.equal((await exported())["prices"]?.length, 2);
  assert.deepEqual((await apply({ prices: [dearer] }, { prune: true })).changes, []);
  assert.equal(
    (await apply({ prices: [] }, { prune: true })).changes.length,
    2,
    "without a price now, there is none of before",
  );
});

test("a team's own service accounts are its members without being listed, and stay so", async () => {
  const resources: Entries = {
    teams: [{ name: "crew", members: [{ user: "ada@example.com", role: "owner" }] }],
    "service-accounts": [{ name: "helper", team: "crew" }],
  };
  await apply(resources);
  assert.deepEqual((await apply({ teams: resources["teams"] ?? [] })).changes, []);
  const team = (await client.call(listTeams, {})).items.find(({ name }) => name === "crew")?.id ?? "";
  const before = (await client.call(listTeamMembers, { team })).items;
  assert.equal(before.length, 2);
  const helper = before.find(({ type }) => type === "service")?.memberId ?? "";
  await client.call(setTeamMember, { team, member: helper, role: "admin" });
  const { teams = [] } = await exported();
  assert.deepEqual(teams.find(({ name }) => name === "crew")?.["members"], [
    { service: "helper", role: "admin" },
    { user: "ada@example.com", role: "owner" },
  ]);
  await client.call(removeTeam, { id: team });
});
