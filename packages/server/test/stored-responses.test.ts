import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { ChatMessage } from "@auxot/wire/chat";
import OpenAI from "openai";
import { answerOpenai, startFakeCloud } from "./harness/fake-cloud.ts";
import { createStoringCloud } from "./harness/fake-responses-cloud.ts";
import { connectFakeWorker, fakeOffer, type FakeWorker } from "./harness/fake-worker.ts";
import { startTestRouter, type TestRouter } from "./harness/router.ts";

let app: TestRouter;
let worker: FakeWorker;
let openai: OpenAI;
before(async () => {
  app = await startTestRouter();
  worker = await connectFakeWorker(app);
  openai = connect(app);
});
after(async () => {
  worker[Symbol.dispose]();
  await app[Symbol.asyncDispose]();
});

function connect(router: TestRouter, apiKey = router.key): OpenAI {
  return new OpenAI({ baseURL: `${router.url}/v1`, apiKey, maxRetries: 0 });
}

async function makeKey(router: TestRouter): Promise<string> {
  const made = (await (await router.post("/api/keys", { name: "another" })).json()) as { key: string };
  return made.key;
}

/** Asks and answers once; gives what the worker was asked too. */
async function ask(body: Partial<OpenAI.Responses.ResponseCreateParamsNonStreaming>, text: string) {
  const answer = openai.responses.create({ model: "auto", ...body });
  const job = await worker.nextJob();
  job.answer(text);
  return { response: await answer, asked: job.request.messages };
}

/** The package's types leave the field out. */
function readStore(response: OpenAI.Responses.Response): unknown {
  return (response as { readonly store?: unknown }).store;
}

function tell(messages: readonly ChatMessage[]): string[] {
  return messages.map(
    ({ role, content }) => `${role}: ${content.map((part) => ("text" in part ? part.text : part.type)).join("|")}`,
  );
}

const unknownResponse = {
  error: { message: "Response with id 'resp_x' not found.", type: "invalid_request_error", param: null, code: null },
};

test("an answer is kept unless store is false, and is given again as it was, to the key that made it and to no other", async () => {
  const { response } = await ask({ input: "Hi", metadata: { a: "b" }, instructions: "Be brief." }, "Hello.");
  assert.equal(readStore(response), true);
  assert.equal(response.background, false);
  const { output_text: _, _request_id: __, ...sent } = response as typeof response & { _request_id?: string };
  const { output_text, _request_id, ...kept } = (await openai.responses.retrieve(response.id)) as typeof response & {
    _request_id?: string;
  };
  assert.deepEqual(kept, sent);
  assert.equal(output_text, "Hello.");
  assert.deepEqual(kept.metadata, { a: "b" });
  assert.equal(kept.instructions, "Be brief.");

  const other = connect(app, await makeKey(app));
  await assert.rejects(other.responses.retrieve(response.id), OpenAI.NotFoundError);
  await assert.rejects(other.responses.delete(response.id), OpenAI.NotFoundError);
  await assert.rejects(other.responses.cancel(response.id), OpenAI.NotFoundError);
  await assert.rejects(other.responses.inputItems.list(response.id), OpenAI.NotFoundError);
  await assert.rejects(
    other.responses.create({ model: "auto", input: "Go on", previous_response_id: response.id }),
    (error: unknown) => error instanceof OpenAI.BadRequestError && error.code === "previous_response_not_found",
  );
  const [message] = response.output;
  await assert.rejects(
    other.responses.create({ model: "auto", input: [{ type: "item_reference", id: message?.id ?? "" }] }),
    OpenAI.NotFoundError,
  );

  const unkept = (await ask({ input: "Hi", store: false }, "Gone.")).response;
  assert.equal(readStore(unkept), false);
  await assert.rejects(openai.responses.retrieve(unkept.id), OpenAI.NotFoundError);
});

test("an unknown response is a 404 in OpenAI's words on every path, and other methods are told", async () => {
  for (const [method, path] of [
    ["GET", "/v1/responses/resp_x"],
    ["DELETE", "/v1/responses/resp_x"],
    ["GET", "/v1/responses/resp_x/input_items"],
    ["POST", "/v1/responses/resp_x/cancel"],
    ["GET", "/api/openai/responses/resp_x?stream=true"],
  ] as const) {
    const answer = await send(method, path);
    assert.equal(answer.status, 404, path);
    assert.deepEqual(await answer.json(), unknownResponse);
  }
  assert.equal((await send("GET", "/v1/responses/%00")).status, 404);
  assert.equal((await send("GET", `/v1/responses/${"x".repeat(5000)}`)).status, 404);
  assert.equal((await send("PUT", "/v1/responses/resp_x")).status, 405);
  assert.equal((await send("GET", "/v1/responses/resp_x/cancel")).status, 405);
  assert.equal((await send("GET", "/v1/responses/resp_x/nothing")).status, 404);
  assert.equal((await app.get("/v1/responses/resp_x", { key: null })).status, 401);
});

