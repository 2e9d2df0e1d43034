// The calls that Entra ID and Okta make.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openBrowser } from "../harness/browser.ts";
import { makeOwner, ownerPassword, type Owner } from "../harness/owner.ts";
import { startTestRouter, type TestRouter } from "../harness/router.ts";

let app: TestRouter;
let owner: Owner;
let token: string;
before(async () => {
  app = await startTestRouter();
  owner = await makeOwner(app);
  token = (await owner.browser.ask("/api/scim-tokens", { name: "Entra" })).body.token;
});
after(() => app[Symbol.asyncDispose]());

type Json = Record<string, unknown> & { readonly Resources?: Json[]; readonly id: string };

async function scim(method: string, path: string, body?: object, key = token) {
  const response = await fetch(`${app.url}/scim/v2${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, "content-type": "application/scim+json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (text !== "") assert.equal(response.headers.get("content-type"), "application/scim+json");
  return { status: response.status, body: (text === "" ? {} : JSON.parse(text)) as Json, headers: response.headers };
}

const userSchema = "urn:ietf:params:scim:schemas:core:2.0:User";
const patchSchema = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
const patch = (path: string, ...Operations: object[]) => scim("PATCH", path, { schemas: [patchSchema], Operations });
const filter = (text: string) => `?filter=${encodeURIComponent(text)}`;

/** As Entra ID creates people. */
async function createPerson(userName: string, more: object = {}) {
  const made = await scim("POST", "/Users", {
    schemas: [userSchema, "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
    externalId: `ext-${userName}`,
    userName,
    active: true,
    emails: [{ primary: true, type: "work", value: userName }],
    meta: { resourceType: "User" },
    name: { formatted: "Given Family", familyName: "Family", givenName: "Given" },
    roles: [],
    ...more,
  });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  return made;
}

test("a directory asks whether somebody is there, makes them and finds them", async () => {
  const none = await scim("GET", `/Users${filter('userName eq "ann@corp.example"')}`);
  assert.partialDeepStrictEqual(none.body, { totalResults: 0, Resources: [], startIndex: 1 });
  const made = await createPerson("Ann@corp.example", { externalId: "0a21" });
  assert.partialDeepStrictEqual(made.body, {
    schemas: [userSchema],
    externalId: "0a21",
    userName: "Ann@corp.example",
    active: true,
    name: { givenName: "Given", familyName: "Family" },
  });
  assert.equal(made.headers.get("location"), (made.body["meta"] as Json)["location"]);
  for (const text of [
    'userName eq "ANN@corp.example"',
    'externalId eq "0a21"',
    'emails[type eq "work"].value eq "ann@corp.example"',
  ]) {
    assert.equal((await scim("GET", `/Users${filter(text)}`)).body["totalResults"], 1, text);
  }
  assert.equal((await scim("GET", `/Users/${made.body.id}`)).body["userName"], "Ann@corp.example");
  const again = await scim("POST", "/Users", { userName: "ann@CORP.example" });
  assert.equal(again.status, 409);
  assert.equal(again.body["scimType"], "uniqueness");
  const { items } = (await owner.browser.ask("/api/users?search=ann@")).body;
  assert.partialDeepStrictEqual(items, [{ origin: "scim", managed: true, role: "member" }]);
});

test("a deprovisioned person is out at once, in each directory's words, and comes back with them", async () => {
  for (const [name, off, on] of [
    ["bea", { op: "Replace", path: "active", value: "False" }, { op: "Replace", path: "active", value: "True" }],
    ["bob", { op: "replace", value: { active: false } }, { op: "replace", value: { active: true } }],
  ] as const) {
    const { body } = await createPerson(`${name}@corp.example`);
    const link = await owner.browser.ask(`/api/users/${body.id}/reset-password`, {});
    await openBrowser(app.url).ask("/api/auth/reset-password", {
      token: new URL(link.body.url).hash.slice(1),
      password: ownerPassword,
    });
    const browser = openBrowser(app.url);
    const signIn = () =>
      browser.ask("/api/auth/sign-in/email", { email: `${name}@corp.example`, password: ownerPassword });
    assert.equal((await signIn()).status, 200);
    assert.equal((await browser.ask(`/api/users/${body.id}`)).status, 200);
    assert.equal((await patch(`/Users/${body.id}`, off)).body["active"], false);
    assert.equal((await browser.ask(`/api/users/${body.id}`)).status, 401);
    assert.equal((await signIn()).status, 403);
    assert.equal((await patch(`/Users/${body.id}`, on)).body["active"], true);
    assert.equal((await signIn()).status, 200);
  }
});

test("a person is replaced whole, as Okta does, and a taken address is refused", async () => {
  const { body } = await createPerson("cara@corp.example");
  const replaced = await scim("PUT", `/Users/${body.id}`, {
    schemas: [userSchema],
    id: body.id,
    userName: "cara.new@corp.example",
    name: { givenName: "Cara", familyName: "New" },
    emails: [{ primary: true, value: "cara.new@corp.example", type: "work" }],
    active: true,
    groups: [],
  });
  assert.partialDeepStrictEqual(replaced.body, { userName: "cara.new@corp.example", displayName: "Cara New" });
  assert.equal("externalId" in replaced.body, false);
  const taken = await patch(`/Users/${body.id}`, { op: "replace", path: "userName", value: owner.email });
  assert.equal(taken.status, 409);
});

test("a deleted person is gone for the directory, cannot sign in, and is the same account when made again", async () => {
  const { body } = await createPerson("dan@corp.example");
  assert.equal((await scim("DELETE", `/Users/${body.id}`)).status, 204);
  assert.equal((await scim("GET", `/Users/${body.id}`)).status, 404);
  assert.equal((await scim("DELETE", `/Users/${body.id}`)).status, 404);
  assert.equal((await scim("GET", `/Users${filter('userName eq "dan@corp.example"')}`)).body["totalResults"], 0);
  assert.equal(typeof (await owner.browser.ask(`/api/users/${body.id}`)).body.deactivatedAt, "string");
  assert.equal((await createPerson("dan@corp.example")).body.id, body.id);
  assert.equal((await owner.browser.ask(`/api/users/${body.id}`)).body.deactivatedAt, null);
});

test("accounts from before are found by their address, so that the directory takes them over", async () => {
  const found = await scim("GET", `/Users${filter(`userName eq "${owner.email}"`)}`);
  const [person] = found.body.Resources ?? [];
  assert.equal(person?.id, owner.id);
  const taken = await patch(`/Users/${owner.id}`, { op: "Add", path: "externalId", value: "olga-1" });
  assert.equal(taken.body["externalId"], "olga-1");
  const last = await patch(`/Users/${owner.id}`, { op: "Replace", path: "active", value: "False" });
  assert.equal(last.status, 409);
  assert.match(String(last.body["detail"]), /last owner/);
  const { items } = (await owner.browser.ask("/api/audit?face=scim&outcome=failure&action=users.update")).body;
  assert.match(items[0].reason, /Olga is the last owner/, "what a directory was refused is audited too");
});

test("groups become teams, members come and go one by one and in bulk", async () => {
  const [one, two, three] = await Promise.all(["e1", "e2", "e3"].map((name) => createPerson(`${name}@corp.example`)));
  const ids = [one, two, three].map((made) => String(made?.body.id));
  const made = await scim("POST", "/Groups", {
    displayName: "Research",
    externalId: "g-1",
    members: [{ value: ids[0] }],
  });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const path = `/Groups/${made.body.id}`;
  const membersOf = async () =>
    ((await scim("GET", path)).body["members"] as Json[]).map(({ value }) => value).toSorted();
  assert.deepEqual(await membersOf(), [ids[0]]);
  await patch(path, { op: "Add", path: "members", value: [{ value: ids[1] }, { value: ids[2] }] });
  assert.deepEqual(await membersOf(), ids.toSorted());
  await patch(path, { op: "Remove", path: "members", value: [{ value: ids[0] }] });
  assert.deepEqual(await membersOf(), [ids[1], ids[2]].toSorted());
  await patch(path, { op: "remove", path: `members[value eq "${ids[1]}"]` });
  assert.deepEqual(await membersOf(), [ids[2]]);
  await patch(path, { op: "replace", value: { id: made.body.id, displayName: "Research 2" } });
  assert.equal((await scim("GET", path)).body["displayName"], "Research 2");
  await patch(path, { op: "replace", path: "members", value: [{ value: ids[0], display: "e1" }] });
  assert.deepEqual(await membersOf(), [ids[0]]);
  const check = await scim("GET", `/Groups${filter(`id eq "${made.body.id}" and members eq "${ids[0]}"`)}`);
  assert.equal(check.body["totalResults"], 1);
  const lean = await scim("GET", `/Groups${filter('displayName eq "research 2"')}&excludedAttributes=members`);
  assert.equal("members" in (lean.body.Resources?.[0] ?? {}), false);
  await patch(path, { op: "remove", path: "members" });
  assert.deepEqual(await membersOf(), []);
  const unknown = await patch(path, { op: "add", path: "members", value: [{ value: "usr_none" }] });
  assert.equal(unknown.status, 400);
  assert.match(String(unknown.body["detail"]), /usr_none/);
  assert.equal((await scim("DELETE", path)).status, 204);
  assert.equal((await scim("GET", path)).status, 404);
});

test("a directory cannot take over an owner by another address, and a deleted person comes back with nothing", async () => {
  const changed = await patch(`/Users/${owner.id}`, {
    op: "replace",
    path: "emails.value",
    value: "evil@corp.example",
  });
  assert.equal(changed.status, 409);
  assert.equal(changed.body["scimType"], "mutability");
  assert.match(String(changed.body["detail"]), /Olga owns this organisation/);
  const { body } = await createPerson("olaf@corp.example");
  const put = (path: string, sent: object) => owner.browser.ask(path, sent, { method: "PUT" });
  assert.equal((await put(`/api/org/members/${body.id}`, { role: "owner" })).status, 200);
  const team = await owner.browser.ask("/api/teams", { name: "By hand" });
  assert.equal((await put(`/api/teams/${team.body.id}/members/${body.id}`, { role: "owner" })).status, 200);
  const service = (await owner.browser.ask("/api/service-accounts", { name: "shared" })).body.id as string;
  const shares = `/api/shares/service-account/${service}`;
  assert.equal((await put(`${shares}/${body.id}`, { level: "editor" })).status, 200);
  assert.equal((await scim("DELETE", `/Users/${body.id}`)).status, 204);
  assert.equal((await createPerson("olaf@corp.example")).body.id, body.id);
  assert.deepEqual((await owner.browser.ask(shares)).body.items, []);
  assert.equal((await owner.browser.ask(`/api/users/${body.id}`)).body.role, "member");
  const { items } = (await owner.browser.ask(`/api/teams/${team.body.id}/members`)).body;
  assert.equal(
    items.some(({ memberId }: { memberId: string }) => memberId === body.id),
    false,
  );
});

test("a new name lets nobody in again whom an administrator deactivated", async () => {
  const { body } = await createPerson("ned@corp.example");
  await owner.browser.ask(`/api/users/${body.id}/deactivate`, {});
  const renamed = await scim("PUT", `/Users/${body.id}`, { userName: "ned@corp.example", displayName: "Edward" });
  assert.partialDeepStrictEqual(renamed.body, { displayName: "Edward", active: false });
});

const createGroup = async (displayName: string, member: string | undefined) =>
  String((await scim("POST", "/Groups", { displayName, members: [{ value: member }] })).body.id);
const rename = (id: string, displayName: string) =>
  patch(`/Groups/${id}`, { op: "replace", path: "displayName", value: displayName });
const listTeams = async () =>
  new Map(
    (await owner.browser.ask("/api/teams?limit=200")).body.items.map((one: { name: string; id: string }) => [
      one.name,
      one.id,
    ]),
  );
const listMembers = async (name: string) =>
  (await owner.browser.ask(`/api/teams/${(await listTeams()).get(name)}/members`)).body.items
    .map(({ memberId }: { memberId: string }) => memberId)
    .filter((id: string) => id !== owner.id);

test("a group that is renamed takes no other team's name, and leaves a team that another group has too", async () => {
  const [ann, ben] = await Promise.all(["ga", "gb"].map((name) => createPerson(`${name}@corp.example`)));
  await owner.browser.ask("/api/teams", { name: "Board" });
  const first = await createGroup("Sales", ann?.body.id);
  const second = await createGroup("Sales", ben?.body.id);
  assert.equal((await rename(first, "Board")).status, 200, "it leaves for the team of that name, as a new group would");
  assert.deepEqual(await listMembers("Board"), [ann?.body.id]);
  assert.deepEqual(await listMembers("Sales"), [ben?.body.id]);
  const refused = await rename(second, "Board");
  assert.equal(refused.status, 409, "its team is its own, and two teams of one name are nobody's wish");
  assert.match(String(refused.body["detail"]), /another team named "Board"/);
  assert.equal((await rename(second, "Sales EMEA")).status, 200);
  assert.deepEqual(await listMembers("Sales EMEA"), [ben?.body.id]);
  await owner.browser.ask(`/api/teams/${(await listTeams()).get("Sales EMEA")}`, undefined, { method: "DELETE" });
  assert.equal((await rename(second, "Sales World")).status, 200);
  assert.deepEqual(
    await listMembers("Sales World"),
    [ben?.body.id],
    "a team that was removed is made anew, members and all",
  );
});

test("pages begin where the directory says", async () => {
  for (const name of ["p1", "p2", "p3"]) await createPerson(`${name}@page.example`);
  const all = await scim("GET", "/Users?count=200");
  const total = Number(all.body["totalResults"]);
  const seen: string[] = [];
  for (let start = 1; start <= total; start += 2) {
    const page = await scim("GET", `/Users?startIndex=${start}&count=2`);
    assert.partialDeepStrictEqual(page.body, { totalResults: total, startIndex: start });
    seen.push(...(page.body.Resources ?? []).map(({ id }) => id));
  }
  assert.deepEqual(
    seen,
    (all.body.Resources ?? []).map(({ id }) => id),
  );
  assert.equal((await scim("GET", "/Users?count=0")).body.Resources?.length, 0);
  assert.equal((await scim("GET", "/Users?startIndex=0&count=1")).body["startIndex"], 1);
  assert.equal((await scim("GET", "/Users?count=many")).status, 400);
});

test("the server describes itself", async () => {
  const config = await scim("GET", "/ServiceProviderConfig");
  assert.partialDeepStrictEqual(config.body, { patch: { supported: true }, bulk: { supported: false } });
  assert.deepEqual(
    (await scim("GET", "/ResourceTypes")).body.Resources?.map(({ id }) => id),
    ["User", "Group"],
  );
  assert.equal((await scim("GET", "/ResourceTypes/User")).body["endpoint"], "/Users");
  assert.equal((await scim("GET", `/Schemas/${userSchema}`)).body["name"], "User");
});

test("what is not understood is refused in SCIM's own form", async () => {
  for (const [method, path, body, status] of [
    ["GET", `/Users${filter('userName co "a"')}`, undefined, 400],
    ["GET", `/Users${filter('shoeSize eq "9"')}`, undefined, 400],
    ["POST", "/Users", { userName: "no address" }, 400],
    ["POST", "/Users", {}, 400],
    ["POST", "/Groups", {}, 400],
    ["PATCH", "/Users/usr_none", { Operations: [{ op: "replace", path: "active", value: true }] }, 404],
    ["GET", "/Nothing", undefined, 404],
    ["DELETE", "/Users", undefined, 405],
  ] as const) {
    const refused = await scim(method, path, body);
    assert.equal(refused.status, status, `${method} ${path}`);
    assert.partialDeepStrictEqual(refused.body, {
      schemas: ["urn:ietf:params:scim:api:messages:2.0:Error"],
      status: String(status),
    });
  }
});

test("only a directory's token opens it, until it is revoked, and every change is audited as the directory's", async () => {
  for (const key of ["", "scim_wrong", app.key])
    assert.equal((await scim("GET", "/Users", undefined, key)).status, 401);
  const made = await owner.browser.ask("/api/scim-tokens", { name: "Okta" });
  assert.equal((await scim("POST", "/Users", { userName: "zoe@corp.example" }, made.body.token)).status, 201);
  const acts = app.log.filter(({ message, face }) => message === "administrative act" && face === "scim");
  assert.partialDeepStrictEqual(acts.at(-1), { action: "users.create", by: "Okta", outcome: "success" });
  assert.equal(
    (await owner.browser.ask(`/api/scim-tokens/${made.body.id}`, undefined, { method: "DELETE" })).status,
    200,
  );
  assert.equal((await scim("GET", "/Users", undefined, made.body.token)).status, 401);
  const list = await owner.browser.ask("/api/scim-tokens");
  assert.equal(JSON.stringify(list.body).includes(made.body.token), false);
});

test("two requests that make the same person at once make one", async () => {
  const both = await Promise.all([1, 2].map(() => scim("POST", "/Users", { userName: "twin@corp.example" })));
  assert.deepEqual(both.map(({ status }) => status).toSorted(), [201, 409]);
});
