// A router set up by its file and environment alone: providers, keys, aliases, and what is wrong with them.

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { createKeyText } from "@auxot/wire/key-format";
import { demoScripts } from "../packages/workers/src/gpu/models/script-model.ts";
import {
  answerOpenai,
  openaiStream,
  startFakeCloud,
  type FakeCloud,
} from "../packages/server/test/harness/fake-cloud.ts";
import { anthropicApi, apis, ask, begin, openaiApi } from "./harness/apis.ts";
import {
  makeDirectory,
  restartRouter,
  serverFile,
  startRouter,
  startWorker,
  type TestRouter,
} from "./harness/stack.ts";
import { runProgram, type Program } from "./harness/program.ts";
import { until } from "./harness/until.ts";

const keys = { app: createKeyText("caller"), own: "a-text-of-our-own-choice-1234", worker: createKeyText("worker") };
const env = { UPSTREAM_SECRET: "sk-from-the-environment", APP_KEY: keys.app };

let cloud: FakeCloud;
let router: TestRouter;
let worker: Program;
before(async () => {
  cloud = await startFakeCloud(answerOpenai(["From ", "the cloud."]));
  router = await startRouter({ config: writeConfig({ withOwnKey: true }), env });
  worker = await startWorker(router, { key: keys.worker, args: ["--slots", "1", "--name", "basement"] });
});
after(async () => {
  await worker[Symbol.asyncDispose]();
  await router[Symbol.asyncDispose]();
  await cloud[Symbol.asyncDispose]();
});

function writeConfig({ withOwnKey }: { readonly withOwnKey: boolean }): string {
  return `
    providers:
      - {name: basement, kind: gpu}
      - name: vendor
        kind: cloud
        dialect: openai-chat
        baseUrl: ${cloud.url}/v1
        apiKey: "\${UPSTREAM_SECRET}"
        models: [{id: big-model, aliases: [big]}]
        aliases: {gpt-4o: big-model}
      - {name: asked, kind: cloud, dialect: openai-chat, baseUrl: "${cloud.url}/v1", apiKey: "\${UPSTREAM_SECRET}"}
    keys:
      - {name: app, key: "\${APP_KEY}"}
      - {name: basement, key: "${keys.worker}", provider: basement}
      ${withOwnKey ? `- {name: own, key: "${keys.own}"}` : ""}
  `;
}

test("declared keys work, and only for what they are", async () => {
  for (const key of [keys.app, keys.own]) {
    assert.equal((await ask(router, openaiApi, { text: "Hi", key })).text, demoScripts.reply);
    assert.equal((await router.get("/api/workers", { key })).status, 403, "not an admin's");
  }
  assert.equal((await router.get("/v1/models", { key: keys.worker })).status, 403);
});

test("declared, asked-for and offered models are listed with their aliases", async () => {
  const listed = await until("the vendor told its models", async () => {
    const { data } = (await (await router.get("/v1/models")).json()) as { data: { id: string }[] };
    return data.some(({ id }) => id === "cloud-model") && data.map(({ id }) => id);
  });
  assert.deepEqual(listed.toSorted(), ["auto", "auxot-demo", "big", "big-model", "cloud-model", "gpt-4o"]);
});

test("an alias and provider/model reach the cloud with the key from the environment, in both APIs", async () => {
  for (const model of ["gpt-4o", "big", "vendor/big-model"]) {
    for (const api of apis) {
      const answer = await ask(router, api, { model, text: "Hi" });
      assert.equal(answer.text, "From the cloud.");
      assert.equal(answer.model, "big-model");
      assert.deepEqual(answer.usage, { input: 11, output: 2 });
      const request = cloud.requests.at(-1);
      assert.equal(request?.headers.authorization, "Bearer sk-from-the-environment");
      assert.equal((JSON.parse(request.body) as { model: string }).model, "big-model");
    }
  }
  assert.doesNotMatch(router.program.err(), /sk-from-the-environment/);
});

test("a cloud of the caller's own dialect is passed through byte for byte", async () => {
  const response = await router.post(openaiApi.path, openaiApi.toBody({ model: "big", text: "Hi" }, true));
  assert.equal(await response.text(), openaiStream("big-model", ["From ", "the cloud."]));
});

test("auto takes the GPU first, and the cloud while the only slot is busy", async () => {
  const route = async (): Promise<string> =>
    (await ask(router, anthropicApi, { model: "auto", text: "Hi" })).headers.get("x-auxot-route") ?? "";
  const onGpu = "tier=gpu; provider=basement; worker=basement; model=auxot-demo; tries=1";
  assert.equal(await route(), onGpu);
  const caller = new AbortController();
  await begin(router, openaiApi, { model: "auto", text: "LOOP", signal: caller.signal });
  assert.match(await route(), /^tier=cloud; .*tries=1$/);
  caller.abort();
  await until("the slot is free", async () => (await router.busySlots()) === 0, 1000);
  assert.equal(await route(), onGpu);
});

test("a model that only the busy worker has is waited for", async () => {
  const caller = new AbortController();
  await begin(router, openaiApi, { text: "LOOP", signal: caller.signal });
  const waiting = ask(router, anthropicApi, { model: "auxot-demo", text: "Hi" });
  const auto = await ask(router, openaiApi, { model: "auto", text: "Hi" });
  assert.match(auto.headers.get("x-auxot-route") ?? "", /^tier=cloud; /, "the slot was still busy");
  caller.abort();
  assert.equal((await waiting).text, demoScripts.reply);
});

test("the file is applied at every start: a key that is gone from it works no more", async () => {
  await using first = await startRouter({ config: writeConfig({ withOwnKey: true }), env });
  assert.equal((await first.get("/v1/models", { key: keys.own })).status, 200);
  await first.program[Symbol.asyncDispose]();
  await using second = await restartRouter(first, { config: writeConfig({ withOwnKey: false }), env });
  assert.equal((await second.get("/v1/models", { key: keys.own })).status, 401);
  assert.equal((await second.get("/v1/models", { key: keys.app })).status, 200);
});

test("everything wrong with the configuration is told at once, each with its place, and the exit code is 2", async () => {
  await using directory = await makeDirectory();
  const file = path.join(directory.path, "auxot.yaml");
  await writeFile(
    file,
    `
      providers:
        - {name: Vendor, kind: cloud, dialect: openai, baseUrl: api.vendor.com, apiKey: "\${NOT_SET}"}
        - {name: other, kind: clowd}
      keys:
        - {name: short, key: tiny}
      limits: {queueWaitMs: soon}
      provider: []
    `,
  );
  const { code, err, out } = await runProgram([serverFile], {
    env: { AUXOT_CONFIG: file, AUXOT_DATA_DIR: path.join(directory.path, "data"), AUXOT_PORT: "99999" },
  });
  assert.equal(code, 2);
  assert.equal(out, "");
  const places = err.match(/^- [^:]+/gm) ?? [];
  assert.deepEqual(places.toSorted(), [
    "- AUXOT_PORT",
    "- keys[0].key",
    "- limits.queueWaitMs",
    "- provider",
    "- providers[0].apiKey",
    "- providers[0].baseUrl",
    "- providers[0].dialect",
    "- providers[0].name",
    "- providers[1].kind",
  ]);
  assert.match(err, /the environment variable NOT_SET is not set/);
  assert.match(err, /did you mean providers\?/);
});
