import assert from "node:assert/strict";
import type { OutgoingHttpHeaders } from "node:http";
import { after, before, beforeEach, test } from "node:test";
import { dialects } from "@auxot/dialects/dialects";
import type { DialectName } from "@auxot/wire/chat";
import { unfoldResult } from "@auxot/wire/chat-event";
import { answerOpenai, startFakeCloud, type FakeCloud } from "./harness/fake-cloud.ts";
import { connectFakeWorker } from "./harness/fake-worker.ts";
import { startTestRouter, type TestRouter } from "./harness/router.ts";

const messages = [{ role: "user", content: "Hi" }];
const surfaces: readonly { readonly name: DialectName; readonly path: string; readonly body: object }[] = [
  { name: "openai-chat", path: "/v1/chat/completions", body: { messages } },
  { name: "openai-responses", path: "/v1/responses", body: { input: "Hi" } },
  { name: "anthropic-messages", path: "/v1/messages", body: { max_tokens: 9, messages } },
];
const surfaceNames = surfaces.map(({ name }) => name);

let cloud: FakeCloud;
let app: TestRouter;
before(async () => {
  cloud = await startFakeCloud(() => undefined);
  // A provider for each status, since one that was asked for patience is left alone for a while.
  const rows = surfaceNames.flatMap((dialect) =>
    errorStatuses.map((status) => ({ dialect, name: `${dialect}-${status}` })),
  );
  const providers = [...surfaceNames.map((dialect) => ({ dialect, name: dialect })), ...rows];
  app = await startTestRouter({ providers: providers.map((row) => cloud.provider(row)) });
});
after(async () => {
  await app[Symbol.asyncDispose]();
  await cloud[Symbol.asyncDispose]();
});
beforeEach(() => {
  cloud.requests.length = 0;
});

const errorStatuses = [400, 404, 409, 413, 422, 429, 503, 529];

/** A whole answer or stream of the dialect, with headers. */
function answerAs(name: DialectName, headers: OutgoingHttpHeaders): FakeCloud["answer"] {
  return ({ body }, response) => {
    const { model, stream } = JSON.parse(body) as { model: string; stream?: boolean };
    const { serve } = dialects[name];
    const request = { model, messages: [], tools: [], stream: stream === true };
    const meta = { id: "up_1", createdAt: 1, model, includeUsage: true, requestId: "req_up", request };
    const result = { model, content: [{ type: "text", text: "hello" }], stopReason: "stop" } as const;
    response.writeHead(200, { ...headers, "content-type": stream === true ? "text/event-stream" : "application/json" });
    response.end(
      stream === true ? serve.createStreamEncoder(meta).encode(unfoldResult(result)) : serve.encodeResult(result, meta),
    );
  };
}

function failWith(status: number, body: string, headers: OutgoingHttpHeaders = {}): FakeCloud["answer"] {
  return (_, response) => void response.writeHead(status, { "content-type": "application/json", ...headers }).end(body);
}

function errorBody(name: DialectName, message = "Some words to match, é"): string {
  return name === "anthropic-messages"
    ? `{ "type":"error",\n "error":{"type":"invalid_request_error","message":"${message}"},"request_id":"req_up"}`
    : `{ "error": {"message":"${message}","zz":[ ]} }\n`;
}

const wanted = {
  "anthropic-ratelimit-requests-remaining": "49",
  "anthropic-ratelimit-unified-status": "allowed",
  "anthropic-ratelimit-unified-5h-reset": "1790000000",
  "x-ratelimit-remaining-tokens": "149984",
  "x-ratelimit-reset-requests": "6m0s",
  "retry-after": "7",
  "retry-after-ms": "6500",
  "x-should-retry": "false",
  "openai-processing-ms": "321",
  "openai-version": "2020-10-01",
};
const unwanted = {
  "set-cookie": "__cf_bm=secret",
  "openai-organization": "org-operators",
  "openai-project": "proj-operators",
  "anthropic-organization-id": "org-operators",
  authorization: "Bearer secret",
  "x-api-key": "secret",
  "proxy-authenticate": "Basic",
  "cf-ray": "1",
  via: "1.1 proxy",
  "alt-svc": "h3",
  "access-control-allow-origin": "*",
};

