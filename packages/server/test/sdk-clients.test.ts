import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { connectFakeWorker, someUsage, type FakeWorker } from "./harness/fake-worker.ts";
import { startTestRouter, type TestRouter } from "./harness/router.ts";

let app: TestRouter;
let worker: FakeWorker;
let openai: OpenAI;
let anthropic: Anthropic;
before(async () => {
  app = await startTestRouter();
  worker = await connectFakeWorker(app);
  openai = new OpenAI({ baseURL: `${app.url}/v1`, apiKey: app.key, maxRetries: 0 });
  anthropic = new Anthropic({ baseURL: app.url, apiKey: app.key, maxRetries: 0 });
});
after(async () => {
  worker[Symbol.dispose]();
  await app[Symbol.asyncDispose]();
});

/** Reasoning, text and two interleaved calls: everything an answer can hold. */
async function answerRichly(): Promise<void> {
  const job = await worker.nextJob();
  job.send(
    { type: "start", model: "fake-model" },
    { type: "reasoning-start", index: 0 },
    { type: "reasoning-delta", index: 0, text: "Let me see." },
  );
  job.send(
    { type: "reasoning-end", index: 0 },
    { type: "text-start", index: 1 },
    { type: "text-delta", index: 1, text: "Looking " },
  );
  job.send({ type: "text-delta", index: 1, text: "it up." }, { type: "text-end", index: 1 });
  job.send(
    { type: "tool-call-start", index: 2, id: "call_a", name: "weather" },
    { type: "tool-call-start", index: 3, id: "call_b", name: "time" },
  );
  job.send(
    { type: "tool-call-delta", index: 2, arguments: '{"city":' },
    { type: "tool-call-delta", index: 3, arguments: '{"zone":"CET"}' },
  );
  job.send(
    { type: "tool-call-delta", index: 2, arguments: '"Paris"}' },
    { type: "tool-call-end", index: 2 },
    { type: "tool-call-end", index: 3 },
  );
  job.send({ type: "usage", usage: someUsage }, { type: "end", stopReason: "tool-calls" });
  job.done();
}

const openaiTools = ["weather", "time"].map((name) => ({
  type: "function" as const,
  function: { name, parameters: { type: "object", properties: {} } },
}));
const anthropicTools = ["weather", "time"].map((name) => ({ name, input_schema: { type: "object" as const } }));
const messages = [{ role: "user" as const, content: "Weather and time?" }];

test("the openai package reads parallel tool calls, streamed and whole", async () => {
  void answerRichly();
  const whole = await openai.chat.completions.create({ model: "auto", messages, tools: openaiTools });
  const calls = whole.choices[0]?.message.tool_calls?.map((call) =>
    call.type === "function" ? [call.id, call.function.name, call.function.arguments] : [],
  );
  assert.deepEqual(calls, [
    ["call_a", "weather", '{"city":"Paris"}'],
    ["call_b", "time", '{"zone":"CET"}'],
  ]);
  assert.equal(whole.choices[0]?.finish_reason, "tool_calls");
  assert.equal(whole.usage?.prompt_tokens, someUsage.inputTokens);

  void answerRichly();
  const stream = openai.chat.completions.stream({
    model: "auto",
    messages,
    tools: openaiTools,
    stream_options: { include_usage: true },
  });
  const final = await stream.finalChatCompletion();
  const streamed = final.choices[0]?.message.tool_calls?.map((call) =>
    call.type === "function" ? [call.id, call.function.name, call.function.arguments] : [],
  );
  assert.deepEqual(streamed, calls);
  assert.equal(final.choices[0]?.message.content, "Looking it up.");
  assert.equal(final.usage?.completion_tokens, someUsage.outputTokens);
});

test("the @anthropic-ai/sdk package reads thinking, text and parallel tool calls, streamed and whole", async () => {
  void answerRichly();
  const whole = await anthropic.messages.create({ model: "auto", max_tokens: 50, messages, tools: anthropicTools });
  assert.deepEqual(
    whole.content.map((block) => block.type),
    ["thinking", "text", "tool_use", "tool_use"],
  );
  assert.equal(whole.stop_reason, "tool_use");

  void answerRichly();
  const final = await anthropic.messages
    .stream({ model: "auto", max_tokens: 50, messages, tools: anthropicTools })
    .finalMessage();
  assert.deepEqual(final.content, whole.content);
  assert.deepEqual(
    final.content.filter((block) => block.type === "tool_use").map(({ input }) => input),
    [{ city: "Paris" }, { zone: "CET" }],
  );
  assert.equal(final.usage.output_tokens, someUsage.outputTokens);
});

test("tool results of either package reach the worker in the same words", async () => {
  void openai.chat.completions
    .create({
      model: "auto",
      messages: [
        ...messages,
        {
          role: "assistant",
          content: null,
          tool_calls: [
            { id: "call_a", type: "function", function: { name: "weather", arguments: '{"city":"Paris"}' } },
          ],
        },
        { role: "tool", tool_call_id: "call_a", content: "sunny" },
      ],
      tools: openaiTools,
    })
    .catch(() => undefined);
  const fromOpenai = await worker.nextJob();
  fromOpenai.answer("ok");
  void anthropic.messages
    .create({
      model: "auto",
      max_tokens: 50,
      messages: [
        ...messages,
        { role: "assistant", content: [{ type: "tool_use", id: "call_a", name: "weather", input: { city: "Paris" } }] },
        { role: "user", content: [{ type: "tool_result", tool_use_id: "call_a", content: "sunny" }] },
      ],
      tools: anthropicTools,
    })
    .catch(() => undefined);
  const fromAnthropic = await worker.nextJob();
  fromAnthropic.answer("ok");
  assert.deepEqual(fromOpenai.request.messages, fromAnthropic.request.messages);
  assert.deepEqual(fromOpenai.request.messages[2], {
    role: "tool",
    callId: "call_a",
    content: [{ type: "text", text: "sunny" }],
  });
});

test("both packages raise their own error classes, with the status and our request id", async () => {
  await assert.rejects(
    openai.chat.completions.create({ model: "nothing", messages }),
    (error: unknown) => error instanceof OpenAI.NotFoundError && (error.requestID ?? "").startsWith("req_"),
  );
  await assert.rejects(
    anthropic.messages.create({ model: "nothing", max_tokens: 5, messages }),
    (error: unknown) => error instanceof Anthropic.NotFoundError && (error.requestID ?? "").startsWith("req_"),
  );
  const listed = [];
  for await (const model of anthropic.models.list()) listed.push(model.id);
  assert.deepEqual(listed, ["auto", "fake-model", "fake"]);
});

/** Half an answer, then a failure. */
async function breakOff(): Promise<void> {
  const job = await worker.nextJob();
  job.send({ type: "text-start", index: 0 }, { type: "text-delta", index: 0, text: "half" });
  job.done({ code: "source_failed", message: "The engine broke." });
}

test("an error in the stream is raised by both packages", async () => {
  void breakOff();
  await assert.rejects(
    openai.chat.completions.stream({ model: "auto", messages }).finalChatCompletion(),
    /The engine broke/,
  );
  void breakOff();
  await assert.rejects(
    anthropic.messages.stream({ model: "auto", max_tokens: 5, messages }).finalMessage(),
    /The engine broke/,
  );
});
