// Two whole routers on one database: together they let in what the limits say.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createSecret } from "../src/platform/secret-text.ts";
import { answerOpenai, startFakeCloud } from "./harness/fake-cloud.ts";
import { administer, setLimit, waitForUse } from "./harness/limits.ts";
import { startTestRouter } from "./harness/router.ts";
import { shareDatabase } from "./harness/shared-database.ts";

const hello = { model: "cloud-model", max_tokens: 100, messages: [{ role: "user", content: "Hi" }] };
const reservedTokens = Math.ceil(JSON.stringify(hello).length / 4) + 100;

test("of 50 requests at once over two routers with tokens for 5, at most five are answered, and both know what is left", async () => {
  const held = Promise.withResolvers<void>();
  await using cloud = await startFakeCloud(async (request, response) => {
    await held.promise;
    await answerOpenai(["Hello"])(request, response);
  });
  await using shared = await shareDatabase();
  const options = {
    providers: [cloud.provider()],
    config: {
      databaseUrl: createSecret(shared.url),
      secretKey: createSecret("one secret key for both of these routers"),
    },
  };
  await using first = await startTestRouter(options);
  const id = await setLimit(first, { measure: "tokens", window: "month", amount: 5 * reservedTokens });
  // It reads the limits when it starts.
  await using second = await startTestRouter(options);
  let refused = 0;
  const asked = Array.from({ length: 50 }, async (_, at) => {
    const { status } = await (at % 2 === 0 ? first : second).post("/v1/chat/completions", hello);
    if (status === 429) refused++;
    if (refused >= 45) held.resolve();
    return status;
  });
  const answered = (await Promise.all(asked)).filter((status) => status === 200).length;
  assert.equal(refused, 50 - answered);
  // What is left may lie in two pieces, each too small for one more.
  assert.ok(answered === 5 || answered === 4, `${answered} answered`);
  assert.equal(cloud.requests.length, answered);
  const used = answered * 12;
  for (const router of [first, second]) assert.equal(await waitForUse(router, id, (sum) => sum >= used), used);
  await administer(first, "DELETE", `/api/limits/${id}`);
});
