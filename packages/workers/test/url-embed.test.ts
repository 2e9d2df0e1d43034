// Embeddings and raw prompts of an OpenAI-compatible server beside the worker, against a scripted one.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server, type ServerResponse } from "node:http";
import { afterEach, beforeEach, test } from "node:test";
import { decodeVector } from "@auxot/dialects/vectors";
import type { EmbedPart, EmbedRequest } from "@auxot/wire/embed";
import { createUrlEngine, type UrlEngine, type UrlEngineOptions } from "../src/gpu/url/url-engine.ts";
import { ask, neverAborted, readResult, testLog, textOf } from "./engine-harness.ts";

type Answer = (response: ServerResponse, body: Record<string, unknown>) => void;

let server: Server;
let url: string;
let routes: Map<string, Answer>;
let engine: UrlEngine | undefined;
let seen: { path: string; body: string }[];

beforeEach(async () => {
  const data = [{ id: "qwen" }, { id: "bge-m3" }, { id: "nomic-embed-text" }];
  routes = new Map([["/v1/models", json({ data })]]);
  seen = [];
  server = createServer((request, response) => {
    void (async () => {
      let body = "";
      for await (const piece of request.setEncoding("utf8")) body += String(piece);
      const path = request.url ?? "";
      if (path.startsWith("/v1/") && path !== "/v1/models") seen.push({ path, body });
      const answer = routes.get(path);
      if (answer === undefined) response.writeHead(404).end();
      else answer(response, (body === "" ? {} : JSON.parse(body)) as Record<string, unknown>);
    })();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
});
afterEach(async () => {
  await engine?.close();
  server.close();
  server.closeAllConnections();
});

function json(value: unknown, status = 200): Answer {
  return (response) =>
    void response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
}

async function start(fields: Partial<UrlEngineOptions> = {}): Promise<UrlEngine> {
  const options = { slots: 3, models: [], embeddingModels: [], aliases: [], log: testLog, probeEveryMs: 60_000 };
  engine = createUrlEngine({ url, ...options, ...fields });
  await engine.firstProbe;
  return engine;
}

function request(input: EmbedRequest["input"], fields: Partial<EmbedRequest> = {}): EmbedRequest {
  return { model: "nomic-embed-text", input, encodingFormat: "base64", ...fields };
}

/** One vector of 3, 4 and 12 for each input. */
const answerEmbeddings: Answer = (response, { input }) => {
  const inputs = [input].flat();
  const data = inputs.map((_, index) => ({ object: "embedding", index, embedding: [3, 4, 12] }));
  json({ object: "list", data, model: "x", usage: { prompt_tokens: inputs.length * 2 } })(response, {});
};

function embeds({ offers }: UrlEngine): unknown[] {
  return offers().map((offer) => [offer.model, offer.abilities.embeddings === true, offer.dimensions]);
}

test("models embed that have it in their name or are named so, where the server does not tell", async () => {
  assert.deepEqual(embeds(await start({ embeddingModels: ["bge-m3"] })), [
    ["qwen", false, undefined],
    ["bge-m3", true, undefined],
    ["nomic-embed-text", true, undefined],
  ]);
});

test("Ollama tells which of its models embed, with how many dimensions, and which fill gaps", async () => {
  routes.set("/api/show", (response, { model }) => {
    const capabilities = model === "bge-m3" ? ["embedding"] : ["completion", "insert"];
    json({ capabilities, model_info: { "bert.embedding_length": 1024 } })(response, {});
  });
  const found = await start();
  assert.deepEqual(embeds(found), [
    ["qwen", false, undefined],
    ["bge-m3", true, 1024],
    ["nomic-embed-text", false, undefined],
  ]);
  assert.equal(found.offers()[0]?.abilities.infill, true);
});

test("a llama-server whose model's name says it embeds is not asked to chat", async () => {
  routes.set("/v1/models", json({ data: [{ id: "Qwen3-Embedding-0.6B" }] }));
  routes.set("/props", json({ default_generation_settings: { n_ctx: 2048 } }));
  const found = await start();
  assert.deepEqual(embeds(found), [["Qwen3-Embedding-0.6B", true, undefined]]);
  assert.equal(found.offers()[0]?.contextTokens, 2048);
});

test("vectors come in the server's own numbers, many texts in several requests", async () => {
  routes.set("/v1/embeddings", answerEmbeddings);
  const { embed } = await start();
  const texts = Array.from({ length: 130 }, (_, at) => `text ${at}`);
  const parts: EmbedPart[] = await Array.fromAsync(embed(request(texts), neverAborted));
  assert.deepEqual(
    parts.map((part) => [part.vectors.length, part.inputTokens]),
    [
      [64, 128],
      [64, 128],
      [2, 4],
    ],
  );
  assert.deepEqual(decodeVector(parts[0]?.vectors[0] ?? ""), Float32Array.of(3, 4, 12));
  const last = JSON.parse(seen.at(-1)?.body ?? "") as unknown;
  assert.deepEqual(last, { model: "nomic-embed-text", input: ["text 128", "text 129"], encoding_format: "float" });
});

test("vectors are cut here when the server does not do it, and too many dimensions are refused by name", async () => {
  routes.set("/v1/embeddings", answerEmbeddings);
  const { embed } = await start();
  const [part] = await Array.fromAsync(embed(request(["a"], { dimensions: 2 }), neverAborted));
  const cut = decodeVector(part?.vectors[0] ?? "") ?? [];
  assert.deepEqual(
    Array.from(cut, (value) => value.toFixed(5)),
    ["0.60000", "0.80000"],
  );
  await assert.rejects(Array.fromAsync(embed(request(["a"], { dimensions: 4 }), neverAborted)), {
    code: "invalid_request",
    param: "dimensions",
    message: /have 3 dimensions; ask for 3 or fewer/,
  });
});

test("the server's errors are told, and an abort is no failure of the server", async () => {
  const { embed } = await start();
  const errors: [Answer, object][] = [
    [json({ error: { message: "input is too long", code: 400 } }, 400), { code: "context_length_exceeded" }],
    [json({ error: { message: "broke" } }, 500), { code: "source_failed" }],
    [json({ data: [] }), { code: "source_failed", message: /0 embeddings for 1 inputs/ }],
    [(response) => void response.destroy(), { code: "source_failed" }],
  ];
  for (const [answer, error] of errors) {
    routes.set("/v1/embeddings", answer);
    await assert.rejects(Array.fromAsync(embed(request(["a"]), neverAborted)), error);
  }
  const controller = new AbortController();
  routes.set("/v1/embeddings", () => controller.abort());
  await assert.rejects(Array.fromAsync(embed(request(["a"]), controller.signal)), { code: "cancelled" });
  await assert.rejects(Array.fromAsync(embed(request(["a"], { model: "none" }), neverAborted)), {
    code: "model_not_found",
  });
});

function chunk(text: string, finish: string | null): string {
  const choices = [{ index: 0, text, finish_reason: finish }];
  return `data: ${JSON.stringify({ id: "c", model: "qwen", choices })}\n\n`;
}

test("a raw prompt goes to the server's /completions, without echo", async () => {
  routes.set("/v1/completions", (response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    const usage = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 };
    response.end(
      `${chunk(" upon", null)}${chunk(" a time", "stop")}data: ${JSON.stringify({ choices: [], usage })}\n\n`,
    );
  });
  const completion = { prompt: "Once", suffix: "end", echo: true } as const;
  const result = await readResult(await start(), { ...ask("Once"), model: "qwen", completion, maxOutputTokens: 16 });
  assert.equal(textOf(result), " upon a time");
  assert.equal(result.usage?.outputTokens, 2);
  assert.deepEqual(JSON.parse(seen[0]?.body ?? ""), {
    model: "qwen",
    prompt: "Once",
    suffix: "end",
    max_tokens: 16,
    stream: true,
    stream_options: { include_usage: true },
  });
});