function send(method: string, path: string): Promise<Response> {
  return fetch(app.url + path, { method, headers: { authorization: `Bearer ${app.key}` } });
}

test("previous_response_id restores the whole conversation in order, and not its instructions", async () => {
  const tools = [{ type: "function" as const, name: "weather", parameters: { type: "object" }, strict: false }];
  const first = (await ask({ input: "One", instructions: "First rule." }, "Eins.")).response;
  const second = openai.responses.create({ model: "auto", input: "Two", previous_response_id: first.id, tools });
  const job = await worker.nextJob();
  job.send(
    { type: "tool-call-start", index: 0, id: "call_1", name: "weather" },
    { type: "tool-call-delta", index: 0, arguments: "{}" },
    { type: "tool-call-end", index: 0 },
    { type: "end", stopReason: "tool-calls" },
  );
  job.done();
  const { response, asked } = await ask(
    {
      instructions: "Third rule.",
      previous_response_id: (await second).id,
      input: [{ type: "function_call_output", call_id: "call_1", output: "sunny" }],
      tools,
    },
    "It is sunny.",
  );
  assert.equal(response.previous_response_id, (await second).id);
  assert.deepEqual(tell(asked), [
    "system: Third rule.",
    "user: One",
    "assistant: Eins.",
    "user: Two",
    "assistant: tool-call",
    "tool: sunny",
  ]);
  const listed = [];
  for await (const item of openai.responses.inputItems.list(response.id, { order: "asc", limit: 2 }))
    listed.push(item.type);
  assert.deepEqual(listed, ["message", "message", "message", "function_call", "function_call_output"]);

  await openai.responses.delete(first.id);
  await assert.rejects(
    openai.responses.create({ model: "auto", input: "Go on", previous_response_id: response.id }),
    (error: unknown) =>
      error instanceof OpenAI.BadRequestError &&
      error.code === "previous_response_not_found" &&
      error.message.includes(first.id) &&
      error.message.includes("was deleted or has expired"),
  );
});

test("a response can be gone on from in the moment its stream says that it is complete", async () => {
  for (let round = 0; round < 5; round++) {
    void worker.nextJob().then((job) => job.answer("Yes."));
    const stream = await openai.responses.create({ model: "auto", input: "Ready?", stream: true });
    for await (const event of stream) {
      if (event.type !== "response.completed") continue;
      const next = openai.responses.create({ model: "auto", input: "And?", previous_response_id: event.response.id });
      const job = await worker.nextJob();
      job.answer("Go.");
      assert.deepEqual(tell(job.request.messages), ["user: Ready?", "assistant: Yes.", "user: And?"]);
      await next;
    }
  }
});

test("stored items can be named by their id, as the Vercel AI SDK does, and unknown ones are told", async () => {
  const { response } = await ask({ input: "One" }, "Eins.");
  const id = response.output[0]?.id ?? "";
  const named: OpenAI.Responses.ResponseInputItem[] = [
    { role: "user", content: "One" },
    { type: "item_reference", id },
  ];
  const next = await ask({ input: [...named, { role: "user", content: "Two" }] }, "Zwei.");
  assert.deepEqual(tell(next.asked), ["user: One", "assistant: Eins.", "user: Two"]);
  const again = await ask({ input: [{ id } as never, { role: "user", content: "Three" }] }, "Drei.");
  assert.deepEqual(tell(again.asked), ["assistant: Eins.", "user: Three"], "the type may be left out");

  const items = (await openai.responses.inputItems.list(next.response.id)).data;
  assert.deepEqual(
    items.map((item) => item.type === "message" && item.content),
    [
      [{ type: "input_text", text: "Two" }],
      [{ type: "output_text", text: "Eins.", annotations: [], logprobs: [] }],
      [{ type: "input_text", text: "One" }],
    ],
    "newest first, resolved and in their long form",
  );
  const [own] = items;
  const byInput = await ask({ input: [{ type: "item_reference", id: own?.id ?? "" }] }, "Wieder.");
  assert.deepEqual(tell(byInput.asked), ["user: Two"], "ids given to input items hold too");

  const answer = await app.post("/v1/responses", { model: "auto", input: [{ type: "item_reference", id: "msg_no" }] });
  assert.equal(answer.status, 404);
  assert.deepEqual(await answer.json(), {
    error: {
      message: "Item with id 'msg_no' not found.",
      type: "invalid_request_error",
      param: "input[0]",
      code: null,
    },
  });
});

