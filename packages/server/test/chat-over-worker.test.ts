import assert from "node:assert/strict";
import { test } from "node:test";
import { connectFakeWorker } from "./harness/fake-worker.ts";
import { startTestRouter } from "./harness/router.ts";

const hello = { model: "auto", messages: [{ role: "user", content: "Hi" }] };

test("a worker's answer reaches the caller through both APIs, whole and streamed", async () => {
  await using app = await startTestRouter();
  using _worker = await connectFakeWorker(app, { replies: "Hello from afar." });

  const openai = await app.post("/v1/chat/completions", hello);
  assert.equal(openai.status, 200);
  assert.equal(
    openai.headers.get("x-auxot-route"),
    "tier=gpu; provider=gpu; worker=fake-worker; model=fake-model; tries=1",
  );
  assert.match(openai.headers.get("x-request-id") ?? "", /^req_/);
  const completion = (await openai.json()) as { model: string; choices: { message: { content: string } }[] };
  assert.equal(completion.model, "fake-model");
  assert.equal(completion.choices[0]?.message.content, "Hello from afar.");

  const anthropic = await app.post("/v1/messages", { ...hello, max_tokens: 10 });
  const message = (await anthropic.json()) as { content: unknown; usage: { input_tokens: number } };
  assert.deepEqual(message.content, [{ type: "text", text: "Hello from afar." }]);
  assert.equal(message.usage.input_tokens, 5);

  const stream = await (await app.post("/v1/chat/completions", { ...hello, stream: true })).text();
  assert.match(stream, /data: \[DONE\]\n\n$/);
  const events = await (await app.post("/v1/messages", { ...hello, max_tokens: 10, stream: true })).text();
  assert.match(events, /event: message_stop\n/);
});

test("what a worker cannot be told, and what it warns of before its first token, is named in a header", async () => {
  await using app = await startTestRouter();
  using worker = await connectFakeWorker(app);
  const answer = app.post("/v1/chat/completions", { ...hello, zz_unheard_of: 1 });
  const job = await worker.nextJob();
  job.send({ type: "warning", message: "tool_choice: cannot be forced on this model." });
  job.answer("ok");
  const warnings = (await answer).headers.get("x-auxot-warnings") ?? "";
  assert.match(warnings, /zz_unheard_of: not understood.* \| tool_choice: cannot be forced/);
});
