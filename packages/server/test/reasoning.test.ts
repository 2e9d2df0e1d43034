// Reasoning that travels between dialects and providers: its maker gets it back as it was, nobody else gets it.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import type { FakeCloud } from "./harness/fake-cloud.ts";
import { startFakeCloud } from "./harness/fake-cloud.ts";
import { connectFakeWorker, fakeOffer, type FakeWorker } from "./harness/fake-worker.ts";
import { startTestRouter, type TestRouter } from "./harness/router.ts";

const claudeContent = [
  { type: "thinking", thinking: "Hm.", signature: "EqQBclaude" },
  { type: "redacted_thinking", data: "hidden" },
  { type: "text", text: "hi" },
];
const answerClaude: FakeCloud["answer"] = (_request, response) => {
  const usage = { input_tokens: 1, output_tokens: 1 };
  const message = { id: "msg_1", type: "message", role: "assistant", model: "claude", content: claudeContent };
  response.writeHead(200, { "content-type": "application/json" });
  response.end(JSON.stringify({ ...message, stop_reason: "end_turn", stop_sequence: null, usage }));
};
const answerResponses: FakeCloud["answer"] = (_request, response) => {
  const text = { type: "output_text", text: "hi", annotations: [] };
  const output = [
    { type: "reasoning", id: "rs_1", summary: [{ type: "summary_text", text: "Hm." }], encrypted_content: "gAAA" },
    { type: "message", id: "msg_1", status: "completed", role: "assistant", content: [text] },
  ];
  const usage = { input_tokens: 1, output_tokens: 1, total_tokens: 2 };
  response.writeHead(200, { "content-type": "application/json" });
  response.end(JSON.stringify({ id: "resp_1", object: "response", status: "completed", model: "gpt", output, usage }));
};

let claudeCloud: FakeCloud;
let openaiCloud: FakeCloud;
let app: TestRouter;
let worker: FakeWorker;
let anthropic: Anthropic;
let openai: OpenAI;
before(async () => {
  claudeCloud = await startFakeCloud(answerClaude);
  openaiCloud = await startFakeCloud(answerResponses);
  app = await startTestRouter({
    providers: [
      claudeCloud.provider({ name: "claude", dialect: "anthropic-messages", models: ["claude"] }),
      openaiCloud.provider({ name: "gpt", dialect: "openai-responses", models: ["gpt"] }),
    ],
  });
  worker = await connectFakeWorker(app);
  anthropic = new Anthropic({ baseURL: app.url, apiKey: app.key, maxRetries: 0 });
  openai = new OpenAI({ baseURL: `${app.url}/v1`, apiKey: app.key, maxRetries: 0 });
});
after(async () => {
  worker[Symbol.dispose]();
  await app[Symbol.asyncDispose]();
  await claudeCloud[Symbol.asyncDispose]();
  await openaiCloud[Symbol.asyncDispose]();
});

async function thinkOnWorker(): Promise<void> {
  const job = await worker.nextJob();
  job.send(
    { type: "reasoning-start", index: 0 },
    { type: "reasoning-delta", index: 0, text: "Let me see." },
    { type: "reasoning-end", index: 0 },
    { type: "text-start", index: 1 },
    { type: "text-delta", index: 1, text: "42" },
    { type: "text-end", index: 1 },
    { type: "end", stopReason: "stop" },
  );
  job.done();
}

type Sent = { readonly messages: readonly { readonly role: string; readonly content: unknown }[] };
const lastSent = (cloud: FakeCloud): Sent => JSON.parse(cloud.requests.at(-1)?.body ?? "{}") as Sent;
const hello = { role: "user" as const, content: "Hi" };
const more = { role: "user" as const, content: "More" };

