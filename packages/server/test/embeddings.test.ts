import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import OpenAI from "openai";
import { readUsageRows } from "./harness/usage-rows.ts";
import { startFakeCloud, type FakeCloud } from "./harness/fake-cloud.ts";
import { connectFakeWorker, embedOffer, fakeOffer } from "./harness/fake-worker.ts";
import { startTestRouter, type TestRouter } from "./harness/router.ts";

const path = "/v1/embeddings";
const hello = { model: "auto", input: "Hi" };
const models = ["text-embedding-3-small"];
const withBoth = { offers: [fakeOffer, embedOffer] };

function createClient(app: TestRouter): OpenAI {
  return new OpenAI({ baseURL: `${app.url}/v1`, apiKey: app.key, maxRetries: 0 });
}

/** One vector of two numbers for each input, spaced as no encoder of ours writes it. */
const answerEmbeddings: FakeCloud["answer"] = (request, response) => {
  const { input } = JSON.parse(request.body) as { input: string | string[] };
  const data = [input].flat().map((_, index) => ({ object: "embedding", index, embedding: [0.5, -0.25] }));
  response.writeHead(200, { "content-type": "application/json" });
  response.end(`{ "object":"list","x_new" : 1.0,"data":${JSON.stringify(data)},"usage":{"prompt_tokens":9}}`);
};

async function readError(response: Response): Promise<[number, string, string | null, string]> {
  const { error } = (await response.json()) as { error: { code: string; param: string | null; message: string } };
  return [response.status, error.code, error.param, error.message];
}

test("OpenAI's own package gets a worker's vectors as numbers, by base64 and by floats, in the order of its texts", async () => {
  await using app = await startTestRouter();
  using worker = await connectFakeWorker(app, withBoth);
  for (const format of [{}, { encoding_format: "float" as const }]) {
    const answer = createClient(app).embeddings.create({ ...hello, input: ["a", "b", "c"], dimensions: 4, ...format });
    const job = await worker.nextEmbedJob();
    assert.deepEqual(job.request, {
      model: "fake-embed",
      input: ["a", "b", "c"],
      dimensions: 4,
      encodingFormat: "encoding_format" in format ? "float" : "base64",
    });
    job.send([1, 0, 0, 0], [0, 1, 0, 0]);
    job.send([0, 0, 0.5, 0.25]);
    job.done();
    const { data, model, object, usage } = await answer;
    assert.deepEqual(
      data.map(({ embedding, index }) => [index, Array.from(embedding)]),
      [
        [0, [1, 0, 0, 0]],
        [1, [0, 1, 0, 0]],
        [2, [0, 0, 0.5, 0.25]],
      ],
    );
    assert.deepEqual([object, model, usage.prompt_tokens, usage.total_tokens], ["list", "fake-embed", 3, 3]);
  }
});

test("the answer says where it came from and what was not sent", async () => {
  await using app = await startTestRouter();
  using worker = await connectFakeWorker(app, withBoth);
  const answer = app.post("/api/openai/embeddings", { ...hello, task: "search", encoding_format: "base64" });
  const job = await worker.nextEmbedJob();
  job.send([1, 0, 0, 0]);
  job.done();
  const response = await answer;
  const { data } = (await response.json()) as { data: { embedding: string }[] };
  assert.equal(data[0]?.embedding, "AACAPwAAAAAAAAAAAAAAAA==");
  assert.match(response.headers.get("x-auxot-route") ?? "", /^tier=gpu; .*model=fake-embed; tries=1$/);
  assert.match(response.headers.get("x-auxot-warnings") ?? "", /^task: not understood/);
});

test("a chat never goes to an embedding model, nor a text to a chat model, and the refusal says which can", async () => {
  await using app = await startTestRouter();
  using worker = await connectFakeWorker(app, withBoth);
  const chat = app.post("/v1/chat/completions", { model: "auto", messages: [{ role: "user", content: "Hi" }] });
  const job = await worker.nextJob();
  assert.equal(job.request.model, "fake-model");
  job.answer("yes");
  await chat;

  const [status, code, param, message] = await readError(await app.post(path, { ...hello, model: "fake-model" }));
  assert.deepEqual([status, code, param], [400, "invalid_request", "model"]);
  assert.match(message, /"fake-model" chats and cannot make embeddings. Models that can: "fake-embed"/);
  const messages = [{ role: "user", content: "Hi" }];
  const refused = await readError(await app.post("/v1/chat/completions", { model: "fake-embed", messages }));
  assert.deepEqual(refused.slice(0, 3), [400, "invalid_request", "model"]);

  const listed = (await (await app.get("/v1/models/fake-embed")).json()) as { auxot: Record<string, unknown> };
  assert.deepEqual(listed.auxot["abilities"], { ...embedOffer.abilities, documents: false });
  assert.equal(listed.auxot["dimensions"], 4);
});

