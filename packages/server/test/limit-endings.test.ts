// However requests end, in whatever mix: nothing stays reserved, and limits, rows and sums say the same.

import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { test } from "node:test";
import { answerOpenai, openaiStream, startFakeCloud, type CloudRequest } from "./harness/fake-cloud.ts";
import { connectFakeWorker, fakeOffer, type FakeJob, type FakeWorker } from "./harness/fake-worker.ts";
import { administer, setLimit, waitForUse } from "./harness/limits.ts";
import { startTestRouter, type TestRouter } from "./harness/router.ts";

/** What the request's text asks its source to do; "leave" is the caller's own doing. */
const cloudEndings = ["answer", "answer", "refuse", "fail", "reset", "cut", "silent", "half"] as const;
const workerEndings = ["answer", "fail", "cut", "silent", "half", "park"] as const;
type Ending = (typeof cloudEndings)[number] | (typeof workerEndings)[number];
const isLeft = (ending: Ending): boolean => ending === "silent" || ending === "half";

type Plan = {
  readonly id: string;
  readonly ending: Ending;
  readonly model: string;
  readonly path: string;
  readonly stream: boolean;
};

/** The same numbers for the same seed. */
function createRandom(seed: number): <Item>(items: readonly [Item, ...Item[]]) => Item {
  let state = seed;
  return ([first, ...rest]) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return [first, ...rest][Math.floor((state / 2 ** 32) * (rest.length + 1))] ?? first;
  };
}

/** By the ids of requests: told when a source has them. */
const arrivals = new Map<string, () => void>();

/** Reads what a source shall do off a request that reached it. */
function findEnding(text: string): Ending {
  const [, id = "", ending] = /id=(\S+) ending=(\w+)/.exec(text) ?? [];
  arrivals.get(id)?.();
  return ending as Ending;
}

function answerCloud(request: CloudRequest, response: ServerResponse): void {
  const { stream, model } = JSON.parse(request.body) as { readonly stream?: boolean; readonly model: string };
  const ending = findEnding(request.body);
  switch (ending) {
    case "refuse":
      return void response.writeHead(400, { "content-type": "application/json" }).end('{"error":{"message":"no"}}');
    case "fail":
      return void response.writeHead(500).end();
    case "reset":
      return void response.destroy();
    case "silent":
      return;
    case "cut":
    case "half": {
      if (stream !== true) return void (ending === "cut" && response.destroy());
      response.writeHead(200, { "content-type": "text/event-stream" });
      const whole = openaiStream(model, ["some ", "words ", "that ", "come"]);
      response.write(whole.slice(0, whole.indexOf("that")));
      return void (ending === "cut" && setImmediate(() => response.destroy()));
    }
    default:
      return void answerOpenai(["Hello", " there"])(request, response);
  }
}

async function serveJobs(worker: FakeWorker, count: number): Promise<void> {
  for (let at = 0; at < count; at++) void serveJob(await worker.nextJob());
}

async function serveJob(job: FakeJob): Promise<void> {
  const ending = findEnding(JSON.stringify(job.request));
  if (ending === "answer") return job.answer("Hello there");
  if (ending === "park") return job.park("call_1");
  if (ending === "fail") return job.done({ code: "invalid_request", message: "It does not like it." });
  if (ending !== "silent")
    job.send({ type: "text-start", index: 0 }, { type: "text-delta", index: 0, text: "some words" });
  if (ending === "cut") return job.done({ code: "invalid_request", message: "It broke." });
  await job.cancelled;
  job.done();
}

function writeBody({ id, path, model, stream, ending }: Plan): object {
  const text = `Please, id=${id} ending=${ending}, and some more words.`;
  if (path === "/v1/responses") return { model, stream, max_output_tokens: 50, input: text, store: false };
  if (path === "/v1/completions") return { model, stream, max_tokens: 50, prompt: text };
  return { model, stream, max_tokens: 50, messages: [{ role: "user", content: text }] };
}