test("input items are listed in pages, either way, from any of them", async () => {
  const input = ["a", "b", "c", "d"].map((content) => ({ role: "user" as const, content }));
  const { response } = await ask({ input }, "ok");
  const texts = async (query: string) => {
    const list = (await (await app.get(`/v1/responses/${response.id}/input_items${query}`)).json()) as {
      object: string;
      data: { id: string; content: { text: string }[] }[];
      first_id: string | null;
      last_id: string | null;
      has_more: boolean;
    };
    assert.equal(list.object, "list");
    assert.equal(list.first_id, list.data[0]?.id ?? null);
    assert.equal(list.last_id, list.data.at(-1)?.id ?? null);
    const ids = list.data.map(({ id }) => id);
    return { texts: list.data.map(({ content }) => content[0]?.text).join(""), more: list.has_more, ids };
  };
  const all = await texts("");
  assert.deepEqual([all.texts, all.more], ["dcba", false]);
  const [d, c, , a] = all.ids;
  for (const [query, expected, more] of [
    ["?limit=3", "dcb", true],
    ["?order=asc&limit=2", "ab", true],
    [`?after=${c}`, "ba", false],
    [`?after=${a}`, "", false],
    [`?order=asc&after=${a}&limit=1`, "b", true],
    [`?before=${a}&after=${d}`, "cb", false],
  ] as const) {
    const page = await texts(query);
    assert.deepEqual([page.texts, page.more], [expected, more], query);
  }
  for (const [query, param] of [
    ["?limit=0", "limit"],
    ["?limit=101", "limit"],
    ["?limit=x", "limit"],
    ["?order=up", "order"],
    ["?after=msg_no", "after"],
    ["?before=msg_no", "before"],
    ["?include=everything", "include"],
  ] as const) {
    const answer = await app.get(`/v1/responses/${response.id}/input_items${query}`);
    assert.equal(answer.status, 400, query);
    assert.equal(((await answer.json()) as { error: { param: string } }).error.param, param);
  }
});

test("a deleted response is gone; one that was not made in the background can be neither cancelled nor streamed again", async () => {
  const { response } = await ask({ input: "Hi" }, "Hello.");
  await assert.rejects(openai.responses.cancel(response.id), /400 Cannot cancel a synchronous response/);
  await assert.rejects(openai.responses.retrieve(response.id, { stream: true }), /400 stream: only a response created/);
  await openai.responses.retrieve(response.id, { include: ["reasoning.encrypted_content"] });
  for (const [query, param] of [
    ["?stream=maybe", "stream"],
    ["?stream=true&starting_after=-1", "starting_after"],
    ["?starting_after=3", "starting_after"],
    ["?include[]=nothing", "include"],
    ["?include_obfuscation=2", "include_obfuscation"],
  ] as const) {
    const answer = await app.get(`/v1/responses/${response.id}${query}`);
    assert.equal(answer.status, 400, query);
    assert.equal(((await answer.json()) as { error: { param: string } }).error.param, param);
  }
  const deleted = await send("DELETE", `/v1/responses/${response.id}`);
  assert.deepEqual(await deleted.json(), { id: response.id, object: "response.deleted", deleted: true });
  await assert.rejects(openai.responses.retrieve(response.id), OpenAI.NotFoundError);
  assert.equal((await send("DELETE", `/v1/responses/${response.id}`)).status, 404);
});

test("fields about the store that contradict each other, and conversations, are refused by name", async () => {
  const hello = { model: "auto", input: "Hi" };
  for (const [body, param] of [
    [{ previous_response_id: "resp_x", conversation: "conv_x" }, "previous_response_id"],
    [{ conversation: "conv_x" }, "conversation"],
    [{ previous_response_id: 7 }, "previous_response_id"],
    [{ store: "yes" }, "store"],
    [{ background: 1 }, "background"],
    [{ background: true, store: false }, "background"],
    [{ input: [{ type: "item_reference" }] }, "input[0].id"],
    [{ input: [7, { type: "item_reference", id: "x" }] }, "input[0]"],
  ] as const) {
    const answer = await app.post("/v1/responses", { ...hello, ...body });
    assert.equal(answer.status, 400, JSON.stringify(body));
    assert.equal(((await answer.json()) as { error: { param: string } }).error.param, param);
  }
});

