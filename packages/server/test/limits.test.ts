// What callers get when limits are for them: over a whole router, in every dialect.

import assert from "node:assert/strict";
import { test } from "node:test";
import { answerOpenai, startFakeCloud } from "./harness/fake-cloud.ts";
import { connectFakeWorker, embedOffer, fakeOffer } from "./harness/fake-worker.ts";
import { administer, setLimit, waitForUse } from "./harness/limits.ts";
import { startTestRouter } from "./harness/router.ts";

type Envelope = {
  readonly error: { readonly type: string; readonly code?: string; readonly message: string };
  readonly request_id?: string;
};

const hello = { model: "auto", max_tokens: 100, messages: [{ role: "user", content: "Hi" }] };
const paths = ["/v1/chat/completions", "/v1/messages", "/v1/responses", "/v1/completions", "/v1/embeddings"] as const;
const bodies = {
  "/v1/chat/completions": hello,
  "/v1/messages": hello,
  "/v1/responses": { model: "auto", max_output_tokens: 100, input: "Hi", store: false },
  "/v1/completions": { model: "auto", max_tokens: 100, prompt: "Hi" },
  "/v1/embeddings": { model: "auto", input: "Hi" },
} as const;

/** What a request is reserved for in micro-dollars, at the price of models without one. */
function priceOf(body: object, outputTokens: number): number {
  const inputTokens = Math.ceil(JSON.stringify(body).length / 4);
  return Math.ceil(inputTokens * 15 + outputTokens * 75);
}

test("of 50 requests at once with money for 5, five are answered, the admin key being no exception", async () => {
  const held = Promise.withResolvers<void>();
  await using cloud = await startFakeCloud(async (request, response) => {
    await held.promise;
    await answerOpenai(["Hello", " there"])(request, response);
  });
  await using app = await startTestRouter({ providers: [cloud.provider()] });
  const amount = 5 * priceOf(hello, 100);
  const id = await setLimit(app, { measure: "money", window: "day", amount });
  const refused: Response[] = [];
  const asked = Array.from({ length: 50 }, async () => {
    const answer = await app.post("/v1/chat/completions", hello);
    if (answer.status === 429) refused.push(answer);
    // What an answer did not use is there for the next: all must have asked before the first is given.
    if (refused.length === 45) held.resolve();
    return answer;
  });
  const answers = await Promise.all(asked);
  assert.equal(answers.filter(({ status }) => status === 200).length, 5);
  assert.equal(refused.length, 45);
  assert.equal(cloud.requests.length, 5, "the others never reached it");
  const [one = assert.fail("nothing was refused")] = refused;
  const { error } = (await one.json()) as Envelope;
  assert.equal(error.code, "insufficient_quota");
  assert.match(
    error.message,
    /^The budget of this organisation, \$0\.0\d+ a day, .*It begins anew at \d{4}-\d\d-\d\dT00:00:00Z/,
  );
  assert.equal(one.headers.get("x-should-retry"), "false");
  assert.ok(Number(one.headers.get("retry-after")) <= 86_400);
  const used = 5 * Math.ceil(11 * 15 + 2 * 75);
  assert.equal(await waitForUse(app, id, (sum) => sum >= used), used, "what they really cost is spent, no more");
  assert.equal((await app.post("/v1/chat/completions", hello)).status, 200, "there is room again");
});

for (const path of paths) {
  test(`${path}: what is left is told with each answer, and the one too many is refused in the caller's format`, async () => {
    await using app = await startTestRouter();
    using worker = await connectFakeWorker(app, {
      offers: [path === "/v1/embeddings" ? embedOffer : fakeOffer],
      replies: "Hello.",
    });
    void answerEmbeddings(worker, path);
    await setLimit(app, { measure: "requests", window: "minute", amount: 1 });
    await setLimit(app, { measure: "tokens", window: "day", amount: 100_000 });
    await setLimit(app, { measure: "tokens", window: "month", amount: 1_000_000 });
    const first = await app.post(path, bodies[path]);
    assert.equal(first.status, 200, await first.text());
    const second = await app.post(path, bodies[path]);
    assert.equal(second.status, 429);
    const { error } = (await second.json()) as Envelope;
    assert.match(
      error.message,
      /limit of this organisation, 1 request a minute, is reached\. Please try again in \d+s/,
    );
    assert.match(String(second.headers.get("retry-after")), /^(?:[1-5]?\d|60)$/);
    assert.equal(second.headers.get("x-should-retry"), null);
    const isAnthropic = path === "/v1/messages";
    assert.equal(error.type, "rate_limit_error");
    if (!isAnthropic) assert.equal(error.code, "rate_limited");
    for (const { headers } of [first, second]) {
      const read = (name: string): string | null => headers.get(name);
      if (isAnthropic) {
        assert.equal(read("anthropic-ratelimit-requests-limit"), "1");
        assert.equal(read("anthropic-ratelimit-requests-remaining"), "0");
        assert.match(String(read("anthropic-ratelimit-requests-reset")), /^\d{4}-.*Z$/);
        assert.equal(read("anthropic-ratelimit-tokens-limit"), "100000");
      } else {
        assert.equal(read("x-ratelimit-limit-requests"), "1");
        assert.equal(read("x-ratelimit-remaining-requests"), "0");
        assert.match(String(read("x-ratelimit-reset-requests")), /^(?:\d+s|1m[01]s)$/);
        assert.equal(read("x-ratelimit-limit-tokens"), "100000");
        assert.ok(Number(read("x-ratelimit-remaining-tokens")) > 99_000);
      }
    }
  });
}

