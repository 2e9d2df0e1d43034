import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import OpenAI from "openai";
import { startFakeCloud, type FakeCloud } from "./harness/fake-cloud.ts";
import { connectFakeWorker, fakeOffer, someUsage } from "./harness/fake-worker.ts";
import { startTestRouter, type TestRouter } from "./harness/router.ts";
import { readUsageRows } from "./harness/usage-rows.ts";

const path = "/v1/completions";
const once = { model: "auto", prompt: "Once" };

function createClient(app: TestRouter): OpenAI {
  return new OpenAI({ baseURL: `${app.url}/v1`, apiKey: app.key, maxRetries: 0 });
}

const chunk = (text: string, finish: string | null = null): string =>
  `data: ${JSON.stringify({ id: "cmpl-up", object: "text_completion", created: 1, model: "up", choices: [{ index: 0, text, logprobs: null, finish_reason: finish }] })}\n\n`;

/** Goes on with " upon a time", streamed or not, in OpenAI's legacy format. */
const answerCompletion: FakeCloud["answer"] = (request, response) => {
  const { stream } = JSON.parse(request.body) as { stream?: boolean };
  const usage = { prompt_tokens: 1, completion_tokens: 3, total_tokens: 4 };
  if (stream === true) {
    response.writeHead(200, { "content-type": "text/event-stream" });
    const counts = `data: ${JSON.stringify({ id: "cmpl-up", choices: [], usage })}\n\n`;
    response.end(`${chunk(" upon")}${chunk(" a time", "length")}${counts}data: [DONE]\n\n`);
    return;
  }
  response.writeHead(200, { "content-type": "application/json" });
  const choices = [{ text: " upon a time", index: 0, finish_reason: "length" }];
  response.end(`{ "id":"cmpl-up", "choices":${JSON.stringify(choices)},"usage":${JSON.stringify(usage)}}`);
};

test("a worker gets the prompt as it is, and OpenAI's own package gets the text, whole and streamed", async () => {
  await using app = await startTestRouter();
  using worker = await connectFakeWorker(app);
  const client = createClient(app);
  const whole = client.completions.create({ ...once, temperature: 0, stop: "\n", seed: 3, user: "u" });
  const job = await worker.nextJob();
  const { messages: _, ...request } = job.request;
  assert.deepEqual(request, {
    model: "fake-model",
    completion: { prompt: "Once" },
    tools: [],
    maxOutputTokens: 16,
    temperature: 0,
    stop: ["\n"],
    seed: 3,
    endUser: "u",
    stream: false,
  });
  job.answer(" upon a time");
  const completion = await whole;
  assert.match(completion.id, /^cmpl-/);
  assert.deepEqual([completion.object, completion.model], ["text_completion", "fake-model"]);
  assert.deepEqual(completion.choices, [{ text: " upon a time", index: 0, logprobs: null, finish_reason: "stop" }]);
  assert.equal(completion.usage?.total_tokens, someUsage.inputTokens + someUsage.outputTokens);

  const streamed = client.completions.create({ ...once, stream: true, stream_options: { include_usage: true } });
  (await worker.nextJob()).answer(" upon a time");
  const texts: string[] = [];
  let tokens: number | undefined;
  for await (const part of await streamed) {
    assert.equal(part.object, "text_completion");
    texts.push(...part.choices.map((choice) => choice.text));
    tokens = part.usage?.total_tokens ?? tokens;
  }
  assert.deepEqual([texts.join(""), tokens], [" upon a time", 10]);
  assert.ok(texts.length > 2, "more than one piece");
});

test("echo repeats the prompt, and a prompt in tokens reaches the worker as tokens", async () => {
  await using app = await startTestRouter();
  using worker = await connectFakeWorker(app);
  const echoed = createClient(app).completions.create({ ...once, echo: true });
  (await worker.nextJob()).answer(" upon");
  assert.equal((await echoed).choices[0]?.text, "Once upon");
  const counted = createClient(app).completions.create({ ...once, prompt: [5, 6, 7] });
  const job = await worker.nextJob();
  assert.deepEqual(job.request.completion, { prompt: [5, 6, 7] });
  job.answer("x");
  assert.equal((await counted).choices[0]?.text, "x");
});

