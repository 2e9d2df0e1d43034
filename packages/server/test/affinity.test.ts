// Conversations that stay with the worker that has them in hand: parked tool calls, and sessions with warm caches.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { ModelOffer } from "@auxot/wire/model-offer";
import { answerOpenai, startFakeCloud } from "./harness/fake-cloud.ts";
import { connectFakeWorker, fakeOffer, type FakeWorker } from "./harness/fake-worker.ts";
import { startTestRouter, type TestRouter } from "./harness/router.ts";

const sonnet: ModelOffer = { ...fakeOffer, model: "sonnet", aliases: [] };
const parameters = { type: "object", properties: {} };

/** The first request of a tool loop and the one that brings the result, in each format. */
const loops = {
  "/v1/chat/completions": (id: string) => {
    const tools = [{ type: "function", function: { name: "look", parameters } }];
    const user = { role: "user", content: "Hi" };
    const call = { id, type: "function", function: { name: "look", arguments: "{}" } };
    const results = [
      { role: "assistant", content: null, tool_calls: [call] },
      { role: "tool", tool_call_id: id, content: "a tree" },
    ];
    return [
      { tools, messages: [user] },
      { tools, messages: [user, ...results] },
    ];
  },
  "/v1/messages": (id: string) => {
    const ask = { max_tokens: 50, tools: [{ name: "look", input_schema: parameters }] };
    const user = { role: "user", content: "Hi" };
    const result = { type: "tool_result", tool_use_id: id, content: "a tree" };
    const results = [
      { role: "assistant", content: [{ type: "tool_use", id, name: "look", input: {} }] },
      { role: "user", content: [result, { type: "text", text: "<system-reminder>be nice</system-reminder>" }] },
    ];
    return [
      { ...ask, messages: [user] },
      { ...ask, messages: [user, ...results] },
    ];
  },
  "/v1/responses": (id: string) => {
    const tools = [{ type: "function", name: "look", parameters }];
    const call = { type: "function_call", call_id: id, name: "look", arguments: "{}" };
    const results = [call, { type: "function_call_output", call_id: id, output: "a tree" }];
    const user = { role: "user", content: "Hi" };
    return [
      { tools, input: [user] },
      { tools, input: [user, ...results] },
    ];
  },
} as const;
type Path = keyof typeof loops;

/** Begins a tool loop on the only worker there is, which parks it; gives the request that brings the result. */
async function beginLoop(app: TestRouter, worker: FakeWorker, id: string, path: Path = "/v1/chat/completions") {
  const [first, second] = loops[path](id);
  const called = app.post(path, { ...first, model: "auto" });
  (await worker.nextJob()).park(id);
  assert.match(await (await called).text(), new RegExp(id));
  return (model = "auto", key = app.key): Promise<Response> => app.post(path, { ...second, model }, { key });
}

const routeOf = (response: Response): string => response.headers.get("x-auxot-route") ?? "";

async function connectCli(app: TestRouter, name: string, offer: Partial<ModelOffer> = {}, replies?: string) {
  const key = await app.createWorkerKey("cli");
  const offers = [{ ...sonnet, ...offer }];
  return connectFakeWorker(key, { kind: "cli", name, offers, ...(replies === undefined ? {} : { replies }) });
}

for (const path of Object.keys(loops) as Path[]) {
  test(`tool results go back to the worker that waits for them, and a GPU that came free does not take over: ${path}`, async () => {
    await using app = await startTestRouter();
    using holder = await connectCli(app, "holder", { load: 0.9 });
    const bringResult = await beginLoop(app, holder, "toolu_1", path);
    using _fresher = await connectCli(app, "fresher", { load: 0.1 }, "not me");
    using _gpu = await connectFakeWorker(app, { replies: "nor me" });
    const answer = bringResult();
    (await holder.nextJob()).answer("a tree, then");
    const response = await answer;
    assert.match(routeOf(response), /^tier=cli; provider=cli; worker=holder; model=sonnet; tries=1$/);
    assert.match(await response.text(), /tree/);
    assert.match(routeOf(await bringResult()), /tier=gpu/, "nobody waits for the results a second time");
  });
}