async function answerEmbeddings(worker: Awaited<ReturnType<typeof connectFakeWorker>>, path: string): Promise<void> {
  if (path !== "/v1/embeddings") return;
  const job = await worker.nextEmbedJob();
  job.send([0.5, 0.5]);
  job.done();
}

test("whoever has limits here is told of these and not of the vendor's, with errors too; others get the vendor's", async () => {
  await using cloud = await startFakeCloud((request, response) => {
    response.setHeader("x-ratelimit-remaining-requests", "4711");
    response.setHeader("x-ratelimit-limit-project-tokens", "4712");
    if (request.body.includes("refuse")) {
      response.writeHead(400, { "content-type": "application/json" });
      response.end(JSON.stringify({ error: { message: "no", type: "invalid_request_error", code: null } }));
    } else return answerOpenai(["Hi"])(request, response);
  });
  await using app = await startTestRouter({ providers: [cloud.provider()] });
  const ask = async (content: string) =>
    (await app.post("/v1/chat/completions", { ...hello, messages: [{ role: "user", content }] })).headers;
  assert.equal((await ask("Hi")).get("x-ratelimit-remaining-requests"), "4711");
  await setLimit(app, { measure: "requests", window: "minute", amount: 10 });
  for (const headers of [await ask("Hi"), await ask("refuse")]) {
    assert.match(String(headers.get("x-ratelimit-remaining-requests")), /^[89]$/);
    assert.equal(headers.get("x-ratelimit-limit-project-tokens"), null);
  }
});

test("a limit that warns lets everything through and says so", async () => {
  await using app = await startTestRouter();
  using _ = await connectFakeWorker(app, { replies: "Hello." });
  await setLimit(app, { measure: "requests", window: "day", amount: 1, action: "warn" });
  assert.equal((await app.post("/v1/messages", hello)).headers.get("x-auxot-warnings"), null);
  const second = await app.post("/v1/messages", hello);
  assert.equal(second.status, 200);
  assert.equal(second.headers.get("x-auxot-warnings"), "The budget of this organisation, 1 request a day, is reached.");
});

test("a budget for clouds that is used up leaves requests to workers, and is told where there is none", async () => {
  await using cloud = await startFakeCloud(answerOpenai(["From the cloud."]));
  await using app = await startTestRouter({ providers: [cloud.provider()] });
  await setLimit(app, { measure: "money", window: "month", amount: 0, action: "local-only" });
  using _ = await connectFakeWorker(app, { replies: "From the GPU.", offers: [{ ...fakeOffer, slots: 1 }] });
  const local = await app.post("/v1/chat/completions", hello);
  assert.match(String(local.headers.get("x-auxot-route")), /^tier=gpu/);
  assert.match(
    String(local.headers.get("x-auxot-warnings")),
    /^The budget of this organisation, \$0\.00 a month, is reached: no cloud is asked until \d{4}-\d\d-01T00:00:00Z\.$/,
  );
  const remote = await app.post("/v1/messages", { ...hello, model: "cloud-model" });
  assert.equal(remote.status, 429);
  assert.match(
    ((await remote.json()) as Envelope).error.message,
    /budget of this organisation, \$0\.00 a month, is used up/,
  );
  assert.equal(cloud.requests.length, 0);
});

test("a limit for one model leaves the others, and counts only what that model answers", async () => {
  await using cloud = await startFakeCloud(answerOpenai(["Hi"]));
  await using app = await startTestRouter({ providers: [cloud.provider({ models: ["dear", "cheap"] })] });
  const id = await setLimit(app, { measure: "requests", window: "day", amount: 1, model: "cloud/dear*" });
  assert.equal((await app.post("/v1/chat/completions", { ...hello, model: "cheap" })).status, 200);
  assert.equal((await app.post("/v1/chat/completions", { ...hello, model: "dear" })).status, 200);
  await waitForUse(app, id, (used) => used === 1);
  const other = await app.post("/v1/chat/completions", hello);
  assert.match(String(other.headers.get("x-auxot-route")), /model=cheap/);
  assert.equal((await app.post("/v1/chat/completions", { ...hello, model: "dear" })).status, 429);
});

