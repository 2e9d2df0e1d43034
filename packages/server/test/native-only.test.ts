import assert from "node:assert/strict";
import { test } from "node:test";
import { startFakeCloud } from "./harness/fake-cloud.ts";
import { connectFakeWorker } from "./harness/fake-worker.ts";
import { startTestRouter } from "./harness/router.ts";

const answer = {
  id: "msg_1",
  type: "message",
  role: "assistant",
  model: "cloud-model",
  content: [],
  stop_reason: "end_turn",
  stop_sequence: null,
  usage: { input_tokens: 1, output_tokens: 0 },
};
const base = { model: "cloud-model", max_tokens: 5, messages: [{ role: "user", content: "Hi" }] };
const wishes: [wish: string, body: object][] = [
  ["mcp_servers", { ...base, mcp_servers: [{ type: "url", url: "https://a.test", name: "a" }] }],
  ["max_tokens", { ...base, max_tokens: 0 }],
];

for (const [param, body] of wishes) {
  test(`${param} that only Anthropic can do reaches Anthropic byte for byte`, async () => {
    await using cloud = await startFakeCloud(
      (_request, response) =>
        void response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer)),
    );
    await using app = await startTestRouter({ providers: [cloud.provider({ dialect: "anthropic-messages" })] });
    const response = await app.post("/v1/messages", body);
    assert.equal(response.status, 200);
    assert.equal(await response.text(), JSON.stringify(answer));
    assert.equal(cloud.requests[0]?.body, JSON.stringify(body));
  });

  test(`${param} that only Anthropic can do is refused by name where another provider would answer without it`, async () => {
    await using cloud = await startFakeCloud((_request, response) => void response.writeHead(500).end());
    await using app = await startTestRouter({ providers: [cloud.provider()] });
    const response = await app.post("/v1/messages", body);
    assert.equal(response.status, 400);
    const { error } = (await response.json()) as { error: { type: string; message: string } };
    assert.equal(error.type, "invalid_request_error");
    assert.match(error.message, new RegExp(`^${param}: `));
    assert.equal(cloud.requests.length, 0);
  });
}

test("what only Anthropic can do is refused before a worker begins", async () => {
  await using app = await startTestRouter();
  using _worker = await connectFakeWorker(app, { replies: "without it" });
  for (const [param, body] of wishes) {
    const response = await app.post("/v1/messages", { ...body, model: "fake-model" });
    assert.equal(response.status, 400);
    assert.match(await response.text(), new RegExp(`"${param}: `));
  }
});

test("a search of the web that only OpenAI can do is refused where nobody would search", async () => {
  await using app = await startTestRouter();
  using _worker = await connectFakeWorker(app, { replies: "without it" });
  const body = { ...base, model: "fake-model", web_search_options: {} };
  const response = await app.post("/v1/chat/completions", body);
  assert.equal(response.status, 400);
  assert.match(await response.text(), /"web_search_options: \\"fake-model\\" does not search the web/);
});
