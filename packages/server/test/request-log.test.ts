// What is kept of requests' contents: nothing unless chosen, by level and team, and reading it leaves a trace.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { answerOpenai, startFakeCloud, type FakeCloud } from "./harness/fake-cloud.ts";
import { startTestRouter, type TestRouter } from "./harness/router.ts";

type Json = Readonly<Record<string, unknown>>;

const secret = "my card is 4111 1111 1111 1111, project Nightjar";
const ask = { model: "auto", messages: [{ role: "user", content: secret }] };

let cloud: FakeCloud;
let app: TestRouter;
before(async () => {
  cloud = await startFakeCloud(answerOpenai(["write to ", "ada@example.org"]));
  app = await startTestRouter({ providers: [cloud.provider()] });
});
after(async () => {
  await app[Symbol.asyncDispose]();
  await cloud[Symbol.asyncDispose]();
});

async function send(method: string, path: string, body?: object): Promise<{ status: number; body: Json }> {
  const response = await fetch(app.url + path, {
    method,
    headers: { authorization: `Bearer ${app.key}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Json };
}

/** Sends a request and gives its id, once it was answered. */
async function chat(body: object = ask, path = "/v1/chat/completions"): Promise<string> {
  const response = await app.post(path, body);
  await response.text();
  return response.headers.get("x-request-id") ?? "";
}

/** Contents are written within a second. */
async function readContent(id: string): Promise<Json> {
  for (;;) {
    const { status, body } = await send("GET", `/api/request-content/${id}`);
    if (status === 200) return body;
    assert.equal(status, 404, JSON.stringify(body));
  }
}

async function choose(level: string, more: object = {}): Promise<Json> {
  const { status, body } = await send("PUT", "/api/content-logging/org", { level, ...more });
  assert.equal(status, 200, JSON.stringify(body));
  return body;
}

test("nothing is kept until somebody chooses so, nor of requests from before", async () => {
  assert.deepEqual((await send("GET", "/api/content-logging")).body["items"], []);
  const early = await chat();
  await choose("full");
  await readContent(await chat());
  assert.equal((await send("GET", `/api/request-content/${early}`)).status, 404);
});

test("full keeps the words of request and answer, whichever lane and shape it took", async () => {
  await choose("full");
  const messages = { model: "auto", max_tokens: 50, messages: ask.messages };
  for (const [body, path] of [
    [ask, "/v1/chat/completions"],
    [{ ...ask, stream: true }, "/v1/chat/completions"],
    [messages, "/v1/messages"],
    [{ ...messages, stream: true }, "/v1/messages"],
  ] as const) {
    const content = await readContent(await chat(body, path));
    assert.partialDeepStrictEqual(content, {
      level: "full",
      truncated: false,
      request: { model: "auto", messages: [{ role: "user", content: [{ type: "text", text: secret }] }] },
      answer: { stopReason: "stop", content: [{ type: "text", text: "write to ada@example.org" }] },
    });
  }
});

test("redacted keeps the words without what is personal or listed, metadata only lengths", async () => {
  await choose("redacted", { words: ["nightjar"] });
  const withStop = { ...ask, stop: ["Nightjar", "ada@example.org"] };
  const redacted = JSON.stringify(await readContent(await chat(withStop)));
  assert.match(redacted, /"stop":\["\[word\]","\[email\]"\]/);
  assert.match(redacted, /my card is \[card\], project \[word\]/);
  assert.match(redacted, /write to \[email\]/);
  assert.doesNotMatch(redacted, /4111|Nightjar|ada@/);
  await choose("metadata");
  const metadata = await readContent(await chat(withStop));
  assert.partialDeepStrictEqual(metadata["request"], {
    messages: [{ role: "user", content: [{ type: "text", text: { characters: secret.length } }] }],
  });
  assert.doesNotMatch(JSON.stringify(metadata), /4111|ada@|Nightjar/);
});

test("an answer that never came, and media, are told as what they are", async () => {
  await choose("full");
  const image = `data:image/png;base64,${"A".repeat(400)}`;
  const content = [{ type: "image_url", image_url: { url: image } }];
  const id = await chat({ model: "nobody-has-it", messages: [{ role: "user", content }] });
  const kept = await readContent(id);
  assert.equal(kept["answer"], null);
  assert.partialDeepStrictEqual(kept["request"], {
    messages: [{ content: [{ type: "image", source: { mediaType: "image/png", sizeBytes: 300 } }] }],
  });
});

test("what is longer than is kept is cut, and said", async () => {
  await choose("full");
  const kept = await readContent(
    await chat({ model: "auto", messages: [{ role: "user", content: "x".repeat(400_000) }] }),
  );
  assert.equal(kept["truncated"], true);
  assert.ok(JSON.stringify(kept).length < 300_000);
});

test("reading a content is audited by its id, without what it says", async () => {
  await choose("full");
  const id = await chat();
  await readContent(id);
  const read = app.log.findLast(({ action }) => action === "request-content.get");
  assert.partialDeepStrictEqual(read, { outcome: "success", target: { kind: "request-content", id } });
  assert.doesNotMatch(JSON.stringify(app.log), /4111 1111/);
  const { body: made } = await send("POST", "/api/keys", { name: "app" });
  const denied = await app.get(`/api/request-content/${id}`, { key: String(made["key"]) });
  assert.equal(denied.status, 403);
  const refused = app.log.findLast(({ action }) => action === "request-content.get");
  assert.partialDeepStrictEqual(refused, { outcome: "denied", by: "app" });
});

test("two people who change the setting do not overwrite each other, and wrong settings are refused by field", async () => {
  const { version } = await choose("metadata");
  await choose("full", { version });
  const late = await send("PUT", "/api/content-logging/org", { level: "off", version });
  assert.equal(late.status, 409);
  for (const [path, body, field] of [
    ["org", { level: "some" }, "level"],
    ["org", { level: "full", retentionDays: 0 }, "retentionDays"],
    ["org", { level: "full", words: ["x"] }, "words.0"],
    ["everybody", { level: "full" }, "scope"],
    ["org", {}, "level"],
  ] as const) {
    const { status, body: problem } = await send("PUT", `/api/content-logging/${path}`, body);
    assert.equal(status, 400);
    assert.match(String(problem["detail"]), new RegExp(`^${field}:`));
  }
  assert.equal((await send("DELETE", "/api/content-logging/org")).status, 200);
  assert.equal((await send("DELETE", "/api/content-logging/org")).status, 404);
});
