// What a router that is killed under load loses of its usage: what it had not sent to the database yet, and no more.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { UsageAnswer } from "@auxot/wire/operations/usage";
import { answerOpenai, startFakeCloud } from "../packages/server/test/harness/fake-cloud.ts";
import { restartRouter, startRouter, type TestRouter } from "./harness/stack.ts";
import { until } from "./harness/until.ts";

/** Rows leave a second after the first of a batch; a loaded machine may take as long again to write them. */
const windowMs = 1000;
const slackMs = 2000;
const callers = 6;

type Reply = { readonly id: string; readonly at: number };

test("a router killed under load loses the usage of its last moment at most, and the sums are those of the rows", async () => {
  await using cloud = await startFakeCloud(answerOpenai(["a", "b"]));
  const config = `
providers:
  - name: fake
    kind: cloud
    dialect: openai-chat
    baseUrl: ${cloud.url}
    apiKey: some-key-of-the-fake
    models: [cloud-model]
`;
  await using first = await startRouter({ config });
  const replies: Reply[] = [];
  const load = Promise.all(Array.from({ length: callers }, () => askUntilItDies(first, replies)));
  // Two batches: what comes next is in the middle of the third.
  let written = 0;
  for (const batch of ["the first batch", "the second batch"]) {
    written = await until(`${batch} is written`, async () => {
      const { length } = await first.usage();
      return length > written && length;
    });
  }
  const killedAt = performance.now();
  first.program.signal("SIGKILL");
  await first.program.exited;
  await load;

  await using second = await restartRouter(first, { config });
  const rows = new Set((await second.usage()).map((row) => String(row["id"])));
  const lost = replies.filter(({ id }) => !rows.has(id));
  const earliest = Math.min(killedAt, ...lost.map(({ at }) => at));
  assert.ok(lost.length < replies.length, "not everything");
  assert.ok(
    killedAt - earliest <= windowMs + slackMs,
    `${lost.length} of ${replies.length} were lost, the oldest of ${Math.round(killedAt - earliest)} ms before the end`,
  );
  assert.ok(rows.size <= replies.length + callers, "no row without a request");
  const { totals } = (await (await second.get("/api/usage")).json()) as UsageAnswer;
  assert.equal(totals.requests, rows.size);
  assert.equal(totals.outputTokens, rows.size * 2);
});

async function askUntilItDies(router: TestRouter, replies: Reply[]): Promise<void> {
  const body = { model: "cloud-model", messages: [{ role: "user", content: "Hi" }] };
  for (;;) {
    try {
      const response = await router.post("/v1/chat/completions", body);
      await response.text();
      if (response.status !== 200) throw new Error(`The answer has the status ${response.status}.`);
      replies.push({ id: response.headers.get("x-request-id") ?? "", at: performance.now() });
    } catch {
      return;
    }
  }
}
