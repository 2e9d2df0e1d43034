// For each operation an input that a fresh router takes, so that tests can drive every one of them.

import type { Client } from "@auxot/client/client";
import { createInvitation } from "@auxot/wire/operations/invitations";
import { createKey } from "@auxot/wire/operations/keys";
import { createLimit } from "@auxot/wire/operations/limits";
import { setAlias, setRouting } from "@auxot/wire/operations/models";
import { setComparison, setPrice } from "@auxot/wire/operations/prices";
import { createRaiseRequest } from "@auxot/wire/operations/raise-requests";
import { createRole, giveRole } from "@auxot/wire/operations/roles";
import { setSecret } from "@auxot/wire/operations/secrets";
import { createServiceAccount, disableServiceAccount } from "@auxot/wire/operations/service-accounts";
import { setContentSetting } from "@auxot/wire/operations/request-log";
import { setShare } from "@auxot/wire/operations/shares";
import { createScimToken } from "@auxot/wire/operations/scim-tokens";
import { createSsoProvider } from "@auxot/wire/operations/sso-providers";
import { createTeam, setTeamMember } from "@auxot/wire/operations/teams";
import { deactivateUser } from "@auxot/wire/operations/users";
import { join } from "./join.ts";
import type { TestRouter } from "./router.ts";

/** What it is about is made before, with the client or at the router. Called anew for each try: every input works once. */
export type MakeInput = (client: Client, app: TestRouter) => Promise<object> | object;

const newName = (): string => `driven ${crypto.randomUUID()}`;

async function makeKey(client: Client): Promise<string> {
  return (await client.call(createKey, { name: newName() })).id;
}

async function makeTeam(client: Client): Promise<string> {
  return (await client.call(createTeam, { name: newName() })).id;
}

async function makeService(client: Client): Promise<string> {
  return (await client.call(createServiceAccount, { name: newName() })).id;
}

async function makeRole(client: Client): Promise<string> {
  return (await client.call(createRole, { name: newName(), actions: ["keys.read"] })).id;
}

async function makeLimit(client: Client): Promise<string> {
  return (await client.call(createLimit, newLimit)).id;
}

async function makePrice(client: Client): Promise<string> {
  return (await client.call(setPrice, newPrice())).id;
}

async function makeInvitation(client: Client): Promise<{ readonly id: string; readonly url: string }> {
  return client.call(createInvitation, { email: newEmail() });
}

const makePerson = (client: Client, app: TestRouter): Promise<string> => join(client, app, newEmail());

async function makeScimToken(client: Client): Promise<string> {
  return (await client.call(createScimToken, { name: newName() })).id;
}

async function makeSsoProvider(client: Client): Promise<string> {
  return (await client.call(createSsoProvider, newSsoProvider())).id;
}

const newEmail = (): string => `${crypto.randomUUID()}@example.com`;

const newSsoProvider = () => ({
  name: `driven-${crypto.randomUUID()}`,
  issuer: "https://id.example.com",
  clientId: "auxot",
  clientSecret: "hidden",
});

const newLimit = { subject: "org", measure: "requests", window: "minute", amount: 1_000_000 } as const;

const newPrice = () => ({
  model: newModel(),
  inputMicroUsd: 1_000_000,
  outputMicroUsd: 2_000_000,
});

const newModel = (): string => `driven-${crypto.randomUUID()}`;