test("bad input is refused in OpenAI's envelope with the field's path, and nothing is asked of a source", async () => {
  await using app = await startTestRouter();
  using worker = await connectFakeWorker(app, withBoth);
  const bad: [body: unknown, param: string | null][] = [
    ["{", null],
    [[], null],
    [{ input: "x" }, "model"],
    [{ model: 5, input: "x" }, "model"],
    [{ model: "auto" }, "input"],
    [{ ...hello, input: "" }, "input"],
    [{ ...hello, input: [] }, "input"],
    [{ ...hello, input: ["a", ""] }, "input[1]"],
    [{ ...hello, input: [[1, "x"]] }, "input[0][1]"],
    [{ ...hello, encoding_format: "hex" }, "encoding_format"],
    [{ ...hello, dimensions: -1 }, "dimensions"],
    [{ ...hello, dimensions: 5 }, "dimensions"],
    [{ ...hello, user: 1 }, "user"],
  ];
  for (const [body, param] of bad) {
    const refused = await readError(await app.post(path, body));
    assert.deepEqual(refused.slice(0, 3), [400, "invalid_request", param], JSON.stringify(body));
  }
  assert.deepEqual(worker.frames.filter((frame) => frame.type === "embed-start").length, 0);
  assert.equal((await app.get(path)).status, 405);
  assert.equal((await app.post(path, hello, { key: null })).status, 401);
});

