import assert from "node:assert/strict";
import { test } from "node:test";
import { AppError } from "@auxot/wire/errors";
import { createKey, listKeys, revokeKey } from "@auxot/wire/operations/keys";
import { createClient } from "./client.ts";

const view = {
  id: "key_1",
  name: "me",
  kind: "caller",
  admin: false,
  provider: null,
  masked: "axk_1234…wxyz",
  createdAt: "2026-01-01T00:00:00.000Z",
  revokedAt: null,
  description: "",
  owner: { type: "org", id: null, name: "the organisation" },
  scopes: null,
  models: null,
  agents: null,
  ipRanges: null,
  expiresAt: null,
  oldTextUntil: null,
  lastUsedAt: null,
  lastUsedFrom: null,
  version: 1,
};

/** A client whose router answers everything with `body`, and the requests it got. */
function createScripted(body: unknown, init: ResponseInit = {}) {
  const requests: { url: string; init: RequestInit | undefined }[] = [];
  const client = createClient({
    url: "http://router:8080/prefix/",
    key: "axk_key",
    fetch: (url, requestInit) => {
      requests.push({ url: String(url), init: requestInit });
      return Promise.resolve(new Response(typeof body === "string" ? body : JSON.stringify(body), init));
    },
  });
  return { client, requests };
}

function isError(code: string, message: string, param?: string) {
  return (error: unknown) => {
    assert.ok(error instanceof AppError);
    assert.deepEqual([error.code, error.message, error.param], [code, message, param]);
    return true;
  };
}

test("sends the input as JSON with the key, and gives the parsed output", async () => {
  const { client, requests } = createScripted({ ...view, key: "axk_new" });
  const created = await client.call(createKey, { name: "me" });
  assert.equal(created.key, "axk_new");
  const [request] = requests;
  assert.equal(request?.url, "http://router:8080/prefix/api/keys");
  assert.equal(request.init?.method, "POST");
  assert.equal(request.init.body, '{"name":"me"}');
  assert.deepEqual(request.init.headers, {
    accept: "application/json",
    authorization: "Bearer axk_key",
    "content-type": "application/json",
  });
});

test("fills the path from the input, escaped, and sends the rest of a DELETE as query", async () => {
  const { client, requests } = createScripted(view);
  await client.call(revokeKey, { id: "a/b c" });
  assert.equal(requests[0]?.url, "http://router:8080/prefix/api/keys/a%2Fb%20c");
  assert.equal(requests[0].init?.body, undefined);
  await client.call({ ...listKeys, output: revokeKey.output }, { limit: 2, kind: ["a", "b"] } as never);
  assert.equal(requests[1]?.url, "http://router:8080/prefix/api/keys?limit=2&kind=a&kind=b");
});

test("the body of a PUT is JSON too", async () => {
  const { client, requests } = createScripted(view);
  await client.call({ ...revokeKey, method: "PUT" }, { id: "k", name: "n" } as never);
  assert.deepEqual(
    [requests[0]?.url, requests[0]?.init?.body],
    ["http://router:8080/prefix/api/keys/k", '{"name":"n"}'],
  );
});

test("a preview asks for a dry run and gives the changes; what only reads has none", async () => {
  const preview = { dryRun: true, changes: [{ kind: "key", id: "key_1", name: "me", before: view, after: null }] };
  const { client, requests } = createScripted(preview);
  assert.deepEqual(await client.preview(revokeKey, { id: "key_1" }), preview);
  assert.equal(requests[0]?.url, "http://router:8080/prefix/api/keys/key_1?dryRun=true");
  await assert.rejects(
    client.preview(listKeys, {}),
    isError("invalid_request", "keys.list only reads: there is nothing to preview."),
  );
});

test("a write carries its Idempotency-Key, and every request the face it is made by", async () => {
  const requests: RequestInit[] = [];
  const client = createClient({
    url: "http://router:8080",
    face: "cli",
    fetch: (_, init) => {
      requests.push(init ?? {});
      return Promise.resolve(Response.json({ ...view, key: "axk_new" }));
    },
  });
  await client.call(createKey, { name: "me" }, { idempotencyKey: "once" });
  assert.partialDeepStrictEqual(requests[0]?.headers, { "idempotency-key": "once", "x-auxot-face": "cli" });
});