test("a worker's reasoning reaches an Anthropic client signed, streamed and whole, and comes back to workers only", async () => {
  const ask = { model: "fake-model", max_tokens: 50, messages: [hello] };
  const [streamed] = await Promise.all([anthropic.messages.stream(ask).finalMessage(), thinkOnWorker()]);
  const [whole] = await Promise.all([anthropic.messages.create(ask), thinkOnWorker()]);
  for (const { content } of [streamed, whole]) {
    assert.ok(content[0]?.type === "thinking");
    assert.equal(content[0].thinking, "Let me see.");
    assert.match(content[0].signature, /^axr1_[\w-]{30,}$/, "a client sends unsigned thinking to nobody");

    const history = [hello, { role: "assistant" as const, content }, more];
    const next = anthropic.messages.create({ ...ask, messages: history });
    const job = await worker.nextJob();
    assert.deepEqual(job.request.messages[1], {
      role: "assistant",
      content: [
        { type: "reasoning", text: "Let me see." },
        { type: "text", text: "42" },
      ],
    });
    job.answer("ok");
    await next;

    const elsewhere = await anthropic.messages.create({ ...ask, model: "claude", messages: history }).withResponse();
    assert.deepEqual(lastSent(claudeCloud).messages[1]?.content, [{ type: "text", text: "42" }]);
    assert.deepEqual(elsewhere.data.content, claudeContent, "the answer itself passes unchanged");
    assert.match(elsewhere.response.headers.get("x-auxot-warnings") ?? "", /reasoning that another provider made/);
  }
});

