import assert from "node:assert/strict";
import { test } from "node:test";
import type { ServerResponse } from "node:http";
import type { AnswerBatch } from "@auxot/wire/chat-event";
import type { ChatRequest } from "@auxot/wire/chat";
import { dialects } from "@auxot/dialects/dialects";
import { createCloudSource } from "../src/sources/cloud.ts";
import { createUpstream } from "../src/sources/upstream.ts";
import { openaiStream, startFakeCloud, type FakeCloud } from "./harness/fake-cloud.ts";

const body = JSON.stringify({ model: "auto", stream: true, messages: [{ role: "user", content: "Hi" }] });
const passed = dialects["openai-chat"].serve.parseRequest(Buffer.from(body));
const { original: _, ...translated } = passed;
const whole = openaiStream("cloud-model", ["one ", "two"]);
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
