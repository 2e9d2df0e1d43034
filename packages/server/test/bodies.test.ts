// Request bodies at the limits of size and encoding, for every endpoint that takes one.

import assert from "node:assert/strict";
import { once } from "node:events";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import { answerOpenai, startFakeCloud, type FakeCloud } from "./harness/fake-cloud.ts";
import { startTestRouter, type TestRouter } from "./harness/router.ts";

const limitBytes = 32 * 1024 * 1024;

let cloud: FakeCloud;
let app: TestRouter;
before(async () => {
  cloud = await startFakeCloud(answerOpenai(["taken"]));
  app = await startTestRouter({ providers: [cloud.provider()], limits: { maxBodyBytes: limitBytes } });
});
after(async () => {
  await app[Symbol.asyncDispose]();
  await cloud[Symbol.asyncDispose]();
});

const fields = `"model":"cloud-model","max_tokens":9`;
const surfaces = [
  { name: "Chat Completions", path: "/v1/chat/completions", open: `{${fields},"messages":[{"role":"user","content":"` },
  { name: "Responses", path: "/v1/responses", open: `{"model":"cloud-model","input":[{"role":"user","content":"` },
  { name: "Messages", path: "/v1/messages", open: `{${fields},"messages":[{"role":"user","content":"` },
] as const;
const close = `"}]}`;

/** A valid request of exactly that many bytes. */
function makeBody(open: string, sizeBytes: number): Buffer {
  const body = Buffer.alloc(sizeBytes, "x");
  body.write(open);
  body.write(close, sizeBytes - close.length);
  return body;
}

async function send(path: string, body: Buffer, headers: Record<string, string> = {}) {
  const request = httpRequest(app.url + path, {
    method: "POST",
    headers: { authorization: `Bearer ${app.key}`, "content-type": "application/json", ...headers },
  });
  request.end(body);
  const [response] = (await once(request, "response")) as [IncomingMessage];
  let text = "";
  for await (const part of response as AsyncIterable<Buffer>) text += part.toString("utf8");
  return { status: response.statusCode, text };
}

async function refusedWith(
  status: number,
  words: RegExp,
  path: string,
  body: Buffer,
  headers?: Record<string, string>,
) {
  const answer = await send(path, body, headers);
  assert.equal(answer.status, status, answer.text);
  const { type, error } = JSON.parse(answer.text) as { type?: string; error: { type: string; message: string } };
  assert.match(error.message, words);
  assert.equal(type, path.startsWith("/v1/messages") ? "error" : undefined, "in the caller's envelope");
}

for (const { name, path, open } of surfaces) {
  test(`${name}: a body of 32 MB is taken whole, one byte more is refused, told in advance or not`, async () => {
    const whole = await send(path, makeBody(open, limitBytes));
    assert.equal(whole.status, 200, whole.text);
    assert.ok((cloud.requests.pop()?.body.length ?? 0) > limitBytes - 1000, "nothing of it was lost on the way");
    const more = makeBody(open, limitBytes + 1);
    for (const headers of [undefined, { "transfer-encoding": "chunked" }])
      await refusedWith(413, /larger than 33554432 bytes/, path, more, headers);
    assert.equal(cloud.requests.length, 0);
  });
}

const counting = { name: "count_tokens", path: "/v1/messages/count_tokens", open: surfaces[2].open };
for (const { name, path, open } of [...surfaces, counting]) {
  test(`${name}: a gzip body counts unfolded; torn and unknown encodings are named`, async () => {
    const small = gzipSync(makeBody(open, 500));
    for (const encoding of ["gzip", "GZIP", " gzip "])
      assert.equal((await send(path, small, { "content-encoding": encoding })).status, 200, encoding);
    const bomb = gzipSync(Buffer.alloc(limitBytes + 1));
    assert.ok(bomb.length < 50_000);
    await refusedWith(413, /larger than 33554432 bytes/, path, bomb, { "content-encoding": "gzip" });
    for (const [encoding, body] of [
      ["gzip", small.subarray(0, -10)],
      ["gzip", small.subarray(0, 5)],
      ["gzip", Buffer.from("{}")],
      ["gzip", Buffer.alloc(0)],
      ["br", small],
      ["deflate", small],
      ["zstd", small],
      ["gzip, gzip", gzipSync(small)],
    ] as const)
      await refusedWith(400, /^content-encoding: /, path, body, { "content-encoding": encoding });
  });
}
