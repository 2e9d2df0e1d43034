import assert from "node:assert/strict";
import { test } from "node:test";
import type { ServerResponse } from "node:http";
import { Readable } from "node:stream";
import type { AnswerBatch } from "@auxot/wire/chat-event";
import type { ChatRequest } from "@auxot/wire/chat";
import type { Usage } from "@auxot/wire/usage";
import { dialects } from "@auxot/dialects/dialects";
import { createCloudSource } from "../src/sources/cloud.ts";
import { createUpstream, type Upstream } from "../src/sources/upstream.ts";
import { openaiStream, startFakeCloud, type FakeCloud } from "./harness/fake-cloud.ts";

const body = JSON.stringify({ model: "auto", stream: true, messages: [{ role: "user", content: "Hi" }] });
const passed = dialects["openai-chat"].serve.parseRequest(Buffer.from(body));
const { original: _, ...translated } = passed;
const whole = openaiStream("cloud-model", ["one ", "two"]);
const usageFrame = whole.slice(whole.lastIndexOf('data: {"id"'), whole.indexOf("data: [DONE]"));
const untilFinish = whole.slice(0, whole.indexOf('data: {"id":"chatcmpl-up"', whole.indexOf('"finish_reason":"stop"')));

async function readAnswer(cloud: FakeCloud, request: ChatRequest, finishWithinMs: number): Promise<AnswerBatch[]> {
  const declared = cloud.provider();
  assert.ok(declared.cloud);
  const upstream = createUpstream();
  const source = createCloudSource({
    provider: { id: "prov_1", name: "cloud", cloud: declared.cloud },
    dialect: dialects["openai-chat"],
    upstream,
    clock: { now: () => 0 },
    finishWithinMs,
  });
  const targets = source.offers();
  const call = { requestId: "req_1", callerId: "key_1", request, targets, waitMs: 0 };
  const answer = await source.run(call, new AbortController().signal);
  const batches = await Array.fromAsync(answer.batches);
  await upstream.close();
  return batches;
}

const ends: [sentence: string, end: (response: ServerResponse) => void][] = [
  ["keeps the connection open", () => undefined],
  ["breaks the connection off", (response) => void response.destroy()],
  ["ends the stream", (response) => void response.end()],
];
for (const [sentence, end] of ends) {
  test(`an answer is finished when its provider gives the finish reason, no [DONE], and ${sentence}`, async () => {
    await using cloud = await startFakeCloud((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(untilFinish, () => end(response));
    });
    const events = (await readAnswer(cloud, translated, 20)).flatMap((batch) => batch.events);
    assert.deepEqual(events.at(-1), { type: "end", stopReason: "stop" });
    const batches = await readAnswer(cloud, passed, 20);
    assert.equal(Buffer.concat(batches.map(({ bytes }) => bytes ?? Buffer.alloc(0))).toString("utf8"), untilFinish);
    assert.equal(batches.at(-1)?.events.at(-1)?.type, "end");
  });
}

test("usage and [DONE] that come a moment after the finish reason are waited for", async () => {
  await using cloud = await startFakeCloud((_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(untilFinish, () => void setImmediate(() => response.end(whole.slice(untilFinish.length))));
  });
  const events = (await readAnswer(cloud, translated, 60_000)).flatMap((batch) => batch.events);
  assert.equal(events.findLast((event) => event.type === "usage")?.usage.inputTokens, 11);
});

/** What a provider at `baseUrl` is sent and the caller gets, of a passed stream whose provider tells usage when asked. */
async function passStream(baseUrl: string, body: string): Promise<{ sent: string; got: string; counted: unknown }> {
  let sent = "";
  const upstream: Pick<Upstream, "send" | "close"> = {
    send(call) {
      sent = Buffer.from(call.body ?? "").toString("utf8");
      const asked = (JSON.parse(sent) as { stream_options?: { include_usage?: boolean } }).stream_options
        ?.include_usage;
      const frames = asked === true ? whole : whole.replace(usageFrame, "");
      const chunks = Readable.from([Buffer.from(frames.slice(0, 300)), Buffer.from(frames.slice(300))]);
      return Promise.resolve({ status: 200, headers: { "content-type": "text/event-stream" }, chunks });
    },
    close: () => Promise.resolve(),
  };
  await using cloud = await startFakeCloud(() => undefined);
  const declared = cloud.provider();
  assert.ok(declared.cloud);
  const source = createCloudSource({
    provider: { id: "prov_1", name: "cloud", cloud: { ...declared.cloud, baseUrl } },
    dialect: dialects["openai-chat"],
    upstream,
    clock: { now: () => 0 },
  });
  const request = dialects["openai-chat"].serve.parseRequest(Buffer.from(body));
  const call = { requestId: "req_1", callerId: "key_1", request, targets: source.offers(), waitMs: 0 };
  const batches = await Array.fromAsync((await source.run(call, new AbortController().signal)).batches);
  const got = Buffer.concat(batches.map(({ bytes }) => bytes ?? Buffer.alloc(0))).toString("utf8");
  const counted = batches.flatMap(({ events }) => events).findLast((event) => event.type === "usage")?.usage;
  return { sent, got, counted };
}

test("a passed stream is counted exactly where the provider takes the question, and the caller sees nothing of it", async () => {
  const { sent, got, counted } = await passStream("https://api.openai.com/v1", body);
  const asked = body.replace('"auto"', '"cloud-model"').replace(/}$/, ',"stream_options":{"include_usage":true}}');
  assert.equal(sent, asked);
  assert.equal(got, whole.replace(usageFrame, ""));
  const exact = { inputTokens: 11, outputTokens: 2, cachedInputTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 };
  assert.deepEqual(counted, exact);
});

test("a caller who asked for usage gets it, and nothing is added for one who spoke of stream_options", async () => {
  const asking = body.replace(/}$/, ',"stream_options":{"include_usage":true}}');
  assert.equal((await passStream("https://api.openai.com/v1", asking)).got, whole);
  const declining = body.replace(/}$/, ',"stream_options":{"include_usage":false}}');
  const { sent, counted } = await passStream("https://api.openai.com/v1", declining);
  assert.equal(sent, declining.replace('"auto"', '"cloud-model"'));
  assert.equal((counted as Usage).estimated, true);
});

test("a provider that may not know stream_options gets the caller's bytes, and the count is marked as an estimate", async () => {
  for (const baseUrl of ["http://localhost:8000/v1", "https://api.openai.com.evil.test/v1"]) {
    const { sent, got, counted } = await passStream(baseUrl, body);
    assert.equal(sent, body.replace('"auto"', '"cloud-model"'));
    assert.equal(got, whole.replace(usageFrame, ""));
    assert.equal((counted as Usage).estimated, true);
  }
});
