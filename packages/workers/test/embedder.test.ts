// Embeddings with real llama.cpp and the demo embedding model, beside a model that chats.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { decodeVector } from "@auxot/dialects/vectors";
import type { EmbedPart, EmbedRequest } from "@auxot/wire/embed";
import { createEmbeddedEngine, type EmbeddedEngine } from "../src/gpu/embedded/embedded-engine.ts";
import { demoEmbedding, makeEmbedModel } from "../src/gpu/models/embed-model.ts";
import { makeScriptModel } from "../src/gpu/models/script-model.ts";
import { ask, createTemporaryDirectory, neverAborted, readResult, testLog } from "./engine-harness.ts";

let engine: EmbeddedEngine;
before(async () => {
  const directory = createTemporaryDirectory();
  const embed = path.join(directory, "embed.gguf");
  const chat = path.join(directory, "chat.gguf");
  writeFileSync(embed, makeEmbedModel());
  writeFileSync(chat, makeScriptModel());
  engine = createEmbeddedEngine({
    models: [
      { model: "auxot-embed", aliases: ["small"], path: embed },
      { model: "auxot-demo", aliases: [], path: chat, contextTokens: 2048 },
    ],
    slots: 2,
    threads: 1,
    gpu: "off",
    environment: process.env,
    log: testLog,
    restartDelaysMs: { first: 1, longest: 1 },
  });
  await engine.firstLoad;
});
after(() => engine.close());

function request(input: EmbedRequest["input"], fields: Partial<EmbedRequest> = {}): EmbedRequest {
  return { model: "auxot-embed", input, encodingFormat: "base64", ...fields };
}
async function readParts(asked: EmbedRequest, signal = neverAborted): Promise<EmbedPart[]> {
  return Array.fromAsync(engine.embed(asked, signal));
}
async function embed(asked: EmbedRequest): Promise<Float32Array[]> {
  const parts = await readParts(asked);
  return parts.flatMap((part) => part.vectors.map((text) => decodeVector(text) ?? assert.fail("no vector")));
}
function multiply(a: Float32Array | undefined, b: Float32Array | undefined): number {
  assert.ok(a !== undefined && b !== undefined);
  return a.reduce((sum, value, at) => sum + value * (b[at] ?? 0), 0);
}
function isNear(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) < 1e-5, `${actual} is not ${expected}`);
}

test("says of an embedding model file that it makes embeddings, how long they are and how long a text may be", () => {
  const [offer] = engine.offers();
  assert.deepEqual(offer, {
    model: "auxot-embed",
    aliases: ["small"],
    abilities: { tools: false, images: false, reasoning: false, embeddings: true },
    contextTokens: demoEmbedding.contextTokens,
    dimensions: demoEmbedding.dimensions,
    slots: 2,
  });
});

test("the same text has the same vector of length 1, similar texts are near, others far", async () => {
  const texts = [
    "The cat sat on the mat",
    "A cat is on a mat",
    "Quarterly revenue grew by 5%",
    "The cat sat on the mat",
  ];
  const [cat, similar, revenue, again] = await embed(request(texts));
  assert.deepEqual(cat, again);
  assert.equal(cat?.length, demoEmbedding.dimensions);
  for (const vector of [cat, similar, revenue]) isNear(multiply(vector, vector), 1);
  assert.ok(multiply(cat, similar) > 0.5, `similar: ${multiply(cat, similar)}`);
  assert.ok(Math.abs(multiply(cat, revenue)) < 0.25, `other: ${multiply(cat, revenue)}`);
  // Alone or in a batch, by its alias or its name.
  assert.deepEqual(await embed(request(["A cat is on a mat"], { model: "small" })), [similar]);
});

test("counts every token, with those the model adds", async () => {
  // [CLS] th e ca t [SEP], and [CLS] x [SEP].
  const parts = await readParts(request(["the cat", "x"]));
  assert.equal(
    parts.reduce((sum, part) => sum + part.inputTokens, 0),
    6 + 3,
  );
});

test("a text given as tokens has the vector of the text", async () => {
  const [text] = await embed(request(["a"]));
  // The five special tokens come first, then the letters that begin a word.
  const [tokens] = await embed(request([[5]]));
  assert.deepEqual(tokens, text);
});

test("shorter vectors are the beginning of the whole ones at length 1 again", async () => {
  const [whole] = await embed(request(["hello world"]));
  const [short] = await embed(request(["hello world"], { dimensions: 32 }));
  assert.equal(short?.length, 32);
  isNear(multiply(short, short), 1);
  const head = whole?.subarray(0, 32);
  isNear(multiply(short, head), Math.sqrt(multiply(head, head)));
});

test("a text of exactly the longest length is taken, one token more is refused with its place, count and limit", async () => {
  const longest = "ab ".repeat(demoEmbedding.contextTokens - 2);
  assert.equal((await embed(request([longest]))).length, 1);
  await assert.rejects(embed(request(["fine", `${longest} ab`])), {
    code: "context_length_exceeded",
    param: "input[1]",
    message: 'input[1]: has 513 tokens, but "auxot-embed" takes 512 at most. Cut it into shorter texts.',
  });
  await assert.rejects(embed(request([`${longest} ab`])), { param: "input" });
});

const refused: [sentence: string, asked: EmbedRequest, error: object][] = [
  [
    "tokens the model does not have",
    request([[5, 99_999]]),
    { code: "invalid_request", param: "input[1]", message: /there is no token 99999; this model has the tokens 0 to / },
  ],
  [
    "more dimensions than it has",
    request(["a"], { dimensions: 129 }),
    { code: "invalid_request", param: "dimensions", message: /have 128 dimensions; ask for 128 or fewer/ },
  ],
  ["a model that chats", request(["a"], { model: "auxot-demo" }), { code: "invalid_request", param: "model" }],
  ["a model that is not there", request(["a"], { model: "none" }), { code: "model_not_found" }],
];
for (const [sentence, asked, error] of refused) {
  test(`refuses ${sentence}, and goes on`, async () => {
    await assert.rejects(embed(asked), error);
    assert.equal((await embed(request(["a"]))).length, 1);
  });
}

test("refuses to chat with an embedding model", async () => {
  await assert.rejects(readResult(engine, { ...ask("Hi"), model: "auxot-embed" }), {
    code: "invalid_request",
    param: "model",
  });
});

test("several requests at once get their own vectors, in parts as they become ready", async () => {
  const texts = Array.from({ length: 40 }, (_, at) => `text ${"abcdefghij"[at % 10]}${at}`);
  const [all, ...alone] = await Promise.all([
    readParts(request(texts)),
    ...texts.slice(0, 5).map((text) => embed(request([text]))),
  ]);
  assert.ok(all.length > 1);
  const vectors = all.flatMap((part) => part.vectors);
  assert.equal(vectors.length, 40);
  for (const [at, [vector]] of alone.entries()) assert.deepEqual(vector, decodeVector(vectors[at] ?? ""));
});

test("stops between two texts when it is cancelled", async () => {
  const controller = new AbortController();
  const long = "some words ".repeat(80);
  const texts = Array.from({ length: 2048 }, () => long);
  let seen = 0;
  await assert.rejects(
    async () => {
      for await (const part of engine.embed(request(texts), controller.signal)) {
        seen += part.vectors.length;
        controller.abort();
      }
    },
    { code: "cancelled" },
  );
  assert.ok(seen < texts.length, `${seen} vectors came`);
});
