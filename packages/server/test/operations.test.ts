// Operations over HTTP: permission, input, pages, dry runs, creates that are repeated.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startTestRouter, type TestRouter } from "./harness/router.ts";

type Json = Readonly<Record<string, unknown>>;

let app: TestRouter;
before(async () => {
  app = await startTestRouter();
});
after(() => app[Symbol.asyncDispose]());

async function send(
  method: string,
  path: string,
  body?: object,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly status: number; readonly body: Json }> {
  const response = await fetch(app.url + path, {
    method,
    headers: { authorization: `Bearer ${app.key}`, "content-type": "application/json", ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Json };
}

function forge(parts: unknown): string {
  return Buffer.from(typeof parts === "string" ? parts : JSON.stringify(parts)).toString("base64url");
}

async function listNames(query: string): Promise<{ readonly names: readonly unknown[]; readonly next: unknown }> {
  const { status, body } = await send("GET", `/api/keys?${query}`);
  assert.equal(status, 200, JSON.stringify(body));
  return { names: (body["items"] as readonly Json[]).map(({ name }) => name), next: body["nextCursor"] };
}

test("a list comes in pages that miss nothing and repeat nothing, in the order asked for", async () => {
  for (const name of ["b", "a", "d", "c", "a"]) await send("POST", "/api/keys", { name: `page-${name}` });
  const seen: unknown[] = [];
  let cursor: unknown;
  do {
    const page = await listNames(
      `sort=name&limit=2&kind=caller${cursor === undefined ? "" : `&cursor=${String(cursor)}`}`,
    );
    seen.push(...page.names);
    assert.ok(page.names.length <= 2);
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  assert.deepEqual(
    seen.filter((name) => String(name).startsWith("page-")),
    ["page-a", "page-a", "page-b", "page-c", "page-d"],
  );
  assert.equal(new Set((await listNames("limit=200")).names).size, new Set(seen).size + 1, "and the worker's key");
});

test("a page that cannot be is refused with the field", async () => {
  const page = await listNames("sort=name&limit=1");
  for (const [query, field] of [
    ["cursor=nonsense", "cursor"],
    [`cursor=${String(page.next)}`, "cursor"],
    ["limit=0", "limit"],
    ["limit=many", "limit"],
    ["sort=masked", "sort"],
    ["colour=red", "colour"],
  ] as const) {
    const { status, body } = await send("GET", `/api/keys?${query}`);
    assert.equal(status, 400, query);
    assert.match(String(body["detail"]), new RegExp(field), query);
  }
});

test("a dry run tells what would change, and changes nothing", async () => {
  const { status, body } = await send("POST", "/api/keys?dryRun=true", { name: "only tried" });
  assert.equal(status, 200);
  assert.partialDeepStrictEqual(body, {
    dryRun: true,
    changes: [{ kind: "key", name: "only tried", before: null, after: { name: "only tried", kind: "caller" } }],
  });
  assert.doesNotMatch(JSON.stringify(body), /axk_[0-9A-Za-z]{20}/);
  assert.ok(!(await listNames("limit=200")).names.includes("only tried"));
  const made = await send("POST", "/api/keys", { name: "kept" });
  const revoke = await send("DELETE", `/api/keys/${String(made.body["id"])}?dryRun=true`);
  const [change] = revoke.body["changes"] as readonly { before: Json; after: Json }[];
  assert.equal(change?.before["revokedAt"], null);
  assert.equal(typeof change?.after["revokedAt"], "string");
  assert.equal((await app.get("/v1/models", { key: String(made.body["key"]) })).status, 200);
  assert.equal((await send("POST", "/api/keys?dryRun=perhaps", { name: "x" })).status, 400);
  assert.equal((await send("DELETE", "/api/keys/key_none?dryRun=true")).status, 404);
});

test("a create that is repeated with its key is done once, also when both come at once", async () => {
  const headers = { "idempotency-key": "make-it-once" };
  const both = await Promise.all([
    send("POST", "/api/keys", { name: "once" }, headers),
    send("POST", "/api/keys", { name: "once" }, headers),
  ]);
  const again = await send("POST", "/api/keys", { name: "once" }, headers);
  assert.equal(new Set([...both, again].map(({ body }) => body["key"])).size, 1);
  assert.equal((await listNames("limit=200")).names.filter((name) => name === "once").length, 1);
  const other = await send("POST", "/api/keys", { name: "another" }, headers);
  assert.equal(other.status, 409);
  assert.match(String(other.body["detail"]), /Idempotency-Key was used for another request/);
  assert.equal((await send("POST", "/api/keys", { name: "x" }, { "idempotency-key": "a b" })).status, 400);
});

test("a create that failed may be repeated with the same key", async () => {
  const headers = { "idempotency-key": "second-try" };
  assert.equal((await send("POST", "/api/keys", { name: "w", kind: "worker", provider: "nope" }, headers)).status, 400);
  assert.equal((await send("POST", "/api/keys", { name: "w", kind: "worker", provider: "gpu" }, headers)).status, 200);
});

test("a caller without the right is refused with what would open it", async () => {
  const { body: made } = await send("POST", "/api/keys", { name: "app" });
  const denied = await send("POST", "/api/keys", { name: "x" }, { authorization: `Bearer ${String(made["key"])}` });
  assert.equal(denied.status, 403);
  assert.match(String(denied.body["detail"]), /"app" may not do "keys.edit": it needs the role admin or above/);
  const log = app.log.filter(({ message }) => message === "administrative act");
  assert.partialDeepStrictEqual(log.at(-1), { action: "keys.create", outcome: "denied", by: "app" });
});

test("a cursor or a time that somebody made up is refused, never a fault of the router", async () => {
  const lists: readonly (readonly [path: string, sort: string])[] = [
    ["/api/keys", "createdAt"],
    ["/api/keys", "name"],
    ["/api/audit", "seq"],
    ["/api/secrets", "-updatedAt"],
    ["/api/usage/records", "-at"],
    ["/api/model-aliases", "name"],
  ];
  for (const [path, sort] of lists) {
    for (const parts of [
      ...[123.5, "abc\0", "\ud800", 1e30, -1e15, null].map((value) => [sort, "plain", value, "x"]),
      ...[1e300, 8.64e15, -8.64e15, "now"].map((value) => [sort, "date", value, "x"]),
      [sort, "date", 5, "x\0"],
      [sort, "plain", "a", "\ud800"],
      `["${sort}","plain",1e999,"x"]`,
      { 0: sort },
    ]) {
      const { status } = await send("GET", `${path}?sort=${sort}&cursor=${forge(parts)}`);
      const isFine = path === "/api/audit" && Array.isArray(parts) && parts[2] === -1e15;
      assert.equal(status, isFine ? 200 : 400, `${path} ${JSON.stringify(parts)}`);
    }
  }
  for (const [path, field] of [
    ["/api/audit?since=0000-01-01T00:00:00Z", "since"],
    ["/api/audit?until=9999-12-31T23:59:59-01:00", "until"],
    ["/api/usage/records?from=0000-01-01T00:00:00Z", "from"],
    ["/api/usage?from=0000-01-01T00:00:00Z", "from"],
  ] as const) {
    const { status, body } = await send("GET", path);
    assert.equal(status, 400, path);
    assert.match(String(body["detail"]), new RegExp(`${field}: must be a time in the years 1 to 9999`));
  }
  const late = await send("POST", "/api/keys", { name: "late", expiresAt: "9999-12-31T23:59:59-01:00" });
  assert.equal(late.status, 400);
});

test("an input that is nested without end is refused with its field", async () => {
  for (const nested of [
    "[".repeat(400_000) + "]".repeat(400_000),
    '{"a":'.repeat(150_000) + "1" + "}".repeat(150_000),
  ]) {
    const response = await app.post("/api/keys", `{"name":"x","scopes":${nested}}`);
    assert.equal(response.status, 400);
    assert.match(await response.text(), /scopes: is nested more than 50 levels deep/);
  }
});
