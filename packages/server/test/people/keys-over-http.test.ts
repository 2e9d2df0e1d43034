// Keys at the edge: scopes, addresses and expiry, told in each caller's own format.

import assert from "node:assert/strict";
import { test } from "node:test";
import { startTestRouter, type TestRouter } from "../harness/router.ts";

const hello = { model: "auto", messages: [{ role: "user", content: "Hi" }] };

async function makeKey(app: TestRouter, input: object): Promise<string> {
  const response = await app.post("/api/keys", { name: "narrow", ...input });
  const body = (await response.json()) as { key: string };
  assert.equal(response.status, 200, JSON.stringify(body));
  return body.key;
}

test("a key that is not for models is refused in the caller's format, and the other way round", async () => {
  await using app = await startTestRouter();
  const reader = await makeKey(app, { admin: true, scopes: ["keys:read"] });
  const why = 'The key "narrow" may not use models: it is held to keys:read. That needs the scope inference.';
  const chat = await app.post("/v1/chat/completions", hello, { key: reader });
  assert.equal(chat.status, 403);
  assert.partialDeepStrictEqual(await chat.json(), {
    error: { message: why, type: "permission_error", code: "forbidden" },
  });
  const messages = await app.post("/v1/messages", { ...hello, max_tokens: 5 }, { key: reader });
  assert.equal(messages.status, 403);
  assert.partialDeepStrictEqual(await messages.json(), {
    type: "error",
    error: { type: "permission_error", message: why },
  });
  for (const path of ["/v1/responses", "/v1/embeddings", "/v1/completions", "/v1/messages/count_tokens"]) {
    assert.equal((await app.post(path, {}, { key: reader })).status, 403, path);
  }
  assert.equal((await app.get("/v1/models", { key: reader })).status, 403);
  assert.equal((await app.get("/api/keys", { key: reader })).status, 200);
  const denied = await app.post("/api/keys", { name: "x" }, { key: reader });
  assert.equal(denied.status, 403);
  assert.match(((await denied.json()) as { detail: string }).detail, /held to keys:read; it needs keys:write/);
  const user = await makeKey(app, { admin: true, scopes: ["inference"] });
  assert.equal((await app.get("/v1/models", { key: user })).status, 200);
  assert.equal((await app.get("/api/keys", { key: user })).status, 403);
});

test("an address counts as the connection has it, or as trusted proxies tell it", async () => {
  await using app = await startTestRouter();
  await using behind = await startTestRouter({ config: { trustedProxies: ["127.0.0.0/8"] } });
  for (const [router, from, status] of [
    [app, "203.0.113.7", 401],
    [behind, "203.0.113.7", 200],
    [behind, "203.0.113.7, 198.51.100.1", 401],
    [behind, undefined, 401],
  ] as const) {
    const key = await makeKey(router, { ipRanges: ["203.0.113.0/24"] });
    const headers: Record<string, string> = from === undefined ? {} : { "x-forwarded-for": from };
    const response = await router.get("/v1/models", { key, headers });
    assert.equal(response.status, status, String(from));
    if (status === 401) {
      assert.partialDeepStrictEqual(await response.json(), { error: { code: "unauthenticated" } });
      assert.equal(response.headers.get("www-authenticate"), "Bearer");
    }
  }
});

test("an expired key is told since when, unless another one in the request is good", async () => {
  await using app = await startTestRouter();
  const expiresAt = new Date(Date.now() + 100).toISOString();
  const key = await makeKey(app, { expiresAt });
  let response = await app.get("/v1/models", { key });
  for (const deadline = Date.now() + 10_000; response.status === 200 && Date.now() < deadline;) {
    response = await app.get("/v1/models", { key });
  }
  assert.equal(response.status, 401);
  const { error } = (await response.json()) as { error: { message: string } };
  assert.match(error.message, /^The API key "narrow" expired on 20\d\d-\d\d-\d\d \d\d:\d\d UTC\. Make a new one/);
  assert.equal((await app.get("/v1/models", { key, headers: { "x-api-key": app.key } })).status, 200);
});

test("a key's limits, its use and its rotation are there over HTTP", async () => {
  await using app = await startTestRouter();
  const made = (await (await app.post("/api/keys", { name: "k", models: ["gpt*"] })).json()) as {
    id: string;
    key: string;
  };
  const send = (method: string, path: string, body?: object) =>
    fetch(`${app.url}/api/keys/${made.id}${path}`, {
      method,
      headers: { authorization: `Bearer ${app.key}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const changed = await send("PATCH", "?dryRun=true", { models: null, version: 1 });
  assert.partialDeepStrictEqual(await changed.json(), {
    dryRun: true,
    changes: [{ before: { models: ["gpt*"] }, after: { models: null } }],
  });
  const rotated = (await (await send("POST", "/rotate", { overlapHours: 1 })).json()) as {
    key: string;
    version: number;
  };
  assert.equal(rotated.version, 2);
  for (const key of [made.key, rotated.key]) assert.equal((await app.get("/v1/models", { key })).status, 200);
  assert.partialDeepStrictEqual(await (await send("GET", "")).json(), { models: ["gpt*"], version: 2, name: "k" });
});