/** By the operation's name. A test says which ones are missing. */
export const operationInputs: Readonly<Record<string, MakeInput>> = {
  "keys.create": () => ({ name: "driven" }),
  "keys.list": () => ({}),
  "keys.get": async (client) => ({ id: await makeKey(client) }),
  "keys.update": async (client) => ({ id: await makeKey(client), name: newName(), version: 1 }),
  "keys.rotate": async (client) => ({ id: await makeKey(client) }),
  "keys.revoke": async (client) => ({ id: await makeKey(client) }),
  "workers.list": () => ({}),
  "access.explain": async (client) => ({ subject: await makeService(client) }),
  "audit.list": () => ({}),
  "audit.export": () => ({}),
  "audit.verify": () => ({}),
  "content-logging.list": () => ({}),
  "content-logging.set": async (client) => ({ scope: await makeTeam(client), level: "metadata" }),
  "content-logging.remove": async (client) => {
    const scope = await makeTeam(client);
    await client.call(setContentSetting, { scope, level: "full" });
    return { scope };
  },
  "roles.list": () => ({}),
  "roles.get": async (client) => ({ id: await makeRole(client) }),
  "roles.create": () => ({ name: newName(), actions: ["keys.read"] }),
  "roles.update": async (client) => ({ id: await makeRole(client), name: newName() }),
  "roles.remove": async (client) => ({ id: await makeRole(client) }),
  "roles.holders": async (client) => ({ id: await makeRole(client) }),
  "roles.give": async (client) => ({ id: await makeRole(client), holder: await makeService(client) }),
  "roles.take": async (client) => {
    const given = { id: await makeRole(client), holder: await makeService(client) };
    await client.call(giveRole, given);
    return given;
  },
  "secrets.list": () => ({}),
  "secrets.set": () => ({ name: `S${crypto.randomUUID().replaceAll("-", "_").toUpperCase()}`, value: "hidden" }),
  "secrets.remove": async (client) => {
    const { id } = await client.call(setSecret, {
      name: `S${crypto.randomUUID().replaceAll("-", "_").toUpperCase()}`,
      value: "hidden",
    });
    return { id };
  },
  "secrets.rotation": () => ({}),
  "service-accounts.list": () => ({}),
  "service-accounts.get": async (client) => ({ id: await makeService(client) }),
  "service-accounts.create": () => ({ name: newName() }),
  "service-accounts.update": async (client) => ({ id: await makeService(client), description: "driven" }),
  "service-accounts.disable": async (client) => ({ id: await makeService(client) }),
  "service-accounts.enable": async (client) => {
    const id = await makeService(client);
    await client.call(disableServiceAccount, { id });
    return { id };
  },
  "shares.list": async (client) => ({ kind: "key", id: await makeKey(client) }),
  "shares.set": async (client) => ({
    kind: "key",
    id: await makeKey(client),
    to: await makeTeam(client),
    level: "viewer",
  }),
  "shares.remove": async (client) => {
    const share = { kind: "key", id: await makeKey(client), to: await makeTeam(client) };
    await client.call(setShare, { ...share, level: "viewer" });
    return share;
  },
  "teams.list": () => ({}),
  "teams.get": async (client) => ({ id: await makeTeam(client) }),
  "teams.create": () => ({ name: newName() }),
  "teams.update": async (client) => ({ id: await makeTeam(client), name: newName() }),
  "teams.remove": async (client) => ({ id: await makeTeam(client) }),
  "team-members.list": async (client) => ({ team: await makeTeam(client) }),
  "team-members.set": async (client) => ({
    team: await makeTeam(client),
    member: await makeService(client),
    role: "member",
  }),
  "team-members.remove": async (client) => {
    const membership = { team: await makeTeam(client), member: await makeService(client) };
    await client.call(setTeamMember, { ...membership, role: "member" });
    return membership;
  },
  "licence.show": () => ({}),
  "limits.list": () => ({}),
  "limits.create": () => newLimit,
  "limits.get": async (client) => ({ id: await makeLimit(client) }),
  "limits.update": async (client) => ({ id: await makeLimit(client), amount: 2_000_000, version: 1 }),
  "limits.remove": async (client) => ({ id: await makeLimit(client) }),
  "limits.status": () => ({}),
  "alerts.list": () => ({}),
  "raise-requests.list": () => ({}),
  "raise-requests.create": async (client) => ({
    limitId: await makeLimit(client),
    amount: 3_000_000,
    reason: "More is needed.",
  }),
  "raise-requests.decide": async (client) => {
    const asked = { limitId: await makeLimit(client), amount: 3_000_000, reason: "More is needed." };
    return { id: (await client.call(createRaiseRequest, asked)).id, decision: "grant" };
  },
  "prices.list": () => ({}),
  "prices.history": () => ({}),
  "prices.find": () => ({ model: newModel(), provider: "gpu" }),
  "prices.set": () => newPrice(),
  "prices.remove": async (client) => ({ id: await makePrice(client) }),
  "comparisons.list": () => ({}),
  "comparisons.set": () => ({ model: newModel(), cloudModel: "gpt-4o" }),
  "comparisons.remove": async (client) => {
    const model = newModel();
    await client.call(setComparison, { model, cloudModel: "gpt-4o" });
    return { model };
  },
  "models.list": () => ({}),
  "models.visibility": () => ({}),
  "models.set-visibility": () => ({ model: newModel(), teams: [] }),
  "model-aliases.list": () => ({}),
  "model-aliases.set": () => ({ name: newModel(), models: ["x"] }),
  "model-aliases.remove": async (client) => {
    const name = newModel();
    await client.call(setAlias, { name, models: ["x"] });
    return { name };
  },
  "routing.list": () => ({}),
  "routing.set": async (client) => ({ subject: await makeTeam(client), tiers: ["gpu"] }),
  "routing.remove": async (client) => {
    const subject = await makeTeam(client);
    await client.call(setRouting, { subject, tiers: ["gpu"] });
    return { subject };
  },
  "usage.query": () => ({}),
  "usage.records": () => ({}),
  "users.list": () => ({}),
  "users.get": async (client, app) => ({ id: await makePerson(client, app) }),
  "users.update": async (client, app) => ({ id: await makePerson(client, app), name: newName(), version: 1 }),
  "users.deactivate": async (client, app) => ({ id: await makePerson(client, app) }),
  "users.activate": async (client, app) => {
    const id = await makePerson(client, app);
    await client.call(deactivateUser, { id });
    return { id };
  },
  "users.end-sessions": async (client, app) => ({ id: await makePerson(client, app) }),
  "users.remove-factors": async (client, app) => ({ id: await makePerson(client, app) }),
  "users.reset-password": async (client, app) => ({ id: await makePerson(client, app) }),
  "invitations.list": () => ({}),
  "invitations.create": () => ({ email: newEmail() }),
  "invitations.resend": async (client) => ({ id: (await makeInvitation(client)).id }),
  "invitations.revoke": async (client) => ({ id: (await makeInvitation(client)).id }),
  "scim-tokens.list": () => ({}),
  "scim-tokens.create": () => ({ name: newName() }),
  "scim-tokens.revoke": async (client) => ({ id: await makeScimToken(client) }),
  "sso-providers.list": () => ({}),
  "sso-providers.create": newSsoProvider,
  "sso-providers.update": async (client) => ({ id: await makeSsoProvider(client), label: "Sign in", version: 1 }),
  "sso-providers.remove": async (client) => ({ id: await makeSsoProvider(client) }),
  "org-members.list": () => ({}),
  "configuration.export": () => ({}),
  "configuration.apply": () => ({ resources: { keys: [{ name: newName() }] } }),
};

/** Operations that need more than a fresh router: the test that drives each, by its path from the folder of tests. */
export const drivenElsewhere: Readonly<Record<string, string>> = {
  "alerts.test": "webhook.test.ts",
  "licence.install": "licence.test.ts",
  "request-content.get": "request-log.test.ts",
  "secrets.rotate-key": "key-rotation.test.ts",
  "secrets.retire-key": "key-rotation.test.ts",
  "sso-providers.test": "identity/sso.test.ts",
  "sso-providers.enable": "identity/sso.test.ts",
  "sso-providers.disable": "identity/sso.test.ts",
  "org-members.set": "people/access.test.ts",
};
