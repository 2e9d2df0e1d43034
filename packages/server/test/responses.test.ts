import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import OpenAI from "openai";
import { startFakeCloud } from "./harness/fake-cloud.ts";
import { connectFakeWorker, someUsage, type FakeWorker } from "./harness/fake-worker.ts";
import { startTestRouter, type TestRouter } from "./harness/router.ts";

let app: TestRouter;
let worker: FakeWorker;
let openai: OpenAI;
before(async () => {
  app = await startTestRouter();
  worker = await connectFakeWorker(app);
  openai = new OpenAI({ baseURL: `${app.url}/v1`, apiKey: app.key, maxRetries: 0 });
});
after(async () => {
  worker[Symbol.dispose]();
  await app[Symbol.asyncDispose]();
});

const hello = { model: "auto", input: "Weather and time?" };
const tools = [
  { type: "function" as const, name: "weather", parameters: { type: "object" }, strict: false },
  { type: "custom" as const, name: "patch" },
];

/** Reasoning, text, and a function and a custom call that interleave: everything an answer can hold. */
async function answerRichly(): Promise<void> {
  const job = await worker.nextJob();
  job.send(
    { type: "start", model: "fake-model" },
    { type: "reasoning-start", index: 0 },
    { type: "reasoning-delta", index: 0, text: "Let me see." },
    { type: "reasoning-end", index: 0 },
  );
  job.send(
    { type: "text-start", index: 1 },
    { type: "text-delta", index: 1, text: "Looking " },
    { type: "text-delta", index: 1, text: "it up." },
    { type: "text-end", index: 1 },
  );
  job.send(
    { type: "tool-call-start", index: 2, id: "call_a", name: "weather" },
    { type: "tool-call-start", index: 3, id: "call_b", name: "patch" },
    { type: "tool-call-delta", index: 2, arguments: '{"city":' },
    { type: "tool-call-delta", index: 3, arguments: '{"input":"+ a"}' },
    { type: "tool-call-delta", index: 2, arguments: '"Paris"}' },
    { type: "tool-call-end", index: 2 },
    { type: "tool-call-end", index: 3 },
  );
  job.send({ type: "usage", usage: someUsage }, { type: "end", stopReason: "tool-calls" });
  job.done();
}

function describeOutput(output: OpenAI.Responses.ResponseOutputItem[]): unknown[] {
  return output.map((item) => {
    if (item.type === "function_call") return [item.call_id, item.name, item.arguments];
    return item.type === "custom_tool_call" ? [item.call_id, item.name, item.input] : item.type;
  });
}

test("the openai package reads reasoning, text and parallel tool calls of a Responses answer, streamed and whole", async () => {
  void answerRichly();
  const whole = await openai.responses.create({ ...hello, tools });
  assert.match(whole.id, /^resp_/);
  assert.equal(whole.status, "completed");
  assert.equal(whole.output_text, "Looking it up.");
  assert.deepEqual(describeOutput(whole.output), [
    "reasoning",
    "message",
    ["call_a", "weather", '{"city":"Paris"}'],
    ["call_b", "patch", "+ a"],
  ]);
  assert.equal(whole.usage?.input_tokens_details.cached_tokens, someUsage.cachedInputTokens);

  void answerRichly();
  const final = await openai.responses.stream({ ...hello, tools }).finalResponse();
  assert.deepEqual(describeOutput(final.output), describeOutput(whole.output));
  assert.equal(final.output_text, whole.output_text);
  assert.deepEqual(final.usage, whole.usage);
  assert.equal(final.tools[0]?.type, "function");
});

test("what the model wrote and what the tools gave reach the worker as one turn and its results", async () => {
  void answerRichly();
  const first = await openai.responses.create({ ...hello, tools });
  void openai.responses
    .create({
      model: "auto",
      instructions: "Be brief.",
      input: [
        { role: "user", content: "Weather and time?" },
        ...(first.output as OpenAI.Responses.ResponseInputItem[]),
        { type: "function_call_output", call_id: "call_a", output: "sunny" },
        { type: "custom_tool_call_output", call_id: "call_b", output: "done" },
      ],
      tools,
    })
    .catch(() => undefined);
  const job = await worker.nextJob();
  job.answer("ok");
  assert.deepEqual(
    job.request.messages.map((message) => [message.role, message.content.map((part) => part.type)]),
    [
      ["system", ["text"]],
      ["user", ["text"]],
      ["assistant", ["reasoning", "text", "tool-call", "tool-call"]],
      ["tool", ["text"]],
      ["tool", ["text"]],
    ],
  );
});

test("a Responses stream is at every prefix, ends with response.completed and counts its events without a gap", async () => {
  for (const path of ["/v1/responses", "/api/openai/v1/responses", "/api/openai/responses"]) {
    void worker.nextJob().then((job) => job.answer("Hello from afar."));
    const response = await app.post(path, { ...hello, stream: true });
    assert.match(response.headers.get("content-type") ?? "", /^text\/event-stream/);
    const frames = (await response.text()).split("\n\n").filter((frame) => frame !== "");
    const events = frames.map((frame) => JSON.parse(frame.slice(frame.indexOf("data: ") + 6)));
    assert.deepEqual(
      events.map((event) => event.sequence_number),
      events.map((_, at) => at),
    );
    assert.equal(events[0].type, "response.created");
    assert.equal(events.at(-1).type, "response.completed");
    assert.equal(events.at(-1).response.output[0].content[0].text, "Hello from afar.");
  }
});

