// The webhook when the router process dies between an alert and its delivery.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createClient } from "@auxot/client/client";
import { createLimit, listAlerts } from "@auxot/wire/operations/limits";
import { answerOpenai, startFakeCloud } from "../packages/server/test/harness/fake-cloud.ts";
import { startFakeWebhook, webhookSecret } from "../packages/server/test/harness/fake-webhook.ts";
import { restartRouter, startRouter } from "./harness/stack.ts";
import { within } from "./harness/until.ts";

test("a router killed before the webhook took an alert tells it after its restart, the same and once", async () => {
  await using receiver = await startFakeWebhook(["hang"]);
  await using cloud = await startFakeCloud(answerOpenai(["Hello"]));
  const config = [
    `alerts: { webhook: { url: "${receiver.settings.url}", secret: "\${HOOK_SECRET}" } }`,
    "providers:",
    "  - name: cloud",
    "    kind: cloud",
    "    dialect: openai-chat",
    `    baseUrl: ${cloud.url}/v1`,
    "    apiKey: sk-test",
    "    models: [dear]",
  ].join("\n");
  const env = { HOOK_SECRET: webhookSecret };
  await using first = await startRouter({ config, env });
  const admin = createClient({ url: first.url, key: first.key, fetch });
  await admin.call(createLimit, { subject: "org", measure: "requests", window: "month", amount: 1 });
  const question = { model: "dear", max_tokens: 10, messages: [{ role: "user", content: "Hi" }] };
  assert.equal((await first.post("/v1/chat/completions", question)).status, 200);
  await within(15_000, "the alert is on its way", receiver.askedFor(1));
  first.program.signal("SIGKILL");
  await first.program.exited;
  assert.equal(receiver.taken.length, 0);

  await using second = await restartRouter(first, { config, env });
  await within(30_000, "the alert is told again", receiver.askedFor(2));
  const { items } = await createClient({ url: second.url, key: second.key, fetch }).call(listAlerts, {});
  assert.deepEqual(
    receiver.taken.map(({ id, body }) => ({ id, data: body.data })),
    items.map((alert) => ({ id: alert.id, data: alert })),
  );
  assert.equal(receiver.tried[0]?.id, receiver.tried[1]?.id);
  assert.deepEqual(receiver.tried[0]?.body, receiver.tried[1]?.body);
});
