// OpenAI's embeddings and legacy completions over the whole system: the official package, router, worker, llama.cpp.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import OpenAI from "openai";
import { demoEmbedding } from "../packages/workers/src/gpu/models/embed-model.ts";
import { demoScripts } from "../packages/workers/src/gpu/models/script-model.ts";
import { startFakeCloud, type FakeCloud } from "../packages/server/test/harness/fake-cloud.ts";
import type { Program } from "./harness/program.ts";
import { startRouter, startWorker, type TestRouter } from "./harness/stack.ts";
import { until } from "./harness/until.ts";

const workerArgs = ["--model", "demo", "--model", "demo-echo", "--model", "demo-embed", "--slots", "2"];
const texts = ["The cat sat on the mat", "A cat is on a mat", "Quarterly revenue grew by 5%"];
const embed = { model: "auto" };

let cloud: FakeCloud;
let router: TestRouter;
let worker: Program | undefined;
let openai: OpenAI;
before(async () => {
  cloud = await startFakeCloud((request, response) => {
    const { input } = JSON.parse(request.body) as { input: string[] };
    const data = input.map((_, index) => ({ object: "embedding", index, embedding: [0.5, 0.5] }));
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ object: "list", data, model: "up", usage: { prompt_tokens: 4, total_tokens: 4 } }));
  });
  router = await startRouter({
    config: `
      providers:
        - {name: cloud, kind: cloud, dialect: openai-chat, baseUrl: "${cloud.url}/v1", apiKey: sk-upstream, models: [text-embedding-3-small]}
    `,
  });
  worker = await startWorker(router, { args: workerArgs });
  openai = new OpenAI({ baseURL: `${router.url}/v1`, apiKey: router.key, maxRetries: 0 });
});
after(async () => {
  await worker?.[Symbol.asyncDispose]();
  await router[Symbol.asyncDispose]();
  await cloud[Symbol.asyncDispose]();
});

function multiply(a: readonly number[] = [], b: readonly number[] = []): number {
  return a.reduce((sum, value, at) => sum + value * (b[at] ?? 0), 0);
}
async function readVectors(fields: Partial<OpenAI.EmbeddingCreateParams> = {}): Promise<number[][]> {
  const { data } = await openai.embeddings.create({ ...embed, input: texts, ...fields });
  assert.deepEqual(
    data.map((one) => one.index),
    data.map((_, at) => at),
  );
  return data.map((one) => Array.from(one.embedding));
}

test("the openai package gets real vectors: the same by base64 and by floats, of length 1, near for similar texts", async () => {
  const vectors = await readVectors();
  assert.deepEqual(await readVectors({ encoding_format: "float" }), vectors);
  const [cat, similar, revenue] = vectors;
  assert.equal(cat?.length, demoEmbedding.dimensions);
  for (const vector of vectors) assert.ok(Math.abs(multiply(vector, vector) - 1) < 1e-5);
  assert.ok(multiply(cat, similar) > 0.5 && Math.abs(multiply(cat, revenue)) < 0.25);
});

test("the answer names the model and counts its tokens exactly", async () => {
  const answer = await openai.embeddings.create({ ...embed, input: ["the cat", "x"] });
  assert.equal(answer.model, "auxot-embed");
  // [CLS] th e ca t [SEP], and [CLS] x [SEP].
  assert.deepEqual({ ...answer.usage }, { prompt_tokens: 9, total_tokens: 9 });
});

test("fewer dimensions give the beginning of the vector at length 1, more are refused by name", async () => {
  const [whole] = await readVectors();
  const [short] = await readVectors({ dimensions: 16 });
  const head = whole?.slice(0, 16) ?? [];
  assert.equal(short?.length, 16);
  assert.ok(Math.abs(multiply(short, head) - Math.sqrt(multiply(head, head))) < 1e-5);
  await assert.rejects(openai.embeddings.create({ ...embed, model: "auxot-embed", input: "a", dimensions: 1000 }), {
    status: 400,
    param: "dimensions",
    message: /have 128 dimensions; ask for 128 or fewer/,
  });
});

test("hundreds of texts come back in order, one text in tokens as its text", async () => {
  const many = Array.from({ length: 500 }, (_, at) => texts[at % texts.length] ?? "");
  const vectors = await readVectors({ input: many });
  assert.deepEqual(vectors.slice(0, 3), vectors.slice(-2 - 3, -2));
  const [a] = await readVectors({ input: "a" });
  assert.deepEqual(await readVectors({ input: [5] }), [a]);
});

