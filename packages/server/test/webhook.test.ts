// The webhook of a whole router: alerts of budgets, requests for more, metrics, and trying it out.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createSecret } from "../src/platform/secret-text.ts";
import { answerOpenai, startFakeCloud } from "./harness/fake-cloud.ts";
import { startFakeWebhook } from "./harness/fake-webhook.ts";
import { administer, setLimit } from "./harness/limits.ts";
import { parseMetrics, sumOf } from "./harness/prometheus-text.ts";
import { startTestRouter, type TestRouter } from "./harness/router.ts";
import { shareDatabase } from "./harness/shared-database.ts";

const hello = { model: "cloud-model", max_tokens: 100, messages: [{ role: "user", content: "Hi" }] };

async function readTotals(app: TestRouter): Promise<readonly number[]> {
  const families = parseMetrics(await (await app.get("/metrics")).text());
  return ["events_total", "failed_tries_total", "events_lost_total", "events_waiting"].map((name) =>
    sumOf(families, `auxot_webhook_${name}`, {}),
  );
}

test("an alert and a request for more come signed and as the API shows them, and are counted", async () => {
  await using receiver = await startFakeWebhook();
  await using cloud = await startFakeCloud(answerOpenai(["Hello"]));
  await using app = await startTestRouter({ providers: [cloud.provider()], config: { webhook: receiver.settings } });
  const limitId = await setLimit(app, { measure: "requests", window: "month", amount: 2 });
  assert.equal((await app.post("/v1/chat/completions", hello)).status, 200);
  await receiver.askedFor(1);
  const { body: alerts } = await administer(app, "GET", "/api/alerts");
  const [alert] = alerts["items"] as readonly { readonly id: string; readonly at: string }[];
  assert.partialDeepStrictEqual(receiver.taken, [
    {
      id: alert?.id,
      contentType: "application/json",
      body: {
        type: "alert.created",
        timestamp: alert?.at,
        text: "50 % of a budget is spent: 1 of 2 requests this month, for everybody.",
        data: alert,
      },
    },
  ]);

  const asked = { limitId, amount: 5000, reason: "The launch is on Monday." };
  await administer(app, "POST", "/api/raise-requests?dryRun=true", asked);
  const { body: raise } = await administer(app, "POST", "/api/raise-requests", asked);
  await receiver.askedFor(2);
  assert.deepEqual(receiver.taken[1]?.body, {
    type: "raise_request.created",
    timestamp: raise["createdAt"],
    text: 'bootstrap asks for a higher limit: 5,000 requests a month instead of 2 requests, for everybody. "The launch is on Monday."',
    data: raise,
  });
  assert.equal(receiver.tried.length, 2, "a dry run tells nobody");
  // What was taken is counted when the router has the answer.
  while ((await readTotals(app))[0] !== 2) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(await readTotals(app), [2, 0, 0, 0]);
});

test("a receiver that answers nothing holds up no request and no administrator", async () => {
  await using receiver = await startFakeWebhook();
  receiver.otherwise = "hang";
  await using cloud = await startFakeCloud(answerOpenai(["Hello"]));
  await using app = await startTestRouter({ providers: [cloud.provider()], config: { webhook: receiver.settings } });
  const limitId = await setLimit(app, { measure: "requests", window: "month", amount: 2 });
  assert.equal((await app.post("/v1/chat/completions", hello)).status, 200);
  await receiver.askedFor(1);
  const { status } = await administer(app, "POST", "/api/raise-requests", { limitId, amount: 3, reason: "More." });
  assert.equal(status, 200);
  assert.equal((await app.post("/v1/chat/completions", hello)).status, 200);
  assert.deepEqual(receiver.taken, []);
});

test("two routers on one database tell of each alert once", async () => {
  await using receiver = await startFakeWebhook();
  await using cloud = await startFakeCloud(answerOpenai(["Hello"]));
  await using shared = await shareDatabase();
  const options = {
    providers: [cloud.provider()],
    config: {
      databaseUrl: createSecret(shared.url),
      secretKey: createSecret("one secret key for both of these routers"),
      webhook: receiver.settings,
    },
  };
  await using first = await startTestRouter(options);
  await setLimit(first, { measure: "requests", window: "month", amount: 4 });
  await using second = await startTestRouter(options);
  for (const [router, count] of [
    [first, 0],
    [second, 1],
    [first, 2],
    [second, 3],
  ] as const) {
    assert.equal((await router.post("/v1/chat/completions", hello)).status, 200);
    await receiver.askedFor(count);
  }
  await receiver.askedFor(3);
  const told = receiver.tried.map(({ body }) => (body.type === "alert.created" ? body.data.percent : body.type));
  assert.deepEqual(told, [50, 75, 100]);
  assert.equal(new Set(receiver.tried.map(({ id }) => id)).size, 3);
});

test("alerts.test says what the webhook answers, and sends nothing in a dry run", async () => {
  await using receiver = await startFakeWebhook([{ status: 202, text: "queued,\nthank you" }]);
  await using app = await startTestRouter({ config: { webhook: receiver.settings } });
  const { body: preview } = await administer(app, "POST", "/api/alerts/test?dryRun=true", {});
  assert.equal((preview["changes"] as readonly object[]).length, 1);
  assert.equal(receiver.tried.length, 0);

  const { status, body } = await administer(app, "POST", "/api/alerts/test", {});
  assert.equal(status, 200, JSON.stringify(body));
  assert.partialDeepStrictEqual(body, { id: receiver.taken[0]?.id, status: 202, answer: "queued, thank you" });
  assert.partialDeepStrictEqual(receiver.taken[0]?.body, { type: "alert.test", data: { askedBy: "bootstrap" } });

  receiver.replies.push({ status: 404, text: "no hook is called that" }, 302);
  const refused = await administer(app, "POST", "/api/alerts/test", {});
  assert.equal(refused.status, 502);
  assert.equal(
    refused.body["detail"],
    "The webhook did not take the event: it answered 404 and said: no hook is called that",
  );
  assert.match(String((await administer(app, "POST", "/api/alerts/test", {})).body["detail"]), /it answered 302/);
  await receiver[Symbol.asyncDispose]();
  const away = await administer(app, "POST", "/api/alerts/test", {});
  assert.equal(away.status, 502);
  assert.match(String(away.body["detail"]), /did not take the event: .*ECONNREFUSED/);
});

test("alerts.test without a webhook says how to get one; who may not edit limits is refused, and so is any field", async () => {
  await using app = await startTestRouter();
  const { status, body } = await administer(app, "POST", "/api/alerts/test", {});
  assert.equal(status, 409);
  assert.match(String(body["detail"]), /^No webhook is configured\. Say where alerts go under alerts\.webhook/);
  const { body: created } = await administer(app, "POST", "/api/keys", { name: "app" });
  assert.equal((await administer(app, "POST", "/api/alerts/test", {}, String(created["key"]))).status, 403);
  assert.equal((await administer(app, "POST", "/api/alerts/test", { url: "http://x" })).status, 400);
  assert.deepEqual(await readTotals(app), [0, 0, 0, 0]);
});
