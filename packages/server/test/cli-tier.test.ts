// Workers of the CLI tier as callers see them: keys, names, the order of tiers, limits.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { ModelOffer } from "@auxot/wire/model-offer";
import { answerOpenai, startFakeCloud } from "./harness/fake-cloud.ts";
import { connectFakeWorker, fakeOffer } from "./harness/fake-worker.ts";
import { startTestRouter, type TestRouter } from "./harness/router.ts";
import { readUsageRows } from "./harness/usage-rows.ts";

const hello = { model: "auto", messages: [{ role: "user", content: "Hi" }] };
const sonnet: ModelOffer = { ...fakeOffer, model: "claude-code/sonnet", aliases: ["sonnet"], slots: 2 };

async function ask(app: TestRouter, model = "auto"): Promise<{ route: string; status: number; text: string }> {
  const response = await app.post("/v1/chat/completions", { ...hello, model });
  return {
    route: response.headers.get("x-auxot-route") ?? "",
    status: response.status,
    text: await response.text(),
  };
}

test("a CLI worker needs no configuration: a key of the provider cli is enough, and kinds are not mixed up", async () => {
  await using app = await startTestRouter();
  const cli = await app.createWorkerKey("cli");
  using _worker = await connectFakeWorker(cli, { kind: "cli", offers: [sonnet] });
  await assert.rejects(
    connectFakeWorker(app, { kind: "cli" }),
    /belongs to the gpu provider "gpu", but the worker is a cli worker\. .* --worker --provider cli/,
  );
  await assert.rejects(
    connectFakeWorker(cli, { kind: "gpu" }),
    /belongs to the cli provider "cli", but the worker is a gpu worker\. .* --worker --provider gpu/,
  );
});

test("a declared CLI provider has workers of its own, asked for by its name", async () => {
  await using app = await startTestRouter({ providers: [{ name: "claude-code", kind: "cli" }] });
  using _one = await connectFakeWorker(await app.createWorkerKey("claude-code"), {
    kind: "cli",
    offers: [{ ...sonnet, model: "sonnet", aliases: [] }],
    replies: "ok",
  });
  assert.match(
    (await ask(app, "claude-code/sonnet")).route,
    /^tier=cli; provider=claude-code; .*model=sonnet; tries=1/,
  );
});

test("auto goes GPU, CLI, cloud; a name with a slash is the model's own or its provider's; rows and lists say the tier", async () => {
  await using cloud = await startFakeCloud(answerOpenai(["cloud"]));
  let dataDir = "";
  const routes: string[] = [];
  {
    await using app = await startTestRouter({ providers: [cloud.provider()] });
    dataDir = app.dataDir;
    const key = await app.createWorkerKey("cli");
    {
      using _cli = await connectFakeWorker(key, { kind: "cli", name: "desk", offers: [sonnet], replies: "cli" });
      {
        using _gpu = await connectFakeWorker(app, { replies: "gpu" });
        routes.push((await ask(app)).route);
        for (const model of ["claude-code/sonnet", "cli/claude-code/sonnet", "sonnet", "cli/sonnet"])
          assert.match(
            (await ask(app, model)).route,
            /^tier=cli; provider=cli; worker=desk; model=claude-code\/sonnet;/,
          );
        const models = (await (await app.get("/v1/models/claude-code/sonnet")).json()) as { auxot: { tier: string } };
        assert.equal(models.auxot.tier, "cli");
        const { items: workers } = (await (await app.get("/api/workers")).json()) as { items: { kind: string }[] };
        assert.deepEqual(workers.map(({ kind }) => kind).toSorted(), ["cli", "gpu"]);
      }
      while (/tier=gpu/.test((await ask(app)).route));
      routes.push((await ask(app)).route);
    }
    while (/tier=cli/.test((await ask(app)).route));
    routes.push((await ask(app)).route);
    assert.deepEqual(
      routes.map((route) => /tier=(\w+)/.exec(route)?.[1]),
      ["gpu", "cli", "cloud"],
    );
    await app.router.stop();
    const tiers = (await readUsageRows(dataDir)).map((row) => row["tier"]);
    assert.deepEqual(tiers.slice(0, 2), ["gpu", "cli"]);
    assert.equal(tiers.at(-1), "cloud");
  }
});

const limit = { code: "rate_limited", message: "The account's limit is reached.", retryAfterMs: 7000 } as const;

test("an account that is overloaded before its first token is not the caller's fault: the next source answers", async () => {
  await using cloud = await startFakeCloud(answerOpenai(["cloud"]));
  await using app = await startTestRouter({ providers: [cloud.provider()] });
  using cli = await connectFakeWorker(await app.createWorkerKey("cli"), { kind: "cli", offers: [sonnet] });
  const moved = ask(app);
  (await cli.nextJob()).done(limit);
  const route = "tier=cloud; provider=cloud; model=cloud-model";
  assert.deepEqual([(await moved).status, (await moved).route], [200, `${route}; tries=2`]);
  assert.equal((await ask(app)).route, `${route}; tries=1`, "it is left alone for as long as it asked");
});

