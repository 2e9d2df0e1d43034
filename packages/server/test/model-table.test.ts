import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { after, before, beforeEach, test } from "node:test";
import type { CloudModel } from "../src/records/providers/providers.ts";
import { startFakeCloud, type FakeCloud } from "./harness/fake-cloud.ts";
import { startTestRouter, type TestRouter } from "./harness/router.ts";

let cloud: FakeCloud;
let app: TestRouter;

const models: readonly CloudModel[] = [
  { id: "claude-opus-4-7", aliases: [] },
  { id: "house-model", aliases: [], contextTokens: 100, abilities: { images: false, documents: false } },
  {
    id: "claude-sonnet-4-5",
    aliases: [],
    maxOutputTokens: 500,
    traits: { thinking: "none", refuses: ["top_k"], structuredOutput: false },
  },
];

const schema = { type: "object", properties: { city: { type: "string" } } };
const ask = {
  model: "claude-sonnet-4-5",
  messages: [{ role: "user", content: "Where?" }],
  response_format: { type: "json_schema", json_schema: { name: "place", schema } },
};

before(async () => {
  cloud = await startFakeCloud(answerWithTool);
  const provider = cloud.provider({ name: "claude", dialect: "anthropic-messages" });
  assert.ok(provider.cloud);
  const old = cloud.provider({ name: "old", models: ["gpt-3.5-turbo", "gpt-6-astra"] });
  app = await startTestRouter({ providers: [{ ...provider, cloud: { ...provider.cloud, models } }, old] });
});

beforeEach(() => void (cloud.requests.length = 0));

after(async () => {
  await app[Symbol.asyncDispose]();
  await cloud[Symbol.asyncDispose]();
});

test("an answer by a schema that came as the input of a tool is the caller's text, not streamed", async () => {
  const body = (await (await app.post("/v1/chat/completions", ask)).json()) as {
    choices: { message: { content: string; tool_calls?: unknown }; finish_reason: string }[];
  };
  const [choice] = body.choices;
  assert.deepEqual(
    [choice?.message.content, choice?.message.tool_calls, choice?.finish_reason],
    ['{"city":"Ulm"}', undefined, "stop"],
  );
  assert.deepEqual(sent()["tool_choice"], { type: "tool", name: "place" });
});

test("an answer by a schema that came as the input of a tool is the caller's text, streamed", async () => {
  const response = await app.post("/v1/responses", {
    model: ask.model,
    input: "Where?",
    stream: true,
    text: { format: { type: "json_schema", name: "place", schema } },
  });
  const text = await response.text();
  const events = text
    .split("\n\n")
    .filter((frame) => frame !== "")
    .map((frame) => JSON.parse(frame.slice(frame.indexOf("data: ") + 6)) as Record<string, unknown>);
  const words = events.filter(({ type }) => type === "response.output_text.delta").map(({ delta }) => delta);
  assert.equal(words.join(""), '{"city":"Ulm"}');
  assert.equal(events.at(-1)?.["type"], "response.completed");
  assert.doesNotMatch(text, /function_call_arguments/);
});

test("what the declaration of a provider says of a model counts before the table", async () => {
  const response = await app.post("/v1/chat/completions", {
    model: "claude-sonnet-4-5",
    messages: [{ role: "user", content: "hi" }],
    max_tokens: 9000,
    reasoning_effort: "high",
    top_k: 4,
  });
  const { max_tokens, thinking } = sent();
  assert.deepEqual([max_tokens, thinking], [500, undefined]);
  const warnings = response.headers.get("x-auxot-warnings") ?? "";
  assert.match(warnings, /max_tokens: 9000 was lowered to 500/);
  assert.match(warnings, /reasoning: claude-sonnet-4-5 does not reason/);
});