async function ask(app: TestRouter, plan: Plan): Promise<void> {
  const caller = new AbortController();
  const arrived = Promise.withResolvers<void>();
  arrivals.set(plan.id, arrived.resolve);
  const answer = app.post(plan.path, writeBody(plan), { signal: caller.signal });
  if (!isLeft(plan.ending)) return void (await (await answer).text().catch(() => ""));
  // What is not streamed shows nothing before its end. It may also be refused before any source has it.
  const isShown = plan.stream && plan.ending === "half";
  if (isShown) await (await answer).body?.getReader().read();
  else await Promise.race([answer, arrived.promise]);
  caller.abort();
  await answer.catch(() => undefined);
}

type Row = Readonly<Record<string, string | number | null>>;

async function readRows(app: TestRouter, count: number): Promise<readonly Row[]> {
  for (;;) {
    const { body } = await administer(app, "GET", "/api/usage/records?limit=200");
    const rows = body["items"] as readonly Row[];
    if (rows.length >= count) return rows;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function add(rows: readonly Row[], ...names: readonly string[]): number {
  return rows.reduce((sum, row) => sum + names.reduce((part, name) => part + Number(row[name] ?? 0), 0), 0);
}

for (const seed of [1, 20, 300]) {
  test(`nothing leaks and all books agree after a mix of endings (seed ${seed})`, { timeout: 60_000 }, async () => {
    const pick = createRandom(seed);
    await using cloud = await startFakeCloud(answerCloud);
    const providers = [
      cloud.provider({ models: ["cheap"] }),
      cloud.provider({ name: "dear", models: ["dear", "cheap"] }),
    ];
    await using app = await startTestRouter({ providers });
    using worker = await connectFakeWorker(app, { offers: [{ ...fakeOffer, slots: 4 }] });
    const rates = { effectiveFrom: "2026-01-01T00:00:00Z", inputMicroUsd: 3_000_000, outputMicroUsd: 15_000_000 };
    for (const [provider, requestMicroUsd] of [
      ["cloud", 7],
      ["dear", 1000],
    ] as const) {
      const price = { ...rates, model: "*", provider, requestMicroUsd };
      assert.equal((await administer(app, "POST", "/api/prices", price)).status, 200);
    }
    const limits = {
      requests: await setLimit(app, { measure: "requests", window: "day", amount: 1_000_000 }),
      tokens: await setLimit(app, { measure: "tokens", window: "month", amount: 1_000_000_000 }),
      money: await setLimit(app, { measure: "money", window: "week", amount: 1_000_000_000 }),
      dear: await setLimit(app, { measure: "money", window: "day", amount: 1_000_000_000, model: "dear/*" }),
      running: await setLimit(app, { measure: "concurrency", amount: 100 }),
    };
    const plans = Array.from({ length: 60 }, (_, at): Plan => {
      const model = pick(["cheap", "dear", fakeOffer.model]);
      const ending = model === fakeOffer.model ? pick(workerEndings) : pick(cloudEndings);
      const path = pick(["/v1/chat/completions", "/v1/messages", "/v1/responses", "/v1/completions"]);
      return { id: `${seed}-${at}`, ending, model, path, stream: pick([true, false]) };
    });
    void serveJobs(worker, plans.length);
    for (let at = 0; at < plans.length; at += 6)
      await Promise.all(plans.slice(at, at + 6).map((plan) => ask(app, plan)));

    const rows = await readRows(app, plans.length);
    assert.equal(rows.length, plans.length, "one row for each request");
    const asked = rows.filter(({ provider }) => provider !== null);
    const expected = {
      running: 0,
      requests: asked.length,
      tokens: add(rows, "inputTokens", "outputTokens"),
      money: add(rows, "costMicroUsd"),
      dear: add(
        rows.filter(({ provider }) => provider === "dear"),
        "costMicroUsd",
      ),
    };
    for (const [name, used] of Object.entries(expected)) {
      const id = limits[name as keyof typeof limits];
      // Spending is written down a moment later; when it is never right this tells what it is.
      const until = performance.now() + 5000;
      assert.equal(await waitForUse(app, id, (found) => found === used || performance.now() > until), used, name);
    }
    const { totals } = (await administer(app, "GET", "/api/usage")).body as { readonly totals: Row };
    assert.equal(totals["requests"], plans.length);
    assert.equal(Number(totals["inputTokens"]) + Number(totals["outputTokens"]), expected.tokens);
    assert.equal(totals["costMicroUsd"], expected.money);
    assert.ok(asked.length > plans.length / 2 && expected.money > 0 && expected.dear > 0, "the mix was one");
  });
}
