// The engine for OpenAI-compatible servers, against a scripted one.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { afterEach, beforeEach, test } from "node:test";
import type { Engine } from "../src/engine.ts";
import { createUrlEngine, type UrlEngine, type UrlEngineOptions } from "../src/gpu/url/url-engine.ts";
import { ask, readEvents, readResult, testLog, textOf } from "./engine-harness.ts";

type Answer = (response: ServerResponse, body: string, request: IncomingMessage) => void;

let server: Server;
let url: string;
let routes: Map<string, Answer>;
let engine: UrlEngine;
let seen: { path: string; authorization: string | undefined; body: string }[];

beforeEach(async () => {
  routes = new Map([["/v1/models", json({ data: [{ id: "qwen" }] })]]);
  seen = [];
  server = createServer((request, response) => {
    void (async () => {
      let body = "";
      for await (const piece of request.setEncoding("utf8")) body += String(piece);
      const path = request.url ?? "";
      seen.push({ path, authorization: request.headers.authorization, body });
      const answer = routes.get(path);
      if (answer === undefined) response.writeHead(404).end();
      else answer(response, body, request);
    })();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
});
afterEach(async () => {
  await engine.close();
  server.close();
  server.closeAllConnections();
});

const json =
  (value: unknown, status = 200): Answer =>
  (response) =>
    void response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));

async function start(fields: Partial<UrlEngineOptions> = {}): Promise<Engine> {
  engine = createUrlEngine({
    url,
    slots: 3,
    models: [],
    embeddingModels: [],
    aliases: ["local"],
    log: testLog,
    probeEveryMs: 5,
    ...fields,
  });
  await engine.firstProbe;
  return engine;
}

function chunk(delta: object, finish: string | null = null): string {
  return `data: ${JSON.stringify({ id: "1", object: "chat.completion.chunk", created: 1, model: "qwen", choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
}

test("offers what llama-server says of its model", async () => {
  routes.set(
    "/props",
    json({
      default_generation_settings: { n_ctx: 8192 },
      chat_template_caps: { supports_tools: true },
      modalities: { vision: true },
      chat_template: "<think>",
    }),
  );
  const { offers } = await start({ url: `${url}/v1/`, key: "k" });
  assert.deepEqual(offers(), [
    {
      model: "qwen",
      aliases: ["local"],
      abilities: { tools: true, images: true, reasoning: true },
      contextTokens: 8192,
      slots: 3,
    },
  ]);
  assert.equal(seen[0]?.authorization, "Bearer k");
});

test("offers what Ollama and vLLM say of theirs", async () => {
  routes.set("/v1/models", json({ data: [{ id: "a" }, { id: "b", max_model_len: 4096 }] }));
  routes.set("/api/show", (response, body) => {
    if (!body.includes('"a"')) return void response.writeHead(404).end();
    return json({ capabilities: ["completion", "tools"], model_info: { "llama.context_length": 2048 } })(
      response,
      "",
      {} as never,
    );
  });
  const found = (await start()).offers();
  assert.deepEqual(
    found.map((offer) => [offer.model, offer.contextTokens, offer.abilities.tools]),
    [
      ["a", 2048, true],
      ["b", 4096, true],
    ],
  );
});

test("streams an answer", async () => {
  routes.set("/v1/chat/completions", (response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(chunk({ role: "assistant", content: "Hel" }));
    response.write(chunk({ content: "lo 🦊" }));
    response.write(chunk({}, "stop"));
    response.write(
      `data: ${JSON.stringify({ id: "1", object: "chat.completion.chunk", created: 1, model: "qwen", choices: [], usage: { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 } })}\n\n`,
    );
    response.end("data: [DONE]\n\n");
  });
  const result = await readResult(await start(), ask("hi", { model: "qwen" }));
  assert.equal(textOf(result), "Hello 🦊");
  assert.equal(result.stopReason, "stop");
  assert.equal(result.usage?.inputTokens, 5);
  const sent = JSON.parse(seen.find(({ path }) => path === "/v1/chat/completions")?.body ?? "") as Record<
    string,
    unknown
  >;
  assert.equal(sent["model"], "qwen");
  assert.equal(sent["stream"], true);
});

test("a cancel closes the connection to the server", async () => {
  const closed = Promise.withResolvers<void>();
  routes.set("/v1/chat/completions", (response) => {
    response.on("close", closed.resolve);
    response.writeHead(200, { "content-type": "text/event-stream" }).write(chunk({ role: "assistant", content: "x" }));
  });
  const controller = new AbortController();
  const running = await start();
  await assert.rejects(
    async () => {
      for await (const _ of running.run(ask("hi", { model: "qwen" }), controller.signal)) controller.abort();
    },
    { code: "cancelled" },
  );
  await closed.promise;
});

test("a server's error and a broken answer are failures of the source", async () => {
  const running = await start();
  routes.set("/v1/chat/completions", json({ error: { message: "boom" } }, 500));
  await assert.rejects(readEvents(running, ask("hi", { model: "qwen" })), { code: "source_failed" });
  routes.set("/v1/chat/completions", (response) => void response.writeHead(200).end(chunk({ content: "x" })));
  await assert.rejects(readEvents(running, ask("hi", { model: "qwen" })), { code: "source_failed" });
  await assert.rejects(readEvents(running, ask("hi", { model: "nope" })), { code: "model_not_found" });
});

test("withdraws its models while the server does not answer", async () => {
  const running = await start();
  const changed = (): Promise<void> => new Promise((resolve) => running.onOffersChanged(resolve));
  routes.set("/v1/models", json({}, 503));
  const gone = changed();
  await gone;
  assert.deepEqual(running.offers(), []);
  await assert.rejects(readEvents(running, ask("hi", { model: "qwen" })), { code: "source_failed" });
  routes.set("/v1/models", json({ data: [{ id: "qwen" }] }));
  await changed();
  assert.equal(running.offers().length, 1);
});