test("an answer whose caller left is not kept", async () => {
  const caller = new AbortController();
  const answer = app.post("/v1/responses", { model: "auto", input: "Hi", stream: true }, { signal: caller.signal });
  const job = await worker.nextJob();
  job.send({ type: "text-start", index: 0 }, { type: "text-delta", index: 0, text: "half" });
  const reader = (await answer).body?.getReader();
  const { value } = (await reader?.read()) ?? {};
  const id = /resp_\w+/.exec(Buffer.from(value ?? []).toString("utf8"))?.[0] ?? "";
  caller.abort();
  await job.cancelled;
  job.done();
  await assert.rejects(openai.responses.retrieve(id), OpenAI.NotFoundError);
});

test("an answer that failed in its stream is kept as failed", async () => {
  const answer = app.post("/v1/responses", { model: "auto", input: "Hi", stream: true });
  const job = await worker.nextJob();
  job.send({ type: "text-start", index: 0 }, { type: "text-delta", index: 0, text: "half" });
  job.done({ code: "source_failed", message: "The engine broke." });
  const id = /resp_\w+/.exec(await (await answer).text())?.[0] ?? "";
  const kept = await openai.responses.retrieve(id);
  assert.equal(kept.status, "failed");
  assert.equal(kept.error?.message, "The engine broke.");
});

test("with a retention of 0 days nothing is kept, and whoever needs it is told why", async () => {
  await using router = await startTestRouter({ responses: { retentionDays: 0 } });
  using _worker = await connectFakeWorker(router, { replies: "ok" });
  const client = connect(router);
  const response = await client.responses.create({ model: "auto", input: "Hi", store: true });
  assert.equal(readStore(response), false);
  await assert.rejects(
    client.responses.retrieve(response.id),
    /404 .*keeps no responses \(responses.retentionDays is 0\)/,
  );
  await assert.rejects(
    client.responses.create({ model: "auto", input: "Hi", previous_response_id: response.id }),
    /400 .*keeps no responses/,
  );
  await assert.rejects(
    client.responses.create({ model: "auto", input: "Hi", background: true }),
    /400 background: .*keeps no/,
  );
});

test("a conversation stays with who answered, moves on from what is kept when that one is gone, and says so", async () => {
  await using cloud = await startFakeCloud(answerOpenai(["from the cloud"]));
  await using router = await startTestRouter({ providers: [cloud.provider()] });
  const client = connect(router);
  const first = await client.responses.create({ model: "auto", input: "One" });
  assert.equal(first.model, "cloud-model");
  using gpu = await connectFakeWorker(router, { offers: [{ ...fakeOffer, aliases: ["cloud-model"] }], replies: "GPU" });
  const second = await client.responses
    .create({ model: "auto", input: "Two", previous_response_id: first.id })
    .withResponse();
  assert.match(second.response.headers.get("x-auxot-route") ?? "", /provider=cloud/);
  assert.equal(second.response.headers.get("x-auxot-warnings"), null);
  assert.match(cloud.requests.at(-1)?.body ?? "", /One.*from the cloud.*Two/);

  // Three failures in a row: the cloud rests.
  cloud.answer = (_request, response) => void response.writeHead(500).end("broken");
  const third = await client.responses
    .create({ model: "auto", input: "Three", previous_response_id: second.data.id })
    .withResponse();
  assert.equal(third.data.output_text, "GPU");
  assert.match(third.response.headers.get("x-auxot-warnings") ?? "", /^previous_response_id: cloud answered before/);
  const job = gpu.frames.find((frame) => frame.type === "job-start");
  assert.deepEqual(tell(job?.request.messages ?? []), [
    "user: One",
    "assistant: from the cloud",
    "user: Two",
    "assistant: from the cloud",
    "user: Three",
  ]);
});