test("a parked worker asked for by its model's name gets its results among others of that model", async () => {
  await using app = await startTestRouter();
  using holder = await connectCli(app, "holder", { load: 0.9 });
  const bringResult = await beginLoop(app, holder, "toolu_1");
  using _fresher = await connectCli(app, "fresher", { load: 0.1 }, "not me");
  const answer = bringResult("cli/sonnet");
  (await holder.nextJob()).answer("ok");
  assert.match(routeOf(await answer), /worker=holder/);
});

test("results of another caller, with the same ids, do not reach the process that waits", async () => {
  await using app = await startTestRouter();
  using holder = await connectCli(app, "holder", { load: 0.9 });
  const bringResult = await beginLoop(app, holder, "toolu_1");
  using _fresher = await connectCli(app, "fresher", { load: 0.1 }, "me");
  const made = (await (await app.post("/api/keys", { name: "another app" })).json()) as { key: string };
  assert.match(routeOf(await bringResult("auto", made.key)), /worker=fresher/);
  const own = bringResult();
  (await holder.nextJob()).answer("ok");
  assert.match(routeOf(await own), /worker=holder/, "and whose they are still reaches it");
});

test("a parked worker that is busy is waited for a moment although others are free", async () => {
  await using app = await startTestRouter();
  using holder = await connectCli(app, "holder");
  const bringResult = await beginLoop(app, holder, "toolu_1");
  const other = app.post("/v1/chat/completions", { model: "sonnet", messages: [{ role: "user", content: "Hi" }] });
  const job = await holder.nextJob();
  using _gpu = await connectFakeWorker(app, { replies: "not me" });
  const answer = bringResult();
  await app.get("/api/health");
  job.answer("done");
  (await holder.nextJob()).answer("ok");
  assert.match(routeOf(await answer), /worker=holder; model=sonnet; tries=1$/);
  await other;
});

test("a parked worker that stays busy keeps nobody waiting: the next source answers, and it counts as one try", async () => {
  await using cloud = await startFakeCloud(answerOpenai(["cloud"]));
  await using app = await startTestRouter({ providers: [cloud.provider()] });
  using holder = await connectCli(app, "holder");
  const bringResult = await beginLoop(app, holder, "toolu_1");
  const other = app.post("/v1/chat/completions", { model: "sonnet", messages: [{ role: "user", content: "Hi" }] });
  const job = await holder.nextJob();
  assert.match(routeOf(await bringResult()), /^tier=cloud; .*tries=1$/);
  job.answer("done");
  await other;
});

test("a busy parked worker's provider has another worker: that one answers before another tier does", async () => {
  await using app = await startTestRouter();
  using holder = await connectCli(app, "holder");
  const bringResult = await beginLoop(app, holder, "toolu_1");
  const other = app.post("/v1/chat/completions", { model: "sonnet", messages: [{ role: "user", content: "Hi" }] });
  const job = await holder.nextJob();
  using _second = await connectCli(app, "second", {}, "with the history");
  using _gpu = await connectFakeWorker(app, { replies: "not me" });
  assert.match(routeOf(await bringResult()), /worker=second; model=sonnet; tries=1$/);
  job.answer("done");
  await other;
});

test("a parked worker that drained, rests or left is not waited for", async () => {
  await using app = await startTestRouter();
  for (const leave of [
    (worker: FakeWorker) => worker.send({ type: "drain" }),
    (worker: FakeWorker) =>
      worker.send({ type: "offers", offers: [{ ...sonnet, restsUntil: Date.now() + 60_000, load: 1 }] }),
    (worker: FakeWorker) => worker.kill(),
  ]) {
    using holder = await connectCli(app, "holder");
    const bringResult = await beginLoop(app, holder, "toolu_1");
    leave(holder);
    using _gpu = await connectFakeWorker(app, { replies: "me" });
    const startedAt = performance.now();
    assert.match(routeOf(await bringResult()), /tier=gpu/);
    assert.ok(performance.now() - startedAt < 1900, "it did not wait");
  }
});

