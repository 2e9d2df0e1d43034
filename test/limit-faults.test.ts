// Limits when the router process dies in the middle of a load.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createClient } from "@auxot/client/client";
import { createLimit, showLimitStatus } from "@auxot/wire/operations/limits";
import { answerOpenai, startFakeCloud } from "../packages/server/test/harness/fake-cloud.ts";
import { restartRouter, startRouter } from "./harness/stack.ts";
import { until } from "./harness/until.ts";

const answerTokens = 100;
const limit = 60_000;
const callers = 8;
const question = { model: "dear", max_tokens: answerTokens, messages: [{ role: "user", content: "Hi" }] };
/** What one request is reserved for: its body's bytes by four, and the answer. */
const reservedTokens = Math.ceil(JSON.stringify(question).length / 4) + answerTokens;

test("a router killed under load knows after its restart what was spent, but for the last second, and the budget holds", async () => {
  // Its answers have eleven tokens of prompt.
  await using cloud = await startFakeCloud(answerOpenai(Array.from({ length: answerTokens - 11 }, () => "a ")));
  const config = [
    "providers:",
    "  - name: cloud",
    "    kind: cloud",
    "    dialect: openai-chat",
    `    baseUrl: ${cloud.url}/v1`,
    "    apiKey: sk-test",
    "    models: [dear]",
  ].join("\n");
  await using first = await startRouter({ config });
  const admin = createClient({ url: first.url, key: first.key, fetch });
  const { id } = await admin.call(createLimit, {
    subject: "org",
    measure: "tokens",
    window: "month",
    amount: limit,
  });
  const readUsed = async (): Promise<number> => (await admin.call(showLimitStatus, { id })).limits[0]?.used ?? 0;
  /** Answers that were begun, by when. */
  const endedAt: number[] = [];
  // Until it is refused, or the router is gone.
  const load = async (post: typeof first.post): Promise<void> => {
    for (;;) {
      const response = await post("/v1/chat/completions", question).catch(() => undefined);
      if (response?.status !== 200) return;
      await response.arrayBuffer().then(
        () => endedAt.push(performance.now()),
        () => undefined,
      );
    }
  };
  const running = Array.from({ length: callers }, () => load(first.post));
  await until("some of it is written", async () => (await readUsed()) >= limit / 10);
  first.program.signal("SIGKILL");
  const killedAt = performance.now();
  await first.program.exited;
  await Promise.all(running);
  const spent = endedAt.length * answerTokens;

  await using second = await restartRouter(first, { config });
  const known = await readUsed();
  // Written every second; two, for a machine that is slow. And what was under way, one for each caller.
  const late = endedAt.filter((at) => at > killedAt - 2000).length + callers;
  assert.ok(known <= spent + callers * answerTokens, `${known} known of ${spent}`);
  assert.ok(spent - known <= late * answerTokens, `${spent - known} of ${spent} lost, ${late} answers in that time`);

  await Promise.all(Array.from({ length: callers }, () => load(second.post)));
  assert.equal((await second.post("/v1/chat/completions", question)).status, 429);
  const [status] = (await admin.call(showLimitStatus, { id })).limits;
  const left = await until("all is written", async () => {
    const [now] = (await admin.call(showLimitStatus, { id })).limits;
    return now !== undefined && now.remaining < reservedTokens && now;
  });
  assert.ok(left.remaining >= 0 && left.used <= limit, JSON.stringify(status));
  const lost = spent - known;
  assert.ok(cloud.requests.length * answerTokens <= limit + Math.max(0, lost) + callers * answerTokens);
});