test("a text that is too long is refused with its place, its tokens and the limit", async () => {
  const input = ["fine", "ab ".repeat(600)];
  await assert.rejects(openai.embeddings.create({ ...embed, model: "auxot-embed", input }), {
    status: 400,
    code: "context_length_exceeded",
    param: "input[1]",
    message: /input\[1\]: has 602 tokens, but "auxot-embed" takes 512 at most/,
  });
});

test("a chat model makes no embeddings, an embedding model does not chat, and each refusal names one that does", async () => {
  await assert.rejects(openai.embeddings.create({ model: "auxot-demo", input: "a" }), {
    status: 400,
    param: "model",
    message: /Models that can: "auxot-embed"/,
  });
  const messages = [{ role: "user" as const, content: "Hi" }];
  await assert.rejects(openai.chat.completions.create({ model: "auxot-embed", messages }), {
    status: 400,
    param: "model",
    message: /Models that can: "auxot-demo", "auxot-echo"/,
  });
  const { choices } = await openai.chat.completions.create({ model: "auto", messages });
  assert.equal(choices[0]?.message.content, demoScripts.reply);
});

test("a caller that leaves frees the slot, and the request leaves its row", async () => {
  const controller = new AbortController();
  const input = Array.from({ length: 2048 }, () => "some words ".repeat(80));
  const left = openai.embeddings.create({ ...embed, input }, { signal: controller.signal });
  left.catch(() => undefined);
  await until("the job runs", async () => (await router.busySlots("auxot-embed")) === 1);
  controller.abort();
  await assert.rejects(left);
  await until("the slot is free", async () => (await router.busySlots("auxot-embed")) === 0);
  const rows = await until("the row is written", async () => {
    const found = (await router.usage()).filter((row) => row["dialect"] === "openai-embeddings");
    return found.some((row) => row["outcome"] === "cancelled") ? found : undefined;
  });
  const exact = rows.find((row) => Number(row["input_tokens"]) === 9);
  assert.deepEqual([exact?.["outcome"], exact?.["model"], exact?.["usage_estimated"]], ["ok", "auxot-embed", false]);
});

test("the model goes on with a raw prompt, streamed and whole, with exact usage", async () => {
  const text = "pack my box with five dozen jugs. ";
  const prompt = `${text}${text}pack my box`;
  const request = { model: "auxot-echo", prompt, temperature: 0 };
  const expected = text.slice("pack my box".length).slice(0, 16);
  const whole = await openai.completions.create(request);
  assert.deepEqual(whole.choices, [{ text: expected, index: 0, logprobs: null, finish_reason: "length" }]);
  assert.deepEqual([whole.usage?.prompt_tokens, whole.usage?.completion_tokens], [prompt.length, 16]);
  const pieces: string[] = [];
  let tokens = 0;
  const options = { stream: true, stream_options: { include_usage: true } } as const;
  for await (const chunk of await openai.completions.create({ ...request, ...options })) {
    pieces.push(...chunk.choices.map((choice) => choice.text));
    tokens = chunk.usage?.completion_tokens ?? tokens;
  }
  assert.deepEqual([pieces.join(""), tokens], [expected, 16]);
  assert.ok(pieces.length > 10, "it comes in pieces");
});

test("an editor's gap is filled, and refused by name where the model cannot", async () => {
  const gap = { prompt: "function add(first, second) {", suffix: "}", max_tokens: 50 };
  const filled = await openai.completions.create({ ...gap, model: "auxot-demo" });
  assert.deepEqual([filled.choices[0]?.text, filled.choices[0]?.finish_reason], [demoScripts.infill, "stop"]);
  await assert.rejects(openai.completions.create({ ...gap, model: "auxot-echo" }), { status: 400, param: "suffix" });
});

test("several prompts give several choices, with echo and stop", async () => {
  const prompt = ["<|reply|>", "<|final|>"];
  const { choices } = await openai.completions.create({ model: "auxot-demo", prompt, echo: true, stop: ["!", ","] });
  assert.deepEqual(
    choices.map(({ text, finish_reason: reason }) => [text, reason]),
    [
      ["<|reply|>Hello from Auxot", "stop"],
      ["<|final|>It is sunny there", "stop"],
    ],
  );
});

test("a worker that dies during an embedding: the cloud answers, and the caller sees nothing of it", async () => {
  worker?.signal("SIGSTOP");
  const answer = openai.embeddings.create({ ...embed, input: texts });
  await until("the worker has the job", async () => (await router.busySlots("auxot-embed")) === 1);
  worker?.signal("SIGKILL");
  const { data } = await answer;
  assert.deepEqual(
    data.map((one) => Array.from(one.embedding)),
    texts.map(() => [0.5, 0.5]),
  );
});