test("a model asked for by name whose only account is overloaded says so, with the time to wait", async () => {
  await using app = await startTestRouter();
  using cli = await connectFakeWorker(await app.createWorkerKey("cli"), { kind: "cli", offers: [sonnet] });
  const refused = app.post("/v1/messages", { ...hello, model: "sonnet", max_tokens: 5 });
  (await cli.nextJob()).done(limit);
  assert.equal((await refused).status, 429);
  assert.equal((await refused).headers.get("retry-after"), "7");
  assert.match(await (await refused).text(), /rate_limit_error.*The account's limit is reached/);
  const next = await app.post("/v1/messages", { ...hello, model: "sonnet", max_tokens: 5 });
  assert.equal(next.status, 503);
  assert.match(next.headers.get("retry-after") ?? "", /^[67]$/);
});

test("when one account is overloaded the provider's other account is asked before another tier", async () => {
  await using cloud = await startFakeCloud(answerOpenai(["cloud"]));
  await using app = await startTestRouter({ providers: [cloud.provider()] });
  const key = await app.createWorkerKey("cli");
  using first = await connectFakeWorker(key, { kind: "cli", name: "first", offers: [{ ...sonnet, load: 0.1 }] });
  using _second = await connectFakeWorker(key, {
    kind: "cli",
    name: "second",
    offers: [{ ...sonnet, load: 0.5 }],
    replies: "mine has room",
  });
  const answer = ask(app);
  (await first.nextJob()).done(limit);
  assert.match((await answer).route, /tier=cli; provider=cli; worker=second; .*tries=2$/);
});

test("a model whose window is used up is left out until its time and then comes back by itself", async () => {
  await using cloud = await startFakeCloud(answerOpenai(["cloud"]));
  await using app = await startTestRouter({ providers: [cloud.provider()] });
  const restsUntil = Date.now() + 400;
  using _cli = await connectFakeWorker(await app.createWorkerKey("cli"), {
    kind: "cli",
    offers: [{ ...sonnet, restsUntil, load: 1 }],
    replies: "cli",
  });
  const resting = await ask(app, "sonnet");
  if (Date.now() < restsUntil) {
    assert.equal(resting.status, 503);
    assert.match(resting.text, /Nothing can answer \\"sonnet\\" for 1 s: .* used up its limit/);
  }
  const { items: workers } = (await (await app.get("/api/workers")).json()) as { items: { models: unknown[] }[] };
  const shown = {
    model: sonnet.model,
    slots: 2,
    busySlots: 0,
    restsUntil: new Date(restsUntil).toISOString(),
    load: 1,
  };
  assert.deepEqual(workers[0]?.models, [shown]);
  let { route } = await ask(app);
  while (Date.now() < restsUntil) ({ route } = await ask(app));
  while (/tier=cloud/.test(route)) ({ route } = await ask(app));
  assert.match(route, /tier=cli/);
});

test("a request that waits for a busy model gets the worker whose rest ends meanwhile", async () => {
  await using app = await startTestRouter();
  const key = await app.createWorkerKey("cli");
  using busy = await connectFakeWorker(key, { kind: "cli", name: "busy", offers: [{ ...sonnet, slots: 1 }] });
  using _resting = await connectFakeWorker(key, {
    kind: "cli",
    name: "rested",
    offers: [{ ...sonnet, slots: 1, restsUntil: Date.now() + 150 }],
    replies: "awake",
  });
  const first = ask(app, "sonnet");
  const second = ask(app, "sonnet");
  const job = await busy.nextJob();
  assert.match((await Promise.race([first, second])).route, /worker=rested/);
  job.answer("done");
  await Promise.all([first, second]);
});

test("of two accounts the one with more left of its limit gets the job", async () => {
  await using app = await startTestRouter();
  const key = await app.createWorkerKey("cli");
  using used = await connectFakeWorker(key, {
    kind: "cli",
    name: "used",
    offers: [{ ...sonnet, load: 0.7 }],
    replies: "a",
  });
  using _fresh = await connectFakeWorker(key, {
    kind: "cli",
    name: "fresh",
    offers: [{ ...sonnet, load: 0.2 }],
    replies: "b",
  });
  for (let time = 0; time < 3; time++) assert.match((await ask(app, "sonnet")).route, /worker=fresh/);
  used.send({ type: "offers", offers: [{ ...sonnet, load: 0.1 }] });
  while (!/worker=used/.test((await ask(app, "sonnet")).route));
});