test("Anthropic's signed and hidden thinking goes through a chat client and comes back to Anthropic as it was", async () => {
  const ask = { model: "claude", messages: [hello] };
  const { choices } = await openai.chat.completions.create(ask);
  const message = choices[0]?.message;
  assert.ok(message !== undefined && "thinking_blocks" in message);
  assert.doesNotMatch(JSON.stringify(message), /EqQBclaude|hidden/, "only its maker can read the proof");
  await openai.chat.completions.create({ ...ask, messages: [hello, message, more] });
  assert.deepEqual(lastSent(claudeCloud).messages[1]?.content, claudeContent);
  await openai.chat.completions.create({ model: "gpt", messages: [hello, message, more] });
  assert.doesNotMatch(openaiCloud.requests.at(-1)?.body ?? "", /reasoning"|axr1_/);
});

test("OpenAI's encrypted reasoning goes through an Anthropic client and comes back with its item's id", async () => {
  const ask = { model: "gpt", max_tokens: 50, messages: [hello] };
  const { content } = await anthropic.messages.create(ask);
  await anthropic.messages.create({ ...ask, messages: [hello, { role: "assistant", content }, more] });
  const sent = JSON.parse(openaiCloud.requests.at(-1)?.body ?? "{}") as { input: { type: string }[] };
  assert.deepEqual(
    sent.input.find(({ type }) => type === "reasoning"),
    { type: "reasoning", id: "rs_1", summary: [{ type: "summary_text", text: "Hm." }], encrypted_content: "gAAA" },
  );
});

test("a Responses client's history from a worker passes to OpenAI without the worker's reasoning, all else untouched", async () => {
  const [first] = await Promise.all([openai.responses.create({ model: "fake-model", input: "Hi" }), thinkOnWorker()]);
  assert.equal(first.output[0]?.type, "reasoning");
  const input = [hello, ...first.output, more] as OpenAI.Responses.ResponseInput;
  await openai.responses.create({ model: "gpt", input, metadata: { a: "b" } });
  const sent = JSON.parse(openaiCloud.requests.at(-1)?.body ?? "{}") as {
    input: { type?: string }[];
    metadata: object;
  };
  assert.deepEqual(sent.input, [hello, first.output[1], more]);
  assert.deepEqual(sent.metadata, { a: "b" });
});

test("a CLI worker's signed thinking comes back to it signed, and to no other tier", async () => {
  const offers = [{ ...fakeOffer, model: "sonnet", aliases: [] }];
  using cli = await connectFakeWorker(await app.createWorkerKey("cli"), { kind: "cli", offers });
  const ask = { model: "sonnet", max_tokens: 50, messages: [hello] };
  const asked = anthropic.messages.create(ask);
  const thinking = await cli.nextJob();
  thinking.send(
    { type: "reasoning-start", index: 0 },
    { type: "reasoning-delta", index: 0, text: "Hm." },
    { type: "reasoning-end", index: 0, signature: "EqQBclaude" },
    { type: "reasoning-start", index: 1 },
    { type: "reasoning-end", index: 1, redacted: "hidden" },
    { type: "text-start", index: 2 },
    { type: "text-delta", index: 2, text: "42" },
    { type: "text-end", index: 2 },
    { type: "end", stopReason: "stop" },
  );
  thinking.done();
  const { content } = await asked;
  assert.doesNotMatch(JSON.stringify(content), /EqQBclaude|hidden/);
  const history = [hello, { role: "assistant" as const, content }, more];
  const next = anthropic.messages.create({ ...ask, messages: history });
  const job = await cli.nextJob();
  assert.deepEqual(job.request.messages[1]?.content, [
    { type: "reasoning", text: "Hm.", signature: "EqQBclaude" },
    { type: "reasoning", text: "", redacted: "hidden" },
    { type: "text", text: "42" },
  ]);
  job.answer("ok");
  await next;
  const elsewhere = anthropic.messages.create({ ...ask, model: "fake-model", messages: history });
  const gpuJob = await worker.nextJob();
  assert.deepEqual(gpuJob.request.messages[1]?.content, [{ type: "text", text: "42" }]);
  gpuJob.answer("ok");
  await elsewhere;
});

test("a request that waited for two tiers is told to the one that had room, with that one's own reasoning", async () => {
  const offers = [{ ...fakeOffer, model: "sonnet", aliases: ["fake-model"] }];
  using cli = await connectFakeWorker(await app.createWorkerKey("cli"), { kind: "cli", offers });
  const think = async (model: string): Promise<Anthropic.ContentBlock[]> => {
    const asked = anthropic.messages.create({ model, max_tokens: 50, messages: [hello] });
    const job = await cli.nextJob();
    job.send(
      { type: "reasoning-start", index: 0 },
      { type: "reasoning-delta", index: 0, text: "Hm." },
      { type: "reasoning-end", index: 0, signature: "EqQBclaude" },
      { type: "end", stopReason: "stop" },
    );
    job.done();
    return (await asked).content;
  };
  const content = await think("sonnet");
  // Both tiers have this model, and both are busy.
  const others = ["gpu/fake-model", "sonnet"].map((model) =>
    anthropic.messages.create({ model, max_tokens: 50, messages: [hello] }),
  );
  const [gpuJob, cliJob] = [await worker.nextJob(), await cli.nextJob()];
  const waits = anthropic.messages.create({
    model: "fake-model",
    max_tokens: 50,
    messages: [hello, { role: "assistant", content }, more],
  });
  await app.get("/api/health");
  cliJob.answer("done");
  const job = await cli.nextJob();
  assert.deepEqual(job.request.messages[1]?.content, [{ type: "reasoning", text: "Hm.", signature: "EqQBclaude" }]);
  job.send(
    { type: "reasoning-start", index: 0 },
    { type: "reasoning-delta", index: 0, text: "Well." },
    { type: "reasoning-end", index: 0, signature: "EqQBagain" },
    { type: "end", stopReason: "stop" },
  );
  job.done();
  const again = (await waits).content;
  const next = anthropic.messages.create({
    model: "sonnet",
    max_tokens: 50,
    messages: [hello, { role: "assistant", content: again }, more],
  });
  const last = await cli.nextJob();
  assert.deepEqual(last.request.messages[1]?.content, [{ type: "reasoning", text: "Well.", signature: "EqQBagain" }]);
  last.answer("ok");
  gpuJob.answer("done");
  await Promise.all([...others, next]);
});