test("an image, a document, tools or too long a prompt never reach a model that cannot take them", async () => {
  const image = { type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } };
  const file = { type: "file", file: { filename: "a.pdf", file_data: "data:application/pdf;base64,AAAA" } };
  const tools = [{ type: "function", function: { name: "f" } }];
  const begun = [...user("hi"), { role: "assistant", content: "{" }];
  const cases = [
    [{ model: "house-model", messages: user([image]) }, /"house-model" takes no images/],
    [{ model: "house-model", messages: user([file]) }, /"house-model" takes no documents/],
    [{ model: "gpt-3.5-turbo", messages: user([image]) }, /"gpt-3.5-turbo" takes no images/],
    [{ model: "gpt-6-astra", messages: user("hi"), tools }, /"gpt-6-astra" takes tools only in the Responses format/],
    [{ model: "house-model", messages: user("x".repeat(2000)) }, /at least 250 tokens, .* is 100 tokens/],
    [{ model: "claude-opus-4-7", messages: begun }, /does not go on with an answer that was begun/],
  ] as const;
  for (const [body, message] of cases) {
    const response = await app.post("/v1/chat/completions", body);
    const { error } = (await response.json()) as { error: { message: string; type: string } };
    assert.equal(response.status, 400, error.message);
    assert.match(error.message, message);
    assert.equal(error.type, "invalid_request_error");
  }
  const servers = { model: "gpt-3.5-turbo", max_tokens: 9, messages: user("hi"), mcp_servers: [{ type: "url" }] };
  const refused = await app.post("/v1/messages", servers);
  assert.equal(refused.status, 400);
  assert.match(await refused.text(), /mcp_servers: /);
  assert.deepEqual(cloud.requests, []);
});

test("a long name of an end user reaches OpenAI's models as its hash", async () => {
  await app.post("/v1/messages", {
    model: "gpt-3.5-turbo",
    max_tokens: 9,
    messages: [{ role: "user", content: "hi" }],
    metadata: { user_id: "u".repeat(100) },
  });
  assert.match(String(sent()["user"]), /^[0-9a-f]{64}$/);
});

test("the model list tells the limits the router goes by", async () => {
  const response = await app.get("/v1/models/claude-opus-4-7", { headers: { "anthropic-version": "2023-06-01" } });
  const model = (await response.json()) as { max_input_tokens: number; max_tokens: number };
  assert.deepEqual([model.max_input_tokens, model.max_tokens], [1_000_000, 128_000]);
  const list = (await (await app.get("/v1/models")).json()) as {
    data: { id: string; auxot: { abilities?: object } }[];
  };
  const house = list.data.find(({ id }) => id === "house-model");
  assert.deepEqual(house?.auxot.abilities, { tools: true, images: false, reasoning: true, documents: false });
});

function user(content: unknown): readonly { role: string; content: unknown }[] {
  return [{ role: "user", content }];
}

function sent(): Record<string, unknown> {
  return JSON.parse(cloud.requests.at(-1)?.body ?? "{}") as Record<string, unknown>;
}

/** In Anthropic's format, with a call of whichever tool was sent first. */
function answerWithTool(request: { readonly body: string }, response: ServerResponse): void {
  const { stream } = JSON.parse(request.body) as { stream: boolean };
  const usage = { input_tokens: 5, output_tokens: 7 };
  const call = { type: "tool_use", id: "toolu_1", name: "place", input: {} };
  const message = { id: "msg_1", type: "message", role: "assistant", model: "m", stop_sequence: null, usage };
  if (!stream) {
    const whole = { ...message, content: [{ ...call, input: { city: "Ulm" } }], stop_reason: "tool_use" };
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(whole));
    return;
  }
  const events = [
    { type: "message_start", message: { ...message, content: [], stop_reason: null } },
    { type: "content_block_start", index: 0, content_block: call },
    delta('{"city":'),
    delta('"Ulm"}'),
    { type: "content_block_stop", index: 0 },
    { type: "message_delta", delta: { stop_reason: "tool_use", stop_sequence: null }, usage },
    { type: "message_stop" },
  ];
  const frames = events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  response.writeHead(200, { "content-type": "text/event-stream" }).end(frames.join(""));
}

function delta(partial: string): { readonly type: string; readonly index: number; readonly delta: object } {
  const input = { type: "input_json_delta", partial_json: partial };
  return { type: "content_block_delta", index: 0, delta: input };
}