test("a cloud provider gets the caller's bytes but for the model, and its answer comes back byte for byte", async () => {
  for (const dialect of ["openai-chat", "openai-responses"] as const) {
    await using cloud = await startFakeCloud(answerEmbeddings);
    await using app = await startTestRouter({ providers: [cloud.provider({ dialect, models: ["gpt-5", ...models] })] });
    const body = `{"model":"auto", "input":["a" , "b"],"dimensions": 2,"x_new":12345678901234567890}`;
    const response = await app.post(path, body);
    assert.match(await response.text(), /^\{ "object":"list","x_new" : 1.0,/);
    assert.equal(cloud.requests[0]?.path, "/v1/embeddings");
    assert.equal(cloud.requests[0]?.body, body.replace('"auto"', '"text-embedding-3-small"'));
    assert.equal(cloud.requests[0]?.headers.authorization, "Bearer sk-upstream-secret");
    const { data } = await createClient(app).embeddings.create({ model: "auto", input: "a" });
    assert.deepEqual(data[0]?.embedding, [0.5, -0.25]);
  }
});

test("what a cloud provider says of its limits comes with its answer, and a very large answer passes", async () => {
  const padding = " ".repeat(65 * 2 ** 20);
  await using cloud = await startFakeCloud((_request, response) => {
    const headers = { "x-ratelimit-remaining-requests": "7", "x-request-id": "req_up", "set-cookie": "a=b" };
    response.writeHead(200, { "content-type": "application/json", ...headers });
    response.end(`{"data":[${padding}],"usage":{"prompt_tokens":1,"total_tokens":1}}`);
  });
  await using app = await startTestRouter({ providers: [cloud.provider({ models })] });
  const { status, headers, body } = await app.post(path, hello);
  await body?.cancel();
  assert.equal(status, 200);
  assert.equal(headers.get("x-ratelimit-remaining-requests"), "7");
  assert.equal(headers.get("x-upstream-request-id"), "req_up");
  assert.equal(headers.get("set-cookie"), null);
});

test("a worker that dies in the middle is replaced by the cloud, and the caller sees nothing of it", async () => {
  await using cloud = await startFakeCloud(answerEmbeddings);
  await using app = await startTestRouter({ providers: [cloud.provider({ models })] });
  for (const begun of [false, true]) {
    using worker = await connectFakeWorker(app, withBoth);
    const answer = app.post(path, { ...hello, input: ["a", "b"] });
    const job = await worker.nextEmbedJob();
    if (begun) job.send([1, 0, 0, 0]);
    worker.kill();
    const response = await answer;
    assert.match(response.headers.get("x-auxot-route") ?? "", /tier=cloud.*tries=2$/);
    assert.equal(((await response.json()) as { data: unknown[] }).data.length, 2);
  }
});

test("a worker's failure moves on, its refusal of an input does not, and too few vectors are a failure", async () => {
  await using cloud = await startFakeCloud(answerEmbeddings);
  await using app = await startTestRouter({ providers: [cloud.provider({ models })] });
  using worker = await connectFakeWorker(app, { offers: [embedOffer] });
  async function ask(end: Parameters<(typeof job)["done"]>[0]): Promise<Response> {
    const answer = app.post(path, hello);
    job = await worker.nextEmbedJob();
    job.done(end);
    return answer;
  }
  let job: Awaited<ReturnType<typeof worker.nextEmbedJob>>;
  assert.match((await ask({ code: "source_failed", message: "broke" })).headers.get("x-auxot-route") ?? "", /cloud/);
  assert.match((await ask(undefined)).headers.get("x-auxot-route") ?? "", /cloud/);
  const refusal = { code: "invalid_request", message: "input[0]: no.", param: "input[0]" } as const;
  assert.deepEqual(await readError(await ask(refusal)), [400, "invalid_request", "input[0]", "input[0]: no."]);
});

test("an upstream's errors are told as they are", async () => {
  const tooLong = { error: { message: "too long", code: "invalid", param: "input" } };
  const slow = { error: { message: "slow down", type: "rate_limit_error" } };
  type Case = [status: number, body: string, expected: [number, string | undefined], retryAfter: string | null];
  // A provider that failed three times rests: a router for every two.
  const pairs: Case[][] = [
    [
      [400, JSON.stringify(tooLong), [400, "invalid"], null],
      [500, "it broke", [502, "source_failed"], null],
    ],
    [
      [200, "no json", [502, "source_failed"], null],
      [429, JSON.stringify(slow), [429, undefined], "7"],
    ],
  ];
  for (const pair of pairs) {
    await using cloud = await startFakeCloud(answerEmbeddings);
    await using app = await startTestRouter({ providers: [cloud.provider({ models })] });
    for (const [status, body, expected, retryAfter] of pair) {
      const headers = status === 429 ? { "retry-after": "7" } : {};
      cloud.answer = (_request, response) => void response.writeHead(status, headers).end(body);
      const response = await app.post(path, hello);
      assert.equal(response.headers.get("retry-after"), retryAfter);
      assert.deepEqual((await readError(response)).slice(0, 2), expected);
    }
  }
});

test("the job is cancelled when the caller leaves, and the slot is free again", async () => {
  await using app = await startTestRouter();
  using worker = await connectFakeWorker(app, withBoth);
  const caller = new AbortController();
  const left = app.post(path, hello, { signal: caller.signal });
  const job = await worker.nextEmbedJob();
  caller.abort();
  await assert.rejects(left);
  await job.cancelled;
  // The next one waits for the slot until the worker gives it back.
  const answer = app.post(path, hello);
  job.done();
  const next = await worker.nextEmbedJob();
  next.send([1, 0, 0, 0]);
  next.done();
  assert.equal((await answer).status, 200);
});

test("the upstream connection is closed when the caller leaves", async () => {
  await using cloud = await startFakeCloud(() => undefined);
  await using app = await startTestRouter({ providers: [cloud.provider({ models })] });
  const caller = new AbortController();
  const arrived = cloud.nextRequest();
  const left = app.post(path, hello, { signal: caller.signal });
  const request = await arrived;
  caller.abort();
  await assert.rejects(left);
  await request.left;
});

test("each request leaves one usage row with the worker's exact tokens, the provider's, or what failed", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "auxot-embed-"));
  await using cloud = await startFakeCloud(answerEmbeddings);
  {
    await using app = await startTestRouter({ dataDir, providers: [cloud.provider({ models })] });
    using worker = await connectFakeWorker(app, withBoth);
    const answer = app.post(path, { ...hello, input: ["a", "b"] });
    const job = await worker.nextEmbedJob();
    job.send([1, 0, 0, 0], [1, 0, 0, 0]);
    job.done();
    await answer;
    await app.post(path, { ...hello, model: models[0] });
    await app.post(path, { ...hello, model: "fake-model" });
  }
  const rows = await readUsageRows(dataDir);
  await rm(dataDir, { recursive: true, force: true });
  assert.deepEqual(
    rows.map((row) => [row["dialect"], row["outcome"], row["model"], Number(row["input_tokens"]), row["status"]]),
    [
      ["openai-embeddings", "ok", "fake-embed", 2, 200],
      ["openai-embeddings", "ok", "text-embedding-3-small", 9, 200],
      ["openai-embeddings", "error", null, 0, 400],
    ],
  );
  assert.ok(rows.every((row) => Number(row["output_tokens"]) === 0 && row["usage_estimated"] === false));
});