test("a provider that stores for itself gets previous_response_id in the caller's own bytes", async () => {
  const storing = createStoringCloud();
  await using cloud = await startFakeCloud(storing.answer);
  await using router = await startTestRouter({ providers: [cloud.provider({ dialect: "openai-responses" })] });
  const client = connect(router);
  for (const stream of [false, true]) {
    const first = await (await router.post("/v1/responses", { model: "cloud-model", input: "One", stream })).text();
    const id = /resp_up_\d+/.exec(first)?.[0] ?? "";
    const kept = await client.responses.retrieve(id);
    assert.equal(kept.output_text, `answer ${id.slice(8)}`, "under the id the provider gave, with its items");

    const body = `{ "model":"auto",\n "previous_response_id": "${id}","input":"Two", "stream":${stream}, "zz": 12345678901234567890 }`;
    const second = await router.post("/v1/responses", body);
    assert.equal(second.status, 200);
    assert.equal(cloud.requests.at(-1)?.body, body.replace('"auto"', '"cloud-model"'));
    await second.text();
  }
});

test("an item a provider stored is named to it in the caller's own bytes, and told whole to anybody else", async () => {
  await using cloud = await startFakeCloud(createStoringCloud().answer);
  await using router = await startTestRouter({ providers: [cloud.provider({ dialect: "openai-responses" })] });
  await (await router.post("/v1/responses", { model: "cloud-model", input: "One" })).text();
  const input = [
    { role: "user", content: "One" },
    { type: "item_reference", id: "msg_up_1" },
    { role: "user", content: "Two" },
  ];
  const body = JSON.stringify({ model: "cloud-model", input });
  assert.equal((await router.post("/v1/responses", body)).status, 200);
  assert.equal(cloud.requests.at(-1)?.body, body);
  using gpu = await connectFakeWorker(router, { replies: "GPU" });
  const moved = await router.post("/v1/responses", JSON.stringify({ model: "fake-model", input }));
  assert.match(moved.headers.get("x-auxot-warnings") ?? "", /^previous_response_id: cloud answered before/);
  const job = gpu.frames.find((frame) => frame.type === "job-start");
  assert.deepEqual(tell(job?.request.messages ?? []), ["user: One", "assistant: answer 1", "user: Two"]);
});

test("what a provider stored goes to a GPU worker in full when the provider is gone", async () => {
  const storing = createStoringCloud();
  await using cloud = await startFakeCloud(storing.answer);
  await using router = await startTestRouter({ providers: [cloud.provider({ dialect: "openai-responses" })] });
  const client = connect(router);
  const first = await client.responses.create({ model: "auto", input: "One" });
  assert.equal(first.id, "resp_up_1");
  using gpu = await connectFakeWorker(router, { replies: "GPU" });
  cloud.answer = (_request, response) => void response.writeHead(500).end("broken");
  const second = await client.responses.create({ model: "auto", input: "Two", previous_response_id: first.id });
  assert.equal(second.output_text, "GPU");
  const job = gpu.frames.find((frame) => frame.type === "job-start");
  assert.deepEqual(tell(job?.request.messages ?? []), ["user: One", "assistant: answer 1", "user: Two"]);

  // Only the router has the second one: its id must not go to the provider.
  cloud.answer = storing.answer;
  gpu.kill();
  await gpu.closed;
  const third = client.responses.create({ model: "cloud-model", input: "Three", previous_response_id: second.id });
  assert.match((await third).output_text, /answer/);
  const sent = JSON.parse(cloud.requests.at(-1)?.body ?? "{}") as Record<string, unknown>;
  assert.equal(sent["previous_response_id"], undefined);
  assert.match(JSON.stringify(sent["input"]), /One.*answer 1.*Two.*GPU.*Three/);
});

test("a provider that has forgotten what it stored is told the conversation in full, with a warning", async () => {
  const storing = createStoringCloud();
  await using cloud = await startFakeCloud(storing.answer);
  await using router = await startTestRouter({ providers: [cloud.provider({ dialect: "openai-responses" })] });
  const client = connect(router);
  const first = await client.responses.create({ model: "auto", input: "One" });
  storing.forget();
  const second = await client.responses
    .create({ model: "auto", input: "Two", previous_response_id: first.id })
    .withResponse();
  assert.equal(second.data.output_text, "answer 2");
  assert.match(second.data.id, /^resp_[0-9A-Za-z]{24}$/, "translated, so the id is the router's");
  assert.equal(second.data.previous_response_id, first.id);
  assert.match(second.response.headers.get("x-auxot-warnings") ?? "", /does not have what it stored any more/);
  assert.match(cloud.requests.at(-1)?.body ?? "", /"One".*"answer 1".*"Two"/);
});
