// Streams with one huge event, and streams nobody reads, in every format.

import assert from "node:assert/strict";
import { once } from "node:events";
import { request as httpRequest, type IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { after, before, test } from "node:test";
import { dialects } from "@auxot/dialects/dialects";
import { dialectNames, type ChatResult, type DialectName } from "@auxot/wire/chat";
import { foldEvents, unfoldResult } from "@auxot/wire/chat-event";
import { noUsage } from "@auxot/wire/usage";
import { startFakeCloud, type FakeCloud } from "./harness/fake-cloud.ts";
import { startTestRouter, type TestRouter } from "./harness/router.ts";

let cloud: FakeCloud;
let app: TestRouter;
before(async () => {
  cloud = await startFakeCloud(() => undefined);
  app = await startTestRouter({ providers: dialectNames.map((dialect) => cloud.provider({ name: dialect, dialect })) });
});
after(async () => {
  await app[Symbol.asyncDispose]();
  await cloud[Symbol.asyncDispose]();
});

const asks: Readonly<Record<DialectName, readonly [path: string, body: object]>> = {
  "openai-chat": ["/v1/chat/completions", { messages: [{ role: "user", content: "Hi" }] }],
  "openai-responses": ["/v1/responses", { input: "Hi" }],
  "anthropic-messages": ["/v1/messages", { max_tokens: 9, messages: [{ role: "user", content: "Hi" }] }],
};

/** The frames of a stream that says `text` in one piece. */
function writeStream(name: DialectName, text: string): string[] {
  const request = { model: "cloud-model", messages: [], tools: [], stream: true };
  const meta = { id: "up_1", createdAt: 1, model: "cloud-model", includeUsage: true, requestId: "req_up", request };
  const usage = { ...noUsage, inputTokens: 3, outputTokens: 5 };
  const result: ChatResult = { content: [{ type: "text", text }], stopReason: "stop", usage };
  return dialects[name].serve
    .createStreamEncoder(meta)
    .encode(unfoldResult(result))
    .split(/(?<=\n\n)/);
}

function openStream(upstream: DialectName, caller: DialectName): Promise<IncomingMessage> {
  const [path, body] = asks[caller];
  const request = httpRequest(app.url + path, {
    method: "POST",
    headers: { authorization: `Bearer ${app.key}`, "content-type": "application/json" },
  });
  request.end(JSON.stringify({ ...body, model: `${upstream}/cloud-model`, stream: true }));
  return once(request, "response").then(([response]) => response as IncomingMessage);
}

async function readText(stream: IncomingMessage, name: DialectName): Promise<string> {
  const decoder = dialects[name].call.createStreamDecoder();
  const events = [];
  for await (const bytes of stream as AsyncIterable<Buffer>) events.push(...decoder.push(bytes));
  events.push(...decoder.finish());
  return foldEvents(events)
    .content.map((part) => (part.type === "text" ? part.text : ""))
    .join("");
}

const pairs = dialectNames.flatMap((upstream) => dialectNames.map((caller) => ({ upstream, caller })));

for (const { upstream, caller } of pairs) {
  test(`one event of 8 MB from ${upstream} reaches a ${caller} caller whole, in whatever pieces it came`, async () => {
    const text = "0123456é".repeat(1024 * 1024);
    const bytes = Buffer.from(writeStream(upstream, text).join(""));
    cloud.answer = async (_, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      for (let at = 0; at < bytes.length; at += 9973)
        if (!response.write(bytes.subarray(at, at + 9973))) await once(response, "drain");
      response.end();
    };
    assert.ok((await readText(await openStream(upstream, caller), caller)) === text);
  });

  test(`a ${caller} caller who reads nothing stops the ${upstream} upstream, and gets on where it stood`, async () => {
    const short = writeStream(upstream, "short").join("");
    const frames = writeStream(upstream, "x".repeat(4000));
    const at = frames.findIndex((frame) => frame.includes("xxxx"));
    const flooded = Promise.withResolvers<{ readonly socket: Socket; readonly bytesBefore: number }>();
    const left = Promise.withResolvers<void>();
    let written = 0;
    cloud.answer = async ({ body }, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      if (!isFlood) return void response.end(short);
      isFlood = false;
      assert.match(body, /cloud-model/);
      response.on("close", left.resolve).write(frames.slice(0, at).join(""));
      const { socket } = response;
      if (socket !== null) flooded.resolve({ socket, bytesBefore: socket.bytesWritten });
      while (!response.destroyed) {
        written += 1;
        if (!response.write(frames[at])) await Promise.race([once(response, "drain"), left.promise]);
      }
    };
    let isFlood = true;
    const unread = await openStream(upstream, caller);
    const { socket, bytesBefore } = await flooded.promise;
    const neighbour = async (): Promise<void> => {
      assert.equal(await readText(await openStream(upstream, caller), caller), "short");
    };
    for (let before = -1; before !== written;) {
      before = written;
      for (let i = 0; i < 5; i++) await neighbour();
    }
    // What the upstream could get rid of lies in the buffers of two connections, none of it grows with the answer.
    const takenBytes = socket.bytesWritten - bytesBefore;
    assert.ok(takenBytes < 48 * 2 ** 20, `${takenBytes} bytes`);
    const stoodAt = written;
    for await (const _ of unread) if (written > stoodAt + 1000) break;
    unread.destroy();
    await left.promise;
  });
}
