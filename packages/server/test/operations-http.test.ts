// How the administrative API takes requests: methods, bodies, queries, and the shape of its errors.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startTestRouter, type TestRouter } from "./harness/router.ts";

type Problem = {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly instance: string;
  readonly errors?: readonly { readonly path: string; readonly message: string }[];
};

let app: TestRouter;
before(async () => {
  app = await startTestRouter();
});
after(() => app[Symbol.asyncDispose]());

function send(method: string, path: string, options: RequestInit = {}): Promise<Response> {
  const headers = { authorization: `Bearer ${app.key}`, ...(options.headers as Record<string, string>) };
  return fetch(app.url + path, { ...options, method, headers });
}

const json = { "content-type": "application/json" };

async function refuse(response: Promise<Response>, status: number): Promise<Problem> {
  const { status: given, headers, ...rest } = await response;
  assert.equal(given, status, JSON.stringify(rest));
  assert.equal(headers.get("content-type"), "application/problem+json");
  const problem = (await (await response).json()) as Problem;
  assert.equal(problem.type, "about:blank");
  assert.equal(problem.status, status);
  assert.equal(problem.instance, headers.get("x-request-id"));
  return problem;
}

test("HEAD answers as GET does, without the body", async () => {
  for (const path of ["/api/keys", "/api/health", "/openapi.json", "/api/docs"]) {
    const head = await send("HEAD", path);
    const get = await send("GET", path);
    assert.equal(head.status, 200, path);
    assert.equal(head.headers.get("content-length"), get.headers.get("content-length"), path);
    assert.equal(await head.text(), "");
    await get.body?.cancel();
  }
});

test("OPTIONS tells the methods of a path, and another method is refused with them", async () => {
  for (const [path, allow] of [
    ["/api/keys", "GET, HEAD, OPTIONS, POST"],
    ["/api/workers", "GET, HEAD, OPTIONS"],
    ["/api/docs", "GET, HEAD, OPTIONS"],
  ] as const) {
    const options = await fetch(app.url + path, { method: "OPTIONS" });
    assert.deepEqual([options.status, options.headers.get("allow")], [204, allow]);
    const wrong = send("PUT", path);
    const problem = await refuse(wrong, 405);
    assert.equal((await wrong).headers.get("allow"), allow);
    assert.equal(problem.title, "Method Not Allowed");
  }
  assert.equal((await fetch(`${app.url}/api/nothing`, { method: "OPTIONS" })).status, 404);
});

test("a body that is not said to be JSON is refused, so that no other site's form can send one", async () => {
  const body = JSON.stringify({ name: "form" });
  for (const type of ["application/x-www-form-urlencoded", "text/plain"]) {
    const { detail, errors } = await refuse(
      send("POST", "/api/keys", { body, headers: { "content-type": type } }),
      415,
    );
    assert.equal(detail, `The body must be JSON, with the header content-type: application/json; it is ${type}.`);
    assert.equal(errors?.[0]?.path, "content-type");
  }
  await refuse(send("POST", "/api/keys", { body: new Blob([body]) }), 415);
  const good = await send("POST", "/api/keys", {
    body,
    headers: { "content-type": "application/json; charset=utf-8" },
  });
  assert.equal(good.status, 200);
  assert.equal(good.headers.get("cache-control"), "no-store");
});

test("bodies that are too large, broken or no object are told as such", async () => {
  const post = (body: string): Promise<Response> => send("POST", "/api/keys", { body, headers: json });
  assert.match((await refuse(post(JSON.stringify({ name: "x".repeat(1_100_000) })), 413)).detail, /1048576 bytes/);
  assert.match((await refuse(post("{"), 400)).detail, /not valid JSON/);
  assert.match((await refuse(post("[]"), 400)).detail, /must be a JSON object/);
  assert.equal((await refuse(send("POST", "/api/keys"), 400)).errors?.[0]?.path, "name");
});

test("nothing that was sent is dropped in silence", async () => {
  const { errors } = await refuse(send("GET", "/api/keys?kinde=worker&dryRun=true&limit=1&limit=2"), 400);
  assert.deepEqual(errors, [
    { path: "kinde", message: "is not known here; did you mean kind?" },
    { path: "dryRun", message: "is for writes: this only reads" },
    { path: "limit", message: "is given more than once" },
  ]);
  const inQuery = await refuse(send("POST", "/api/keys?name=x", { body: "{}", headers: json }), 400);
  assert.deepEqual(inQuery.errors, [{ path: "name", message: "belongs into the body, as JSON" }]);
  const unknown = await refuse(send("POST", "/api/keys", { body: '{"name":"x","colour":1}', headers: json }), 400);
  assert.deepEqual(unknown.errors, [{ path: "colour", message: "is not known here" }]);
  const withBody = await refuse(send("DELETE", "/api/keys/key_1", { body: "{}", headers: json }), 400);
  assert.match(withBody.detail, /DELETE takes no body here/);
  const conditional = await refuse(send("DELETE", "/api/keys/key_1", { headers: { "if-match": '"3"' } }), 400);
  assert.deepEqual(conditional.errors?.[0]?.path, "If-Match");
});

test("a field at fault is named, whichever part of the router found it", async () => {
  const provider = { name: "x", kind: "worker", provider: "nope" };
  const found = await refuse(send("POST", "/api/keys", { body: JSON.stringify(provider), headers: json }), 400);
  assert.deepEqual(
    found.errors?.map(({ path }) => path),
    ["provider"],
  );
  const cursor = await refuse(send("GET", "/api/keys?cursor=x"), 400);
  assert.deepEqual(cursor.errors, [
    { path: "cursor", message: "is none of this list; take the nextCursor of a page with the same sort." },
  ]);
});

test("the face a request is made by is in the trail: the command line's, or the API's", async () => {
  await send("POST", "/api/keys", { body: '{"name":"by cli"}', headers: { ...json, "x-auxot-face": "cli" } });
  await send("POST", "/api/keys", { body: '{"name":"by api"}', headers: { ...json, "x-auxot-face": "system" } });
  const acts = app.log.filter(({ message }) => message === "administrative act").slice(-2);
  assert.deepEqual(
    acts.map(({ face }) => face),
    ["cli", "api"],
  );
});