test("a whole list is read page after page, and no further than asked", async () => {
  const asked: string[] = [];
  const client = createClient({
    url: "http://router:8080",
    fetch: (url) => {
      asked.push(String(url));
      const place = asked.length;
      const items = [
        { ...view, id: `key_${place}a` },
        { ...view, id: `key_${place}b` },
      ];
      return Promise.resolve(Response.json({ items, nextCursor: place === 3 ? null : `after-${place}` }));
    },
  });
  const all = await Array.fromAsync(client.listAll(listKeys, { limit: 2 }));
  assert.deepEqual(
    all.map(({ id }) => id),
    ["key_1a", "key_1b", "key_2a", "key_2b", "key_3a", "key_3b"],
  );
  assert.deepEqual(
    asked.map((url) => url.split("?")[1]),
    ["limit=2", "limit=2&cursor=after-1", "limit=2&cursor=after-2"],
  );
  asked.length = 0;
  for await (const key of client.listAll(listKeys, {})) if (key.id === "key_1b") break;
  assert.equal(asked.length, 1);
});

test("a change of what somebody else changed meanwhile is a conflict", async () => {
  const detail = "Somebody else changed this key meanwhile: it is at version 3, not 2.";
  const problem = { status: 409, code: "conflict", detail, errors: [{ path: "version", message: detail }] };
  const { client } = createScripted(problem, { status: 409 });
  await assert.rejects(client.call(revokeKey, { id: "key_1" }), isError("conflict", detail, "version"));
});

test("an empty part of the path is refused before anything is sent", async () => {
  const { client, requests } = createScripted(view);
  await assert.rejects(client.call(revokeKey, { id: "" }), isError("invalid_request", 'keys.revoke needs "id".', "id"));
  assert.deepEqual(requests, []);
});

test("throws the router's error with its code, message and field", async () => {
  const problem = {
    type: "about:blank",
    title: "Bad Request",
    status: 400,
    detail: "name: must not be empty",
    code: "invalid_request",
    errors: [
      { path: "name", message: "must not be empty" },
      { path: "kind", message: "must be caller or worker" },
    ],
  };
  const { client } = createScripted(problem, { status: 400 });
  await assert.rejects(
    client.call(listKeys, {}),
    isError("invalid_request", "name: must not be empty\nkind: must be caller or worker", "name"),
  );
});

test("a wait that the router asks for comes with the error", async () => {
  const { client } = createScripted(
    { detail: "Slow down.", code: "rate_limited" },
    { status: 429, headers: { "retry-after": "3" } },
  );
  await assert.rejects(client.call(listKeys, {}), { code: "rate_limited", retryAfterMs: 3000 });
});

test("an error that is not ours gets the code of its status", async () => {
  const { client } = createScripted("<h1>Forbidden</h1>", { status: 403 });
  await assert.rejects(client.call(listKeys, {}), { code: "forbidden", message: / answered 403 without saying why/ });
});

test("an answer of another shape says that versions may differ", async () => {
  const { client } = createScripted({ items: [{ ...view, kind: "robot" }], nextCursor: null });
  await assert.rejects(client.call(listKeys, {}), {
    code: "source_failed",
    message: /^The router's answer to keys\.list has another shape than this client knows \(items\.0\.kind: /,
  });
});

test("an answer that is not JSON is named as such", async () => {
  const { client } = createScripted("<h1>Hello</h1>");
  await assert.rejects(client.call(listKeys, {}), { code: "source_failed", message: /not with JSON\. Is it an Auxot/ });
});

test("an address where nothing listens is named in a sentence", async () => {
  const refused = Object.assign(new TypeError("fetch failed"), { cause: { code: "ECONNREFUSED" } });
  const client = createClient({ url: "http://127.0.0.1:9", fetch: () => Promise.reject(refused) });
  await assert.rejects(
    client.call(listKeys, {}),
    isError("source_failed", "No Auxot router answers at http://127.0.0.1:9: is it running?"),
  );
});

test("an address that is none is refused at once", () => {
  assert.throws(
    () => createClient({ url: "127.0.0.1:8080" }),
    isError("invalid_request", '"127.0.0.1:8080" is not the address of a router, such as http://127.0.0.1:8080.'),
  );
});
