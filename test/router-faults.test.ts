// What happens when router processes die, stop, or may not start.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createClient } from "@auxot/client/client";
import { createKey, revokeKey } from "@auxot/wire/operations/keys";
import { demoScripts } from "../packages/workers/src/gpu/models/script-model.ts";
import { anthropicApi, apis, ask, begin, openaiApi } from "./harness/apis.ts";
import { runProgram } from "./harness/program.ts";
import {
  adminKey,
  findPostgres,
  makeDirectory,
  restartRouter,
  serverFile,
  startRouter,
  startWorker,
} from "./harness/stack.ts";
import { until, within } from "./harness/until.ts";

const question = { text: "Hi there" };

test("a router killed and started again: keys and usage are there, the worker comes back by itself and serves", async () => {
  await using first = await startRouter();
  await using worker = await startWorker(first, { args: ["--slots", "1"] });
  const admin = createClient({ url: first.url, key: first.key, fetch });
  const kept = await admin.call(createKey, { name: "kept", kind: "caller", admin: false });
  const revoked = await admin.call(createKey, { name: "revoked", kind: "caller", admin: false });
  await admin.call(revokeKey, { id: revoked.id });
  for (const api of apis) await ask(first, api, { ...question, key: kept.key });
  const rows = await until("the usage is written", async () => {
    const written = await first.usage();
    return written.length === apis.length && written;
  });
  const running = await begin(first, openaiApi, { text: "LOOP" });

  first.program.signal("SIGKILL");
  await first.program.exited;
  await assert.rejects(running.rest(), "a stream that breaks off looks broken");
  await using second = await restartRouter(first);
  assert.match(second.program.err(), /"adopted":true/);
  await until("the worker is back", async () => (await second.workers()).length === 1, 20_000);
  // The one slot is free: the worker gave up the job that nobody waits for.
  for (const api of apis) {
    const answer = await within(5000, "it was answered", ask(second, api, { ...question, key: kept.key }));
    assert.equal(answer.text, demoScripts.reply);
  }
  assert.equal((await second.get("/v1/models", { key: revoked.key })).status, 401);
  assert.deepEqual((await second.usage()).slice(0, rows.length), rows);
  assert.equal(worker.err().match(/connected to the router/g)?.length, 2, "the same worker process, twice connected");
});

test("a router that was stopped and started again serves the worker that waited for it", async () => {
  await using first = await startRouter();
  await using worker = await startWorker(first);
  await first.program[Symbol.asyncDispose]();
  await using second = await restartRouter(first);
  await worker.said(/connected to the router[^]*connected to the router/);
  assert.equal((await ask(second, anthropicApi, question)).text, demoScripts.reply);
});

test("a router whose data directory or port is in use says so and ends with exit code 1, leaving nothing behind", async () => {
  await using first = await startRouter();
  const sameDirectory = await runProgram([serverFile], {
    env: { AUXOT_PORT: "0", AUXOT_DATA_DIR: first.dataDir, AUXOT_BOOTSTRAP_KEY: adminKey },
  });
  assert.equal(sameDirectory.code, 1);
  assert.equal(
    sameDirectory.err,
    `Another Auxot router (process ${first.program.pid}) is using ${first.dataDir}. ` +
      "Stop it, or give this one its own directory with AUXOT_DATA_DIR.\n",
  );

  await using directory = await makeDirectory();
  const samePort = await runProgram([serverFile], {
    env: { AUXOT_PORT: String(first.port), AUXOT_DATA_DIR: directory.path },
  });
  assert.equal(samePort.code, 1);
  assert.equal(
    samePort.err.trimEnd().split("\n").at(-1),
    `Port ${first.port} on 127.0.0.1 is taken by another program. Stop it, or choose another port with AUXOT_PORT.`,
  );
  assert.equal(await findPostgres(directory.path), undefined, "its database was stopped");
  assert.equal((await first.get("/api/ready")).status, 200, "the first one is not disturbed");
});

test("a router told to stop in the middle of a stream finishes it, refuses new requests, and ends with exit code 0", async () => {
  await using router = await startRouter();
  await using worker = await startWorker(router, { args: ["--slots", "2"] });
  const streams = await Promise.all(apis.map((api) => begin(router, api, { text: "LOOP", maxTokens: 4000 })));
  router.program.signal("SIGTERM");
  await router.program.said(/Stopping: running requests may finish/);
  await worker.said(/the router is stopping.*"jobs":2/);
  await assert.rejects(ask(router, openaiApi, question), "nothing new is accepted");
  for (const [i, stream] of streams.entries()) {
    const answer = await stream.rest();
    assert.equal(answer.error, undefined);
    assert.equal(answer.isComplete, true);
    assert.equal(answer.stop, apis[i]?.stops.length);
    assert.equal(answer.usage.output, 4000);
  }
  assert.deepEqual(await within(10_000, "the router ended", router.program.exited), { code: 0, signal: null });
});

test("a second signal stops a router at once, and the next start finds everything", async () => {
  await using router = await startRouter();
  await using worker = await startWorker(router);
  const stream = await begin(router, openaiApi, { text: "LOOP" });
  router.program.signal("SIGINT");
  await router.program.said(/Press Ctrl-C again/);
  router.program.signal("SIGINT");
  assert.equal((await within(2000, "the router ended", router.program.exited)).code, 1);
  await assert.rejects(stream.rest());
  // Otherwise it would keep the answer for as long as a router may take to come back.
  worker.signal("SIGKILL");
  await using again = await restartRouter(router);
  assert.equal((await again.get("/api/ready")).status, 200);
});

test("a router whose parent died, with nobody left to read what it says, stops in order by itself", async () => {
  await using router = await startRouter();
  await using _ = await startWorker(router);
  const stream = await begin(router, openaiApi, { text: "LOOP", maxTokens: 2000 });
  router.program.abandon();
  assert.equal((await stream.rest()).usage.output, 2000, "running answers are finished");
  assert.deepEqual(await within(10_000, "the router ended", router.program.exited), { code: 0, signal: null });
  assert.equal(await findPostgres(router.dataDir), undefined, "its database was stopped");
});