for (const { name, path, body } of surfaces) {
  for (const stream of [false, true]) {
    test(`${name}: limits and waits of the vendor reach a caller of its own format, accounts and cookies do not (stream: ${stream})`, async () => {
      cloud.answer = answerAs(name, { ...wanted, ...unwanted, "request-id": "req_up" });
      const response = await app.post(path, { ...body, stream, model: `${name}/cloud-model` });
      assert.equal(response.status, 200);
      for (const [header, value] of Object.entries(wanted)) assert.equal(response.headers.get(header), value, header);
      for (const header of Object.keys(unwanted)) assert.equal(response.headers.get(header), null, header);
      assert.equal(response.headers.get("x-upstream-request-id"), "req_up");
      assert.match(response.headers.get("request-id") ?? "", /^req_/);
      assert.notEqual(response.headers.get("request-id"), "req_up");
      assert.match(await response.text(), /hello/);
    });
  }

  test(`${name}: a caller of another format gets none of the vendor's headers`, async () => {
    const other: DialectName = name === "openai-chat" ? "anthropic-messages" : "openai-chat";
    cloud.answer = answerAs(other, { ...wanted, "x-request-id": "req_up" });
    const response = await app.post(path, { ...body, model: `${other}/cloud-model` });
    assert.equal(response.status, 200);
    for (const header of [...Object.keys(wanted), "x-upstream-request-id"])
      assert.equal(response.headers.get(header), null, header);
  });

  test(`${name}: an error about the request comes with the vendor's status, bytes and headers, for clients that match on them`, async () => {
    for (const status of errorStatuses) {
      const text = errorBody(name);
      cloud.answer = failWith(status, text, { ...wanted, ...unwanted, "x-request-id": "req_up" });
      const response = await app.post(path, { ...body, model: `${name}-${status}/cloud-model` });
      assert.equal(response.status, status);
      assert.equal(await response.text(), text);
      assert.equal(response.headers.get("content-type"), "application/json");
      for (const [header, value] of Object.entries(wanted)) assert.equal(response.headers.get(header), value, header);
      for (const header of Object.keys(unwanted)) assert.equal(response.headers.get(header), null, header);
      assert.equal(response.headers.get("x-upstream-request-id"), "req_up");
    }
  });

  test(`${name}: a vendor that refuses our key is a 502 in our words, never the caller's 401 (case 138)`, async () => {
    for (const status of [401, 402, 403]) {
      cloud.answer = failWith(status, errorBody(name, "Incorrect API key sk-upstream-secret"), wanted);
      const response = await app.post(path, { ...body, model: `${name}/cloud-model` });
      assert.equal(response.status, 502, String(status));
      assert.equal(response.headers.get("x-ratelimit-remaining-tokens"), null);
      const told = await response.text();
      assert.match(told, /credential/);
      assert.doesNotMatch(told, /sk-upstream-secret|Incorrect/);
      cloud.answer = answerAs(name, {});
      await app.post(path, { ...body, model: `${name}/cloud-model` });
    }
  });

  test(`${name}: what is no error of the format, such as a proxy's page, is told in ours`, async () => {
    for (const text of ["<html><title>Bad Request</title></html>", "{}", '{"error":"text"}', "[1]", "null", ""]) {
      cloud.answer = failWith(400, text);
      const response = await app.post(path, { ...body, model: `${name}/cloud-model` });
      assert.equal(response.status, 400, text);
      const { error } = (await response.json()) as { error: { type: string; message: string } };
      assert.equal(error.type, "invalid_request_error");
      assert.ok(error.message.length > 0);
    }
  });
}

test("a wait is told in whole seconds, whatever the vendor says it in: seconds, a date, milliseconds (case 140)", async () => {
  const soon = new Date(Date.now() + 90_000).toUTCString();
  const cases: readonly (readonly [headers: OutgoingHttpHeaders, least: number, most: number])[] = [
    [{ "retry-after": "7" }, 7, 7],
    [{ "retry-after": "1.2" }, 2, 2],
    [{ "retry-after": soon }, 60, 90],
    [{ "retry-after-ms": "1500" }, 2, 2],
    [{ "x-ms-retry-after-ms": "2500" }, 3, 3],
    [{ "retry-after": "0" }, 0, 1],
  ];
  await using router = await startTestRouter({
    providers: cases.flatMap((_, at) => ["same", "other"].map((lane) => cloud.provider({ name: `${lane}-${at}` }))),
  });
  for (const [at, [headers, least, most]] of cases.entries()) {
    cloud.answer = failWith(429, errorBody("openai-chat"), headers);
    for (const [path, model] of [
      ["/v1/chat/completions", `same-${at}/cloud-model`],
      ["/v1/messages", `other-${at}/cloud-model`],
    ] as const) {
      const response = await router.post(path, { max_tokens: 9, messages, model });
      assert.equal(response.status, 429);
      const wait = response.headers.get("retry-after") ?? "none";
      assert.match(wait, /^\d+$/, JSON.stringify(headers));
      assert.ok(Number(wait) >= least && Number(wait) <= most, `${path} ${JSON.stringify(headers)}: ${wait}`);
    }
  }
});