test("a throttled request waits for its turn, in order, and one who leaves makes room for the next", async () => {
  await using app = await startTestRouter();
  using worker = await connectFakeWorker(app, { offers: [{ ...fakeOffer, slots: 4 }] });
  await setLimit(app, { measure: "concurrency", amount: 1, action: "throttle" });
  const ask = (content: string, signal?: AbortSignal) =>
    app.post(
      "/v1/chat/completions",
      { ...hello, messages: [{ role: "user", content }] },
      signal === undefined ? {} : { signal },
    );
  const first = ask("one");
  const job = await worker.nextJob();
  const leaver = new AbortController();
  const left = assert.rejects(ask("two", leaver.signal));
  const third = ask("three");
  leaver.abort();
  await left;
  assert.equal(worker.frames.filter(({ type }) => type === "job-start").length, 1);
  job.answer("first");
  assert.equal((await first).status, 200);
  const next = await worker.nextJob();
  assert.equal(JSON.stringify(next.request.messages).includes("three"), true);
  next.answer("third");
  assert.equal((await third).status, 200);
});

test("who waits in vain for its turn is told when to come back", async () => {
  await using app = await startTestRouter({ limits: { queueWaitMs: 50 } });
  using worker = await connectFakeWorker(app, { offers: [{ ...fakeOffer, slots: 4 }] });
  await setLimit(app, { measure: "concurrency", amount: 1, action: "throttle" });
  const first = app.post("/v1/chat/completions", hello);
  const job = await worker.nextJob();
  const second = await app.post("/v1/chat/completions", hello);
  assert.equal(second.status, 429);
  assert.match(
    ((await second.json()) as Envelope).error.message,
    /1 request at once, is reached\. Please try again in 1s/,
  );
  job.answer("done");
  assert.equal((await first).status, 200);
});

test("a request that alone is over a minute's limit is told to be shorter, and is not tried again by clients", async () => {
  await using app = await startTestRouter();
  using _ = await connectFakeWorker(app, { replies: "Hello." });
  await setLimit(app, { measure: "tokens", window: "minute", amount: 50, action: "throttle" });
  const refused = await app.post("/v1/chat/completions", hello);
  assert.equal(refused.status, 429);
  assert.match(((await refused.json()) as Envelope).error.message, /This request alone is over .*max_tokens/);
  assert.equal(refused.headers.get("x-should-retry"), "false");
  assert.equal((await app.post("/v1/chat/completions", { ...hello, max_tokens: 5 })).status, 200);
});

test("a stream that costs more than was reserved goes on to its end, is counted whole, and nothing more is let in", async () => {
  const pieces = Array.from({ length: 5000 }, () => "word ");
  await using cloud = await startFakeCloud(answerOpenai(pieces));
  await using app = await startTestRouter({ providers: [cloud.provider()] });
  const { max_tokens: _, ...unbounded } = hello;
  const id = await setLimit(app, { measure: "tokens", window: "day", amount: 4500 });
  const answer = await app.post("/v1/chat/completions", { ...unbounded, stream: true });
  assert.match(await answer.text(), /\[DONE\]\n\n$/);
  assert.equal(await waitForUse(app, id, (used) => used > 0), 5011);
  const { body } = await administer(app, "GET", `/api/limit-status?id=${id}`);
  assert.equal((body["limits"] as readonly { remaining: number }[])[0]?.remaining, 0, "never below nothing");
  assert.equal((await app.post("/v1/chat/completions", hello)).status, 429);
});

test("what was reserved for a caller who left, or for a source that failed, is settled once", async () => {
  await using cloud = await startFakeCloud((_request, response) => void response.writeHead(500).end("broken"));
  await using app = await startTestRouter({ providers: [cloud.provider()] });
  using worker = await connectFakeWorker(app);
  const id = await setLimit(app, { measure: "tokens", window: "day", amount: 150 });
  const caller = new AbortController();
  const body = { ...hello, model: "fake-model" };
  const answer = app.post("/v1/chat/completions", { ...body, stream: true }, { signal: caller.signal });
  const job = await worker.nextJob();
  job.send({ type: "start" }, { type: "text-start", index: 0 }, { type: "text-delta", index: 0, text: "twelve chars" });
  const reader = (await answer).body?.getReader();
  await reader?.read();
  caller.abort();
  await job.cancelled;
  job.done();
  // The half answer is estimated: 3 tokens of it, and the prompt's.
  const used = await waitForUse(app, id, (sum) => sum > 0);
  assert.ok(used <= 10, String(used));
  assert.equal((await app.post("/v1/chat/completions", { ...hello, model: "cloud-model" })).status, 502);
  const last = app.post("/v1/chat/completions", body);
  (await worker.nextJob()).answer("all of it was free again");
  assert.equal((await last).status, 200);
});