const hello = { model: "fake-model", max_tokens: 5, messages: [{ role: "user", content: "Hi" }] };
const id = "0b25ee42-c5a0-4d24-9a1e-6c1cbd9b2ecd";
const namings: readonly (readonly [string, Path, object, Readonly<Record<string, string>>])[] = [
  ["Claude Code's header", "/v1/messages", {}, { "x-claude-code-session-id": id }],
  ["Claude Code's user id", "/v1/messages", { metadata: { user_id: `user_a_account_b_session_${id}` } }, {}],
  [
    "its newer user id",
    "/v1/messages",
    { metadata: { user_id: JSON.stringify({ device_id: "d", session_id: id }) } },
    {},
  ],
  ["Codex's header", "/v1/chat/completions", {}, { session_id: id }],
  ["Codex's newer header", "/v1/chat/completions", {}, { "session-id": id }],
  ["a thread", "/v1/chat/completions", {}, { "thread-id": id }],
  ["a session", "/v1/chat/completions", {}, { "x-session-id": id }],
  ["an affinity", "/v1/chat/completions", {}, { "x-session-affinity": id }],
  ["the cache key of a chat", "/v1/chat/completions", { prompt_cache_key: id }, {}],
];

test("a session stays with its worker while that has a free slot, however the caller names it", async (t) => {
  await using app = await startTestRouter();
  for (const [what, path, fields, headers] of namings) {
    await t.test(what, async () => {
      const ask = async (): Promise<string> => routeOf(await app.post(path, { ...hello, ...fields }, { headers }));
      using first = await connectFakeWorker(app, { name: "first", offers: [{ ...fakeOffer, load: 0.9 }] });
      const begun = ask();
      (await first.nextJob()).answer("one");
      assert.match(await begun, /worker=first/);
      using second = await connectFakeWorker(app, { name: "second", offers: [fakeOffer], replies: "two" });
      const again = ask();
      const job = await first.nextJob();
      assert.match(await ask(), /worker=second/, "busy: another worker answers at once");
      job.answer("one");
      assert.match(await again, /worker=first/);
      assert.match(await ask(), /worker=second/, "the session is where its last request was");
      assert.match(routeOf(await app.post(path, hello)), /worker=second/, "without a name the less loaded one");
      second.kill();
      await second.closed;
      const last = ask();
      (await first.nextJob()).answer("one");
      assert.match(await last, /worker=first/, "and elsewhere when that left");
    });
    // Its workers are gone before the next ones come.
    while (((await (await app.get("/api/workers")).json()) as { items: unknown[] }).items.length > 0);
  }
});

test("a session does not keep auto from a better tier, and other sessions go where there is most room", async () => {
  await using app = await startTestRouter();
  using cli = await connectCli(app, "cli", {}, "cli");
  const ask = async (session: string): Promise<string> =>
    routeOf(await app.post("/v1/chat/completions", { ...hello, model: "auto" }, { headers: { session_id: session } }));
  assert.match(await ask("one"), /tier=cli/);
  using _gpu = await connectFakeWorker(app, { replies: "gpu" });
  assert.match(await ask("one"), /tier=gpu/);
  assert.match(await ask("two"), /tier=gpu/);
  assert.equal(cli.frames.filter(({ type }) => type === "job-start").length, 1);
});

test("names of sessions stay here unless the passthrough lane knows them", async () => {
  await using cloud = await startFakeCloud(answerOpenai(["cloud"]));
  await using app = await startTestRouter({ providers: [cloud.provider()] });
  const headers = { "x-session-affinity": "mine", session_id: "yours" };
  await app.post("/v1/chat/completions", { ...hello, model: "cloud-model" }, { headers });
  assert.equal(cloud.requests[0]?.headers["x-session-affinity"], undefined);
  assert.equal(cloud.requests[0]?.headers["session_id"], "yours");
});