test("an answer of another source that took over has nothing of the one that failed", async () => {
  await using limited = await startFakeCloud(
    failWith(429, errorBody("openai-chat"), { ...wanted, "x-request-id": "req_up" }),
  );
  await using good = await startFakeCloud(answerOpenai(["rescued"]));
  await using router = await startTestRouter({
    providers: [limited.provider({ name: "limited" }), good.provider({ name: "good" })],
  });
  const response = await router.post("/v1/chat/completions", { messages, model: "cloud-model" });
  assert.match(await response.text(), /rescued/);
  assert.match(response.headers.get("x-auxot-route") ?? "", /provider=good/);
  for (const header of [...Object.keys(wanted), "x-upstream-request-id"])
    assert.equal(response.headers.get(header), null, header);
});

test("the request id is ours in both headers, in Anthropic's error body and in the log (case 141)", async () => {
  for (const { name, path, body } of surfaces) {
    cloud.answer = answerAs(name, { "request-id": "req_up", "x-request-id": "req_up" });
    const good = await app.post(path, { ...body, model: `${name}/cloud-model` });
    const bad = await app.post(path, { ...body, model: "no such model" });
    cloud.answer = failWith(400, errorBody(name), { "request-id": "req_up", "x-request-id": "req_up" });
    const passed = await app.post(path, { ...body, model: `${name}/cloud-model` });
    for (const response of [good, bad, passed]) {
      const id = response.headers.get("request-id") ?? "";
      assert.match(id, /^req_[0-9a-z]{10,}/i);
      assert.equal(response.headers.get("x-request-id"), id);
      assert.ok(app.log.some((line) => line["requestId"] === id));
    }
    const told = (await bad.json()) as { request_id?: string };
    if (name === "anthropic-messages") assert.equal(told.request_id, bad.headers.get("request-id"));
    const line = app.log.find((one) => one["requestId"] === passed.headers.get("request-id") && "headers" in one);
    assert.match(
      JSON.stringify(line),
      /"x-upstream-request-id":"req_up"/,
      "the log tells which of the vendor's it was",
    );
  }
});

function bearer(key: string): Record<string, string> {
  return { authorization: `Bearer ${key}` };
}

test("a key is taken as Bearer or as x-api-key everywhere; of two different ones it is enough that one is good (case 143)", async () => {
  using _ = await connectFakeWorker(app, { replies: "ok", counts: 3 });
  const wrong = "wrong-key-wrong-key-wrong-key";
  const ways: readonly (readonly [Record<string, string>, boolean])[] = [
    [bearer(app.key), true],
    [{ authorization: `bearer ${app.key}` }, true],
    [{ "x-api-key": app.key }, true],
    [{ ...bearer(app.key), "x-api-key": wrong }, true],
    [{ ...bearer(wrong), "x-api-key": app.key }, true],
    [{ ...bearer(app.key), "x-api-key": app.key }, true],
    [{ ...bearer(wrong), "x-api-key": wrong }, false],
    [{ authorization: `Basic ${app.key}` }, false],
    [{}, false],
  ];
  const counted = { path: "/v1/messages/count_tokens", body: { messages } };
  for (const [headers, isGood] of ways) {
    for (const { path, body } of [...surfaces, counted]) {
      const response = await app.post(path, { ...body, model: "fake-model" }, { key: null, headers });
      assert.equal(response.status, isGood ? 200 : 401, `${path} ${JSON.stringify(headers)}`);
    }
    for (const path of ["/v1/models", "/api/anthropic/v1/models", "/api/keys"]) {
      assert.equal((await app.get(path, { key: null, headers })).status, isGood ? 200 : 401, path);
    }
  }
});

test("by what the clients name their session travels with the body; who pays at OpenAI is not the caller's to choose", async () => {
  const session = {
    "anthropic-beta": "a-1,b-2",
    "openai-beta": "responses=v1",
    "x-claude-code-session-id": "s1",
    "x-claude-code-agent-id": "a1",
    session_id: "codex-1",
    conversation_id: "codex-2",
  };
  const own = { "openai-organization": "org-callers", "openai-project": "proj-callers", cookie: "a=b", "x-other": "1" };
  for (const { name, path, body } of surfaces) {
    cloud.answer = answerAs(name, {});
    await app.post(path, { ...body, model: `${name}/cloud-model` }, { headers: { ...session, ...own } });
    const sent = cloud.requests.at(-1)?.headers ?? {};
    for (const [header, value] of Object.entries(session)) assert.equal(sent[header], value, header);
    for (const header of Object.keys(own)) assert.equal(sent[header], undefined, header);
    const credentials = [sent.authorization, sent["x-api-key"]].filter((one) => one !== undefined);
    assert.deepEqual(credentials, [name === "anthropic-messages" ? "sk-upstream-secret" : "Bearer sk-upstream-secret"]);
  }
});
