import assert from "node:assert/strict";
import { test } from "node:test";
import { noUsage } from "@auxot/wire/usage";
import type { UsageRow } from "../records/usage/store.ts";
import { pingWithin, type Readers } from "./gauges.ts";
import { createMetrics } from "./metrics.ts";

const quietReaders: Readers = {
  running: () => 0,
  offers: () => [],
  workers: () => [],
  queueLength: () => 0,
  upstreams: () => [],
  backgroundRuns: () => 0,
  responses: () => ({ kept: 0, lost: 0 }),
  usage: () => ({ waiting: 0, lost: 0 }),
  spansLost: () => 0,
  webhook: () => ({ delivered: 0, failedTries: 0, lost: 0, waiting: 0 }),
  pingDatabase: () => Promise.resolve(),
};

function row(model: string): UsageRow {
  return {
    id: "req_1",
    at: 0,
    keyId: "key_1",
    keyName: "app",
    dialect: "openai-chat",
    tags: [],
    stream: true,
    requestedModel: model,
    model,
    tier: "gpu",
    provider: "gpu",
    tries: 1,
    usage: noUsage,
    queueMs: 0,
    totalMs: 1,
    outcome: "ok",
    status: 200,
  };
}

test("has no more than 500 names of models, whatever the workers call theirs", async () => {
  const metrics = createMetrics(quietReaders, "1.2.3");
  for (let at = 0; at < 600; at++) metrics.onRequest(row(`model-${at}`));
  metrics.onRequest(row("model-3"));
  const { text } = await metrics.scrape();
  const counted = [...text.matchAll(/^auxot_model_requests_total\{model="([^"]+)".*\} (\d+)$/gm)];
  assert.equal(counted.length, 501);
  assert.deepEqual(counted.find(([, model]) => model === "other")?.[2], "100");
  assert.deepEqual(counted.find(([, model]) => model === "model-3")?.[2], "2");
});

test("a model's name can hold whatever it likes", async () => {
  const metrics = createMetrics(quietReaders, "1.2.3");
  metrics.onRequest(row('a "quoted"\\\nname'));
  const { text } = await metrics.scrape();
  assert.match(text, /^auxot_model_requests_total\{model="a \\"quoted\\"\\\\\\nname",/m);
});

test("two scrapes at once give the same, each whole", async () => {
  const metrics = createMetrics({ ...quietReaders, usage: () => ({ waiting: 3, lost: 7 }) }, "1.2.3");
  const texts = await Promise.all([metrics.scrape(), metrics.scrape()]);
  for (const { text } of texts) {
    assert.match(text, /^auxot_usage_rows_waiting 3$/m);
    assert.match(text, /^auxot_usage_rows_lost_total 7$/m);
  }
});

test("a database that refuses is down, and the page is there all the same", async () => {
  const metrics = createMetrics({ ...quietReaders, pingDatabase: () => Promise.reject(new Error("away")) }, "1.2.3");
  assert.match((await metrics.scrape()).text, /^auxot_database_up 0$/m);
});

test("a database that hangs is asked once, not at every scrape", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const answers = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let asked = 0;
  const ping = pingWithin(() => answers[asked++]?.promise ?? Promise.reject(new Error("asked too often")));
  for (let scrape = 0; scrape < 3; scrape++) {
    const found = ping();
    context.mock.timers.tick(1000);
    assert.equal(await found, undefined);
  }
  assert.equal(asked, 1);
  answers[0]?.resolve();
  await answers[0]?.promise;
  const found = ping();
  answers[1]?.resolve();
  assert.equal(typeof (await found), "number");
});