test("several prompts are several choices by index, whole and streamed, with a usage row each", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "auxot-completions-"));
  {
    await using app = await startTestRouter({ dataDir });
    using worker = await connectFakeWorker(app);
    const prompt = ["A", "B"];
    for (const stream of [false, true]) {
      const answer = createClient(app).completions.create({ ...once, prompt, stream, echo: true });
      for (const text of prompt) {
        const job = await worker.nextJob();
        assert.equal(job.request.completion?.prompt, text);
        job.answer(`${text.toLowerCase()}!`);
      }
      const texts = ["", ""];
      const came = await answer;
      const parts = "choices" in came ? [came] : came;
      for await (const part of parts) for (const { index, text } of part.choices) texts[index] += text;
      assert.deepEqual(texts, ["Aa!", "Bb!"]);
      if ("choices" in came) assert.equal(came.usage?.total_tokens, 20);
    }
  }
  const rows = await readUsageRows(dataDir);
  await rm(dataDir, { recursive: true, force: true });
  assert.deepEqual(
    rows.map((row) => [row["dialect"], row["outcome"], Number(row["input_tokens"])]),
    Array.from({ length: 4 }, () => ["openai-completions", "ok", someUsage.inputTokens]),
  );
});

test("the second of several prompts that fails is an error in the stream, and no end follows it", async () => {
  await using app = await startTestRouter();
  using worker = await connectFakeWorker(app);
  for (const begun of [false, true]) {
    const answer = app.post(path, { ...once, prompt: ["A", "B"], stream: true });
    (await worker.nextJob()).answer("fine");
    const job = await worker.nextJob();
    if (begun) job.send({ type: "text-start", index: 0 }, { type: "text-delta", index: 0, text: "half" });
    job.done({ code: "invalid_request", message: "No more." });
    const text = await (await answer).text();
    assert.match(text, /"text":"fine","index":0/);
    assert.match(text, /data: \{"error":\{"message":"No more\."[^\n]*\n\n$/);
    assert.doesNotMatch(text, /\[DONE\]/);
  }
});

test("a cloud provider of OpenAI's kind gets the bytes at /completions, and its answer passes byte for byte", async () => {
  for (const dialect of ["openai-chat", "openai-responses"] as const) {
    await using cloud = await startFakeCloud(answerCompletion);
    await using app = await startTestRouter({ providers: [cloud.provider({ dialect })] });
    const body = `{"model":"auto", "prompt":"Once","suffix":"end", "logit_bias":{"5":1.0}}`;
    const whole = await app.post(path, body);
    assert.match(await whole.text(), /^\{ "id":"cmpl-up", "choices"/);
    assert.equal(whole.headers.get("x-auxot-warnings"), null);
    assert.equal(cloud.requests[0]?.path, "/v1/completions");
    assert.equal(cloud.requests[0]?.body, body.replace('"auto"', '"cloud-model"'));
    const streamed = await app.post(path, { ...once, stream: true });
    assert.match(await streamed.text(), /^data: \{"id":"cmpl-up".*" upon".*\[DONE\]\n\n$/s);
    // Several prompts cannot pass as they are: each is a request of its own.
    const several = await createClient(app).completions.create({ ...once, prompt: ["A", "B"], max_tokens: 3 });
    assert.deepEqual(
      several.choices.map((choice) => choice.text),
      [" upon a time", " upon a time"],
    );
    const last = JSON.parse(cloud.requests.at(-1)?.body ?? "") as unknown;
    assert.deepEqual(last, { model: "cloud-model", prompt: "B", max_tokens: 3, stream: false });
  }
});

test("a provider that only chats gets the prompt as one message, and a warning says so", async () => {
  await using cloud = await startFakeCloud((request, response) => {
    assert.equal(request.path, "/v1/messages");
    const { messages, max_tokens } = JSON.parse(request.body) as Record<string, unknown>;
    assert.deepEqual([messages, max_tokens], [[{ role: "user", content: [{ type: "text", text: "Once" }] }], 16]);
    response.writeHead(200, { "content-type": "application/json" });
    const content = [{ type: "text", text: "upon a time" }];
    const usage = { input_tokens: 3, output_tokens: 4 };
    response.end(JSON.stringify({ type: "message", role: "assistant", content, stop_reason: "max_tokens", usage }));
  });
  await using app = await startTestRouter({ providers: [cloud.provider({ dialect: "anthropic-messages" })] });
  const response = await app.post(path, once);
  const { choices } = (await response.json()) as { choices: { text: string; finish_reason: string }[] };
  assert.deepEqual([choices[0]?.text, choices[0]?.finish_reason], ["upon a time", "length"]);
  assert.match(response.headers.get("x-auxot-warnings") ?? "", /^prompt: this source only chats/);
  for (const [part, param] of [
    [{ suffix: "end" }, "suffix"],
    [{ prompt: [1, 2] }, "prompt"],
  ] as const) {
    const refused = await app.post(path, { ...once, ...part });
    const { error } = (await refused.json()) as { error: { param: string } };
    assert.deepEqual([refused.status, error.param], [400, param]);
  }
});

test("a suffix goes to the model that can fill a gap, else it is refused by name", async () => {
  await using app = await startTestRouter();
  using _worker = await connectFakeWorker(app);
  const refused = await app.post(path, { ...once, suffix: "end" });
  const { error } = (await refused.json()) as { error: { param: string; message: string } };
  assert.deepEqual([refused.status, error.param], [400, "suffix"]);
  assert.match(error.message, /cannot fill a gap/);
  const coder = { ...fakeOffer, model: "coder", aliases: [], abilities: { ...fakeOffer.abilities, infill: true } };
  using other = await connectFakeWorker(app, { offers: [coder], name: "other" });
  const answer = app.post(path, { ...once, suffix: "end" });
  const job = await other.nextJob();
  assert.deepEqual([job.request.model, job.request.completion], ["coder", { prompt: "Once", suffix: "end" }]);
  job.answer("middle");
  assert.equal((await answer).status, 200);
});

test("bad input is refused in OpenAI's envelope with the field's path", async () => {
  await using app = await startTestRouter();
  using _worker = await connectFakeWorker(app);
  const bad: [body: unknown, param: string | null][] = [
    ["{", null],
    ["[]", null],
    [{ prompt: "x" }, "model"],
    [{ model: "auto" }, "prompt"],
    [{ ...once, prompt: Array.from({ length: 33 }, () => "a") }, "prompt"],
    [{ ...once, n: 2 }, "n"],
    [{ ...once, logprobs: 1 }, "logprobs"],
    [{ ...once, max_tokens: "many" }, "max_tokens"],
    [{ ...once, stream: 1 }, "stream"],
  ];
  for (const [body, param] of bad) {
    const response = await app.post(path, body);
    const { error } = (await response.json()) as { error: { param: string | null; type: string } };
    assert.deepEqual([response.status, error.type, error.param], [400, "invalid_request_error", param]);
  }
  assert.equal((await app.get(path)).status, 405);
});

test("the job is cancelled when the caller leaves in the middle of the second prompt", async () => {
  await using app = await startTestRouter();
  using worker = await connectFakeWorker(app);
  const caller = new AbortController();
  const answer = app.post(path, { ...once, prompt: ["A", "B", "C"], stream: true }, { signal: caller.signal });
  (await worker.nextJob()).answer("fine");
  const response = await answer;
  const job = await worker.nextJob();
  caller.abort();
  await assert.rejects(response.text());
  await job.cancelled;
});
