import assert from "node:assert/strict";
import { test } from "node:test";
import { answerOpenai, openaiStream, startFakeCloud } from "./harness/fake-cloud.ts";
import { startTestRouter } from "./harness/router.ts";

test("where the dialects match, the body goes on byte for byte but for the model, and so does the answer", async () => {
  const answer = `{"id":"chatcmpl-1","zzz_unknown":12345678901234567890,\n  "choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}],"model":"cloud-model","usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}`;
  await using cloud = await startFakeCloud(
    (_request, response) => void response.writeHead(200, { "content-type": "application/json" }).end(answer),
  );
  await using app = await startTestRouter({ providers: [cloud.provider()] });
  const body = `{ "seed": 12345678901234567890, "zz_new_field": {"b":1,"a":[ ]},\n "model" : "auto", "messages":[{"content":"H\\u00e9","role":"user"}] }`;
  const response = await app.post("/v1/chat/completions", body);
  assert.equal(cloud.requests[0]?.body, body.replace('"auto"', '"cloud-model"'));
  assert.equal(cloud.requests[0]?.path, "/v1/chat/completions");
  assert.equal(await response.text(), answer);
});

test("a stream passes byte for byte", async () => {
  await using cloud = await startFakeCloud(answerOpenai(["one ", "zwei ", "três 🎉"]));
  await using app = await startTestRouter({ providers: [cloud.provider()] });
  const body = { model: "auto", stream: true, messages: [{ role: "user", content: "Hi" }] };
  const response = await app.post("/v1/chat/completions", body);
  assert.equal(await response.text(), openaiStream("cloud-model", ["one ", "zwei ", "três 🎉"]));
});

test("Anthropic's version and beta headers travel with the body, credentials and cookies do not", async () => {
  await using cloud = await startFakeCloud(
    (_request, response) =>
      void response.writeHead(200, { "content-type": "application/json" }).end(
        JSON.stringify({
          id: "msg_1",
          type: "message",
          role: "assistant",
          model: "cloud-model",
          content: [{ type: "text", text: "hi" }],
          stop_reason: "end_turn",
          stop_sequence: null,
          usage: { input_tokens: 1, output_tokens: 1 },
        }),
      ),
  );
  await using app = await startTestRouter({ providers: [cloud.provider({ dialect: "anthropic-messages" })] });
  const headers = { "anthropic-version": "2023-06-01", "anthropic-beta": "some-beta-1,other-2", cookie: "a=b" };
  const body = { model: "cloud-model", max_tokens: 5, messages: [{ role: "user", content: "Hi" }] };
  assert.equal((await app.post("/v1/messages", body, { headers })).status, 200);
  const sent = cloud.requests[0]?.headers;
  assert.equal(sent?.["anthropic-beta"], "some-beta-1,other-2");
  assert.equal(sent?.["x-api-key"], "sk-upstream-secret");
  assert.equal(sent?.authorization, undefined);
  assert.equal(sent?.cookie, undefined);
  assert.equal((await app.post("/v1/chat/completions", body, { headers })).status, 200);
  assert.equal(cloud.requests[1]?.headers["anthropic-beta"], undefined, "a translated request has no use for them");
  assert.equal(cloud.requests[1]?.path, "/v1/messages");
});

test("across dialects the answer is translated, and what could not be carried is named in a header", async () => {
  await using cloud = await startFakeCloud(answerOpenai(["Hello ", "there"]));
  await using app = await startTestRouter({ providers: [cloud.provider()] });
  const body = { model: "auto", max_tokens: 5, zz_unheard_of: 3, messages: [{ role: "user", content: "Hi" }] };
  const whole = await app.post("/v1/messages", body);
  assert.match(whole.headers.get("x-auxot-warnings") ?? "", /zz_unheard_of/);
  assert.deepEqual(((await whole.json()) as { content: unknown }).content, [{ type: "text", text: "Hello there" }]);
  const many = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`zz_unheard_of_field_${i}`, 1]));
  const short = (await app.post("/v1/messages", { ...body, ...many })).headers.get("x-auxot-warnings") ?? "";
  assert.ok(short.length <= 2000, "clients refuse headers that are too large");
  const stream = await (await app.post("/v1/messages", { ...body, stream: true })).text();
  assert.match(stream, /event: message_start.*Hello .*there.*event: message_stop/s);
  assert.equal(
    (JSON.parse(cloud.requests.at(-1)?.body ?? "{}") as { stream_options?: unknown }).stream_options !== undefined,
    true,
  );
});

test("models are discovered when none are declared, and asked for by provider/model", async () => {
  await using cloud = await startFakeCloud(answerOpenai(["hi"]));
  const provider = cloud.provider();
  assert.ok(provider.cloud);
  await using app = await startTestRouter({
    providers: [{ ...provider, cloud: { ...provider.cloud, models: [], modelsDeclared: false } }],
  });
  while (!app.log.some((line) => line["message"] === "cloud provider answers and takes the key"))
    await app.get("/api/health");
  const body = { model: "cloud/cloud-model", messages: [{ role: "user", content: "Hi" }] };
  assert.equal((await app.post("/v1/chat/completions", body)).status, 200);
});

test("several answers at once come from a provider of the caller's own dialect, and are refused by name elsewhere", async () => {
  const choices = [0, 1].map((index) => ({
    index,
    message: { role: "assistant", content: `a${index}` },
    finish_reason: "stop",
  }));
  const answer = { id: "c", model: "m", choices, usage: { prompt_tokens: 3, completion_tokens: 4 } };
  await using own = await startFakeCloud(
    (_request, response) =>
      void response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer)),
  );
  await using app = await startTestRouter({
    providers: [
      own.provider({ name: "foreign", dialect: "anthropic-messages", models: ["shared", "only-foreign"] }),
      own.provider({ name: "own", models: ["shared"] }),
    ],
  });
  const body = { n: 2, messages: [{ role: "user", content: "Hi" }] };
  const passed = await app.post("/v1/chat/completions", { ...body, model: "shared" });
  assert.match(passed.headers.get("x-auxot-route") ?? "", /provider=own/);
  assert.deepEqual(await passed.json(), answer);
  assert.match(own.requests[0]?.body ?? "", /"n":2/);
  const refused = await app.post("/v1/chat/completions", { ...body, model: "only-foreign" });
  assert.equal(refused.status, 400);
  const { error } = (await refused.json()) as { error: { param: string; message: string } };
  assert.equal(error.param, "n");
  assert.match(error.message, /one answer a request/);
  assert.equal(own.requests.length, 1);
});

const chunk = (index: number, delta: object, finish_reason: string | null = null): string =>
  `data: ${JSON.stringify({ id: "c", model: "m", choices: [{ index, delta, finish_reason }] })}\n\n`;

test("a stream of several answers passes whole, though the first is over before the others", async () => {
  const frames = [
    chunk(0, { content: "a" }),
    chunk(1, { content: "b" }),
    chunk(0, {}, "stop"),
    chunk(1, { content: "c" }),
  ];
  const stream = [...frames, chunk(1, {}, "stop"), "data: [DONE]\n\n"];
  await using cloud = await startFakeCloud(async (_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const frame of stream) await new Promise((resolve) => response.write(frame, resolve));
    response.end();
  });
  await using app = await startTestRouter({ providers: [cloud.provider()] });
  const body = { model: "auto", n: 2, stream: true, messages: [{ role: "user", content: "Hi" }] };
  assert.equal(await (await app.post("/v1/chat/completions", body)).text(), stream.join(""));
});
