// Several callers at once, and callers who do not read what they asked for.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { request as httpRequest, type IncomingMessage } from "node:http";
import path from "node:path";
import { after, before, test } from "node:test";
import { answerOpenai, startFakeCloud, type FakeCloud } from "../packages/server/test/harness/fake-cloud.ts";
import { demoScripts, makeScriptModel } from "../packages/workers/src/gpu/models/script-model.ts";
import { anthropicApi, ask, openaiApi, ways, type Api } from "./harness/apis.ts";
import { startCountingProxy, type CountingProxy } from "./harness/counting-proxy.ts";
import type { Program } from "./harness/program.ts";
import { startRouter, startWorker, type TestRouter } from "./harness/stack.ts";
import { until } from "./harness/until.ts";

/** Its name is in every chunk of OpenAI's format: a long one fills the system's socket buffers, some megabytes, sooner. */
const longName = `${"long-".repeat(39)}name`;

let cloud: FakeCloud;
let router: TestRouter;
let proxy: CountingProxy;
let worker: Program;
before(async () => {
  cloud = await startFakeCloud(answerOpenai(["short"]));
  router = await startRouter({
    config: `
      providers:
        - {name: cloud, kind: cloud, dialect: openai-chat, baseUrl: "${cloud.url}/v1", apiKey: sk, models: [flood]}
    `,
  });
  proxy = await startCountingProxy(router.url);
  const file = path.join(router.directory, `${longName}.gguf`);
  await writeFile(file, makeScriptModel());
  const args = ["--model", file, "--alias", "looper", "--context", "65536", "--slots", "2"];
  worker = await startWorker(router, { url: proxy.url, args });
});
after(async () => {
  await worker[Symbol.asyncDispose]();
  await proxy[Symbol.asyncDispose]();
  await router[Symbol.asyncDispose]();
  await cloud[Symbol.asyncDispose]();
});

test("more questions at once than slots are all answered, each with its own answer", async () => {
  await using _ = await startWorker(router, { args: ["--model", "demo-echo", "--slots", "2"] });
  const questions = ways.map((way, i) => ({
    ...way,
    text: `question ${i} of its own: ${["🦊", "🎉", "🌊", "🍕"][i]}${i * 7919}`,
  }));
  const answers = questions.flatMap(({ api, stream, text }) => [
    ask(router, api, { model: "auxot-echo", text }, stream),
    ask(router, api, { model: "looper", text }, stream),
  ]);
  for (const [i, answer] of (await Promise.all(answers)).entries()) {
    assert.equal(answer.text, i % 2 === 0 ? questions[i / 2]?.text : demoScripts.reply);
    assert.match(answer.headers.get("x-auxot-route") ?? "", /tries=1$/, "none was sent where no slot was free");
  }
});

test(
  "a caller who reads nothing stops the engine, not his neighbour, and grows no memory; reading goes on where it stood",
  { timeout: 150_000 },
  async () => {
    const neighbour = async (): Promise<number> => {
      const before = proxy.sentBytes();
      assert.equal((await ask(router, anthropicApi, { model: "looper", text: "Hi" })).text, demoScripts.reply);
      return proxy.sentBytes() - before;
    };
    const aloneBytes = await neighbour();
    const memoryBefore = readMemory();
    const unread = await askWithoutReading(openaiApi, "looper");
    // Both slots share each step of the engine: while the other runs, it sends a token for each of the neighbour's. One
    // quiet answer may be chance on a busy machine, twenty in a row are not.
    const isStopped = async (): Promise<boolean> => {
      for (let i = 0; i < 20; i++) if ((await neighbour()) >= 1.5 * aloneBytes) return false;
      return true;
    };
    await until("only the neighbour's tokens come", isStopped, 120_000);
    const stoppedAt = proxy.sentBytes();
    assert.equal(await router.busySlots(longName), 1, "it still has its slot");
    assert.ok(readMemory() - memoryBefore < 64, "megabytes");

    let text = "";
    for await (const piece of unread) {
      text += String(piece);
      if (proxy.sentBytes() > stoppedAt + 40 * aloneBytes) break;
    }
    const words = [...text.matchAll(/"content":"([^"]+)"/g)].map(([, word]) => word).join("");
    assert.ok(words.length > 10_000 && demoScripts.loop.repeat(9999).startsWith(words), "no token is missing");
    unread.destroy();
    await until("the slot is free", async () => (await router.busySlots(longName)) === 0, 1000);
  },
);

for (const api of [openaiApi, anthropicApi]) {
  test(`a caller who reads nothing stops the cloud, and the router's memory does not grow (${api.name} API)`, async () => {
    const memoryBefore = readMemory();
    const flood = openFlood();
    cloud.answer = flood.answer;
    const unread = await askWithoutReading(api, "flood");
    cloud.answer = answerOpenai(["short"]);
    const neighbour = (): Promise<unknown> => ask(router, api, { model: "flood", text: "Hi" });
    await until("the cloud is held up", async () => {
      const before = flood.sentBytes();
      for (let i = 0; i < 5; i++) await neighbour();
      return flood.sentBytes() === before;
    });
    assert.ok(readMemory() - memoryBefore < 64, "megabytes");
    unread.destroy();
    await flood.left;
  });
}

/** An upstream's answer without end, as fast as it is taken. */
function openFlood(): { readonly answer: FakeCloud["answer"]; sentBytes(): number; readonly left: Promise<void> } {
  const left = Promise.withResolvers<void>();
  let sent = 0;
  const chunk = `data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"flood","choices":[{"index":0,"delta":{"content":"${"x".repeat(4000)}"},"finish_reason":null}]}\n\n`;
  return {
    sentBytes: () => sent,
    left: left.promise,
    async answer(_request, response) {
      response.on("close", left.resolve).writeHead(200, { "content-type": "text/event-stream" });
      while (!response.destroyed) {
        sent += chunk.length;
        if (!response.write(chunk)) await Promise.race([once(response, "drain"), left.promise]);
      }
    },
  };
}

/** The answer to an endless question, of which nothing is read. */
async function askWithoutReading(api: Api, model: string): Promise<IncomingMessage> {
  const request = httpRequest(router.url + api.path, {
    method: "POST",
    headers: { authorization: `Bearer ${router.key}`, "content-type": "application/json" },
  });
  request.end(JSON.stringify(api.toBody({ model, text: "LOOP" }, true)));
  const [response] = (await once(request, "response")) as [IncomingMessage];
  return response;
}

/** Of the router process, in megabytes. */
function readMemory(): number {
  return Number(execFileSync("ps", ["-o", "rss=", "-p", String(router.program.pid)], { encoding: "utf8" })) / 1024;
}
