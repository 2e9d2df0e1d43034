// A whole system with a CLI worker: real router, real `auxot-worker cli`, and a program that speaks Claude Code's protocol.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { writeFakeClaude } from "../packages/workers/test/cli/fake-program.ts";
import { runProgram, startProgram, type Program } from "./harness/program.ts";
import { adminKey, makeDirectory, startRouter, workerFile, type TestRouter } from "./harness/stack.ts";
import { until } from "./harness/until.ts";

const config = JSON.stringify({ providers: [{ name: "claude", kind: "cli" }] });
const model = "claude-code/sonnet";
const secret = "sk-ant-api03-the-secret-of-the-account";

let router: TestRouter;
let worker: Program;
let directory: string;
const stack = new AsyncDisposableStack();

before(async () => {
  ({ path: directory } = stack.use(await makeDirectory()));
  router = stack.use(await startRouter({ config }));
  const made = await router.post("/api/keys", { name: "cli", kind: "worker", provider: "claude" });
  const { key } = (await made.json()) as { readonly key: string };
  worker = stack.use(await startCliWorker(key));
});
after(() => stack.disposeAsync());

async function startCliWorker(key: string, ...args: string[]): Promise<Program> {
  const options = ["--router", router.url, "--claude", writeFakeClaude(directory), "--model", "sonnet"];
  const program = startProgram([workerFile, "cli", ...options, "--sandbox", "off", ...args], {
    env: { AUXOT_WORKER_KEY: key, ANTHROPIC_API_KEY: secret },
  });
  await program.said(/connected to the router/);
  await until("the router has its offers", async () =>
    (await router.workers()).some(({ models }) => models.length > 0),
  );
  return program;
}

function say(content: string, more: object = {}): object {
  return { model, max_tokens: 100, messages: [{ role: "user", content }], ...more };
}

async function read(response: Response): Promise<Record<string, unknown>> {
  assert.equal(response.status, 200, await response.clone().text());
  return (await response.json()) as Record<string, unknown>;
}

test("every public format is answered, and the usage row says where", async () => {
  const chat = await read(await router.post("/v1/chat/completions", say("hello")));
  const [choice] = chat["choices"] as { readonly message: { readonly content: string } }[];
  assert.equal(choice?.message.content, "You said: hello");
  const messages = await read(await router.post("/v1/messages", say("hello")));
  assert.deepEqual(messages["content"], [{ type: "text", text: "You said: hello" }]);
  const responses = await read(await router.post("/v1/responses", { model, input: "hello" }));
  assert.match(JSON.stringify(responses["output"]), /You said: hello/);
  const rows = await until("the rows are written", async () => {
    const found = (await router.usage()).filter((row) => row["model"] === model);
    return found.length >= 3 && found;
  });
  for (const row of rows) {
    assert.deepEqual([row["tier"], row["provider"], row["outcome"]], ["cli", "claude", "ok"]);
    assert.deepEqual([row["input_tokens"], row["cached_input_tokens"], row["output_tokens"]], [115, 100, 40]);
  }
});

test("auto goes to the agent when no GPU has a model for it", async () => {
  const answer = await read(await router.post("/v1/messages", { ...say("hello"), model: "auto" }));
  assert.deepEqual(answer["content"], [{ type: "text", text: "You said: hello" }]);
});

test("a stream comes token by token", async () => {
  const response = await router.post("/v1/messages", say("one two three four", { stream: true }));
  const frames = await response.text();
  assert.ok((frames.match(/text_delta/g) ?? []).length > 3, frames);
});

test("a loop of tools is closed with OpenAI's format", async () => {
  const tools = [{ type: "function", function: { name: "look", parameters: { type: "object" } } }];
  const first = await read(await router.post("/v1/chat/completions", say("TOOLS", { tools })));
  type Choice = {
    readonly finish_reason: string;
    readonly message: { readonly tool_calls: readonly { id: string }[] };
  };
  const [choice] = first["choices"] as Choice[];
  assert.equal(choice?.finish_reason, "tool_calls");
  const result = { role: "tool", tool_call_id: choice.message.tool_calls[0]?.id, content: "seen" };
  const messages = [{ role: "user", content: "TOOLS" }, choice.message, result];
  const second = await read(await router.post("/v1/chat/completions", say("", { tools, messages })));
  assert.match(JSON.stringify(second["choices"]), /seen/);
});

test("a dead process is told in the caller's format, without secrets", async () => {
  const response = await router.post("/v1/chat/completions", say("CRASH"));
  const said = await response.text();
  assert.equal(response.status, 502, said);
  assert.match(said, /fatal: boom with \[secret\]/);
  assert.ok(!`${said}${router.program.err()}${worker.err()}${worker.out()}`.includes(secret));
});

test("the caller who leaves frees the slot", async () => {
  const controller = new AbortController();
  const response = await router.post("/v1/messages", say("TALK", { stream: true }), { signal: controller.signal });
  await response.body?.getReader().read();
  assert.equal(await router.busySlots(model), 1);
  controller.abort();
  await until("the slot is free", async () => (await router.busySlots(model)) === 0, 1500);
});

test("a worker that is told to stop finishes its answer first", async () => {
  const made = await router.post("/api/keys", { name: "second", kind: "worker", provider: "claude" });
  const { key } = (await made.json()) as { readonly key: string };
  await using second = await startCliWorker(key, "--model", "haiku", "--warm", "0");
  const one = { ...say("hello"), model: "claude-code/haiku" };
  await until("haiku is offered", async () => (await router.post("/v1/messages", one)).status === 200);
  second.signal("SIGTERM");
  assert.equal((await second.exited).code, 0);
});

test("wrong options are all named at once, with exit code 2", async () => {
  const args = [workerFile, "cli", "--sandbox", "cage", "--account", "x=NOT_SET", "--alias", "a=b", "--slots", "0"];
  const { code, err } = await runProgram(args, { env: { AUXOT_WORKER_KEY: adminKey } });
  assert.equal(code, 2);
  for (const word of ["--sandbox cage", "NOT_SET", "--alias a=b", "--slots 0", "worker key", "--router"]) {
    assert.ok(err.includes(word), `${word}\n${err}`);
  }
});

test("the doctor says what works and what does not", async () => {
  const claude = ["--claude", writeFakeClaude(directory), "--sandbox", "off", "--model", "haiku"];
  const healthy = await runProgram([workerFile, "cli", "doctor", ...claude], { env: { ANTHROPIC_API_KEY: secret } });
  assert.equal(healthy.code, 0, healthy.out + healthy.err);
  assert.match(
    healthy.out,
    /✔ program .*version 2\.1\.330[^]*✔ account {4}default: claude-haiku-5 answers, first word/,
  );
  const broken = { ANTHROPIC_API_KEY: secret, FAKE_CLAUDE_BROKEN: "1" };
  const args = [workerFile, "cli", "doctor", ...claude, "--pass-env", "FAKE_CLAUDE_BROKEN"];
  const ill = await runProgram(args, { env: broken });
  assert.equal(ill.code, 1);
  assert.match(ill.out, /✖ account {4}default: .*not logged in/);
});

test("without the program, the worker says how to get it", async () => {
  const args = [workerFile, "cli", "--router", router.url, "--claude", "/no/claude"];
  const { code, err } = await runProgram(args, { env: { AUXOT_WORKER_KEY: router.workerKey } });
  assert.equal(code, 2);
  assert.match(err, /npm install -g @anthropic-ai\/claude-code/);
});