test("errors before a Responses answer have OpenAI's envelope and name the field", async () => {
  const bad = await app.post("/v1/responses", { model: "auto", input: [{ role: "user", content: [{}] }] });
  assert.equal(bad.status, 400);
  assert.deepEqual(await bad.json(), {
    error: {
      message: "input[0].content[0].type: expected the type of a part, e.g. input_text, got nothing.",
      type: "invalid_request_error",
      param: "input[0].content[0].type",
      code: "invalid_request",
    },
  });
  await assert.rejects(
    openai.responses.create({ ...hello, previous_response_id: "resp_x" }),
    (error: unknown) => error instanceof OpenAI.BadRequestError && error.code === "previous_response_not_found",
  );
  await assert.rejects(openai.responses.create({ ...hello, model: "nothing" }), OpenAI.NotFoundError);
  await assert.rejects(openai.responses.retrieve("resp_x"), OpenAI.NotFoundError);
  const method = await app.get("/v1/responses");
  assert.equal(method.status, 405);
});

/** Half an answer, then a failure. */
async function breakOff(): Promise<void> {
  const job = await worker.nextJob();
  job.send({ type: "text-start", index: 0 }, { type: "text-delta", index: 0, text: "half" });
  job.done({ code: "context_length_exceeded", message: "The context is full." });
}

test("an error inside a Responses stream is a failed response, and nothing follows it", async () => {
  void breakOff();
  const final = await openai.responses.stream(hello).finalResponse();
  assert.equal(final.status, "failed");
  assert.equal(final.error?.message, "The context is full.");
  void breakOff();
  const text = await (await app.post("/v1/responses", { ...hello, stream: true })).text();
  assert.match(text, /event: response\.failed\ndata: .*"code":"context_length_exceeded".*\n\n$/);
});

/** A Responses provider's stream of one word. */
function streamWord(model: string, text: string): string {
  const item = { id: "msg_1", type: "message", role: "assistant", status: "completed" };
  const content = [{ type: "output_text", text, annotations: [] }];
  const usage = { input_tokens: 11, output_tokens: 1, total_tokens: 12 };
  return [
    { type: "response.created", response: { id: "resp_up", model, output: [] } },
    { type: "response.output_item.added", output_index: 0, item: { ...item, content: [] } },
    { type: "response.output_text.delta", output_index: 0, content_index: 0, item_id: "msg_1", delta: text },
    { type: "response.output_item.done", output_index: 0, item: { ...item, content } },
    { type: "response.completed", response: { id: "resp_up", model, status: "completed", output: [], usage } },
  ]
    .map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
    .join("");
}

test("a Responses provider that breaks off is a failure of its own response, with the next sequence number", async () => {
  const events = [
    {
      type: "response.created",
      sequence_number: 0,
      response: { id: "resp_up", model: "m", metadata: { a: "b" }, output: [] },
    },
    {
      type: "response.output_text.delta",
      sequence_number: 7,
      output_index: 0,
      content_index: 0,
      delta: 'say \\"sequence_number\\":99',
    },
  ];
  const begun = events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join("");
  await using cloud = await startFakeCloud((_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(begun, () => response.destroy());
  });
  await using router = await startTestRouter({ providers: [cloud.provider({ dialect: "openai-responses" })] });
  const text = await (await router.post("/v1/responses", { model: "cloud-model", input: "hi", stream: true })).text();
  assert.ok(text.startsWith(begun));
  const failed = JSON.parse(text.slice(begun.length).replace("event: response.failed\ndata: ", ""));
  assert.equal(failed.sequence_number, 8);
  const { id, status, metadata, error } = failed.response;
  assert.deepEqual({ id, status, metadata }, { id: "resp_up", status: "failed", metadata: { a: "b" } });
  assert.match(error.message, /broke off/);
});

test("a Responses provider gets its callers' bytes as they are, and every other format's request translated", async () => {
  const upstream = streamWord("cloud-model", "hello");
  await using cloud = await startFakeCloud((_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" }).end(upstream);
  });
  await using router = await startTestRouter({ providers: [cloud.provider({ dialect: "openai-responses" })] });

  const asked = { model: "cloud-model", input: "hi", tools: [{ type: "web_search" }], store: true, stream: true };
  const passed = await router.post("/v1/responses", asked);
  assert.equal(await passed.text(), upstream);
  assert.equal(cloud.requests[0]?.path, "/v1/responses");
  assert.equal(cloud.requests[0]?.body, JSON.stringify(asked));

  const translated = await router.post("/v1/chat/completions", {
    model: "cloud-model",
    messages: [{ role: "user", content: "hi" }],
    stream: true,
  });
  assert.match(await translated.text(), /"content":"hello".*\[DONE\]/s);
  const body = JSON.parse(cloud.requests[1]?.body ?? "");
  assert.deepEqual(body.input, [{ type: "message", role: "user", content: [{ type: "input_text", text: "hi" }] }]);
  assert.equal(body.store, false);
});
