import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { messagesSamples } from "../../dialects/test/bad-input/anthropic-messages.ts";
import { listBadBodies, type BadBody, type Sample } from "../../dialects/test/bad-input/fields.ts";
import { chatSamples } from "../../dialects/test/bad-input/openai-chat.ts";
import { responsesSamples } from "../../dialects/test/bad-input/openai-responses.ts";
import { startFakeCloud, type FakeCloud } from "./harness/fake-cloud.ts";
import { startTestRouter, type TestRouter } from "./harness/router.ts";

let cloud: FakeCloud;
let app: TestRouter;
before(async () => {
  cloud = await startFakeCloud((_request, response) => void response.writeHead(200).end("{}"));
  app = await startTestRouter({ providers: [cloud.provider({ models: ["m"] })] });
});
after(async () => {
  await app[Symbol.asyncDispose]();
  await cloud[Symbol.asyncDispose]();
});

type Check = (body: unknown, bad: BadBody, headers: Headers) => void;

/** Every bad body gets a 400 of the caller's own kind, and no source hears of it. */
async function sendAll(path: string, samples: readonly Sample[], check: Check): Promise<void> {
  for (const bad of samples.flatMap((sample) => [...listBadBodies(sample).values()].flat())) {
    const response = await app.post(path, bad.body);
    assert.equal(response.status, 400, bad.says);
    assert.match(response.headers.get("content-type") ?? "", /^application\/json/);
    check(await response.json(), bad, response.headers);
  }
  assert.equal(cloud.requests.length, 0);
}

const checkOpenai: Check = (body, { param, says }) => {
  const { error } = body as { error: { message: string } };
  assert.ok(error.message.startsWith(`${param}: `), says);
  const { message } = error;
  assert.deepEqual(body, { error: { message, type: "invalid_request_error", param, code: "invalid_request" } }, says);
};

test("a bad Chat Completions request gets OpenAI's envelope with the field's path", async () => {
  await sendAll("/v1/chat/completions", chatSamples, checkOpenai);
});

test("a bad Responses request gets OpenAI's envelope with the field's path", async () => {
  await sendAll("/v1/responses", responsesSamples, checkOpenai);
});

test("a bad Messages request gets Anthropic's envelope, whose message names the field", async () => {
  await sendAll("/v1/messages", messagesSamples, (body, { param, says }, headers) => {
    const { error } = body as { error: { message: string } };
    assert.ok(error.message.startsWith(`${param}: `), says);
    const { message } = error;
    const request_id = headers.get("request-id");
    assert.deepEqual(body, { type: "error", error: { type: "invalid_request_error", message }, request_id }, says);
  });
});

test("a bad field of a token count is refused as it is in the request itself", async () => {
  // Here the limit on the answer may be missing.
  const samples = messagesSamples.map((sample) => {
    const { max_tokens: _, ...fields } = sample.fields;
    return { ...sample, fields };
  });
  await sendAll("/v1/messages/count_tokens", samples, (body, { param, says }) => {
    const { error } = body as { error: { message: string } };
    assert.ok(error.message.startsWith(`${param}: `), says);
  });
});
