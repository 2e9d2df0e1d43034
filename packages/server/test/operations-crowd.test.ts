// Many operations at once.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startTestRouter, type TestRouter } from "./harness/router.ts";

let app: TestRouter;
before(async () => {
  app = await startTestRouter();
});
after(() => app[Symbol.asyncDispose]());

test("a crowd of operations leaves the database free for all others", async () => {
  const signal = AbortSignal.timeout(20_000);
  const answers = await Promise.all(
    Array.from({ length: 60 }, () => app.post("/api/secrets/rotate-key?dryRun=true", {}, { signal })),
  );
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
  assert.equal((await app.get("/api/ready", { signal })).status, 200);
});
