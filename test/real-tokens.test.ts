// Client, router, worker, llama.cpp: the exact tokens of the two demo models through both public APIs.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { demoScripts } from "../packages/workers/src/gpu/models/script-model.ts";
import { anthropicApi, apis, ask, openaiApi, ways } from "./harness/apis.ts";
import type { Program } from "./harness/program.ts";
import { startRouter, startWorker, type TestRouter } from "./harness/stack.ts";

let router: TestRouter;
let worker: Program | undefined;
before(async () => {
  router = await startRouter();
  const models = ["--model", "demo", "--model", "demo-echo", "--alias", "gpt-4o"];
  worker = await startWorker(router, { args: [...models, "--slots", "2", "--name", "box"] });
});
after(async () => {
  await worker?.[Symbol.asyncDispose]();
  await router[Symbol.asyncDispose]();
});

/** One token a byte, and one for each of the control tokens around a single user message "Hi there". */
const promptTokens = "SuserNHi thereENSassistantNT".length;

for (const { api, stream, name } of ways) {
  test(`a question gets the model's exact words and exact usage (${name})`, async () => {
    const answer = await ask(router, api, { text: "Hi there" }, stream);
    assert.equal(answer.text, demoScripts.reply);
    assert.equal(answer.model, "auxot-demo");
    assert.equal(answer.stop, api.stops.end);
    assert.equal(answer.usage.input, promptTokens);
    assert.equal(answer.isComplete, true);
    assert.equal(answer.headers.get("x-auxot-route"), "tier=gpu; provider=gpu; worker=box; model=auxot-demo; tries=1");
    assert.match(answer.headers.get("x-request-id") ?? "", /^req_/);
    if (!stream) return;
    assert.deepEqual(answer.deltas.slice(0, 4), ["Hello", " from", " Auxot", "!"]);
    assert.equal(answer.deltas.length, answer.usage.output, "one delta a token");
  });

  test(`a model calls a tool and answers with its result (${name})`, async () => {
    const text = "How is the weather in Paris?";
    const first = await ask(router, api, { text, withTool: true }, stream);
    const [call] = first.calls;
    assert.ok(call !== undefined && first.calls.length === 1);
    assert.deepEqual([call.name, call.input], ["get_weather", { city: "Paris" }]);
    assert.notEqual(call.id, "");
    assert.equal(first.text, "");
    assert.equal(first.stop, api.stops.tool);
    if (stream) assert.ok(first.inputDeltas.length > 1, "the arguments come in pieces");

    const messages = api.afterTool(text, call, "18 degrees");
    const second = await ask(router, api, { messages, withTool: true }, stream);
    assert.equal(second.text, demoScripts.final);
    assert.deepEqual(second.calls, []);
    assert.equal(second.stop, api.stops.end);
  });

  test(`reasoning comes as reasoning, apart from the answer (${name})`, async () => {
    const answer = await ask(router, api, { text: "THINK" }, stream);
    assert.equal(answer.reasoning, "Hmm, let me see.");
    assert.equal(answer.text, "Done thinking!");
  });

  test(`an answer ends at the token limit and before a stop sequence (${name})`, async () => {
    const short = await ask(router, api, { text: "Hi there", maxTokens: 3 }, stream);
    assert.equal(short.text, "Hello from Auxot");
    assert.equal(short.stop, api.stops.length);
    assert.equal(short.usage.output, 3);
    const stopped = await ask(router, api, { text: "Hi there", stop: "the bun" }, stream);
    assert.equal(stopped.text, "Hello from Auxot! This is ");
  });

  test(`text comes back byte for byte (${name})`, async () => {
    const text = '  żółć 🦊 👩‍🚀 日本語 e\u0301 \uFFFD {"a":[1,{"b":"\\n\\u0000"}]}\r\n\n\t<|im_end|> data: x  ';
    const answer = await ask(router, api, { model: "auxot-echo", text, maxTokens: 200 }, stream);
    assert.equal(answer.text, text);
  });
}

test("usage is the same in every API, streamed and not", async () => {
  const usages = [];
  for (const { api, stream } of ways) usages.push((await ask(router, api, { text: "Hi there" }, stream)).usage);
  const [first] = usages;
  assert.ok((first?.output ?? 0) > 10);
  assert.deepEqual(
    usages,
    usages.map(() => first),
  );
});

test("a count of tokens is what the same request then uses", async () => {
  const body = anthropicApi.toBody({ text: "Hi there", withTool: true }, false);
  const counted = (await (await router.post("/v1/messages/count_tokens", body)).json()) as { input_tokens: number };
  const answer = await ask(router, anthropicApi, { text: "Hi there", withTool: true }, false);
  assert.equal(counted.input_tokens, answer.usage.input);
});

test("a long text comes back byte for byte", async () => {
  // The echo model needs six bytes in a row to be nowhere else in the text.
  const words = Array.from({ length: 50 }, (_, i) => String.fromCodePoint(0x1f300 + i) + (i * 409 + 1300).toString(36));
  const question = { model: "auxot-echo", text: words.join(""), maxTokens: 400 };
  const [whole, streamed] = await Promise.all([
    ask(router, openaiApi, question, false),
    ask(router, anthropicApi, question, true),
  ]);
  assert.equal(whole.text, question.text);
  assert.equal(streamed.text, question.text);
  assert.equal(streamed.usage.output, Buffer.byteLength(question.text));
});

test("a model is found by its name, its alias, provider/model and auto, and the answer names what served it", async () => {
  const expected = {
    "auxot-demo": "auxot-demo",
    "gpt-4o": "auxot-demo",
    "gpu/auxot-demo": "auxot-demo",
    auto: "auxot-demo",
  };
  for (const [model, served] of Object.entries(expected)) {
    for (const api of apis) assert.equal((await ask(router, api, { model, text: "Hi there" })).model, served, model);
  }
  const echo = await ask(router, anthropicApi, { model: "gpu/auxot-echo", text: "to the other model" });
  assert.deepEqual([echo.model, echo.text], ["auxot-echo", "to the other model"]);
});

test("auto leaves out the model that cannot call tools", async () => {
  const answer = await ask(router, openaiApi, { model: "auto", text: "Weather?", withTool: true });
  assert.equal(answer.calls[0]?.name, "get_weather");
});

test("both models, their alias and auto are listed", async () => {
  const { data } = (await (await router.get("/v1/models")).json()) as { data: { id: string }[] };
  assert.deepEqual(
    data.map(({ id }) => id),
    ["auto", "auxot-demo", "gpt-4o", "auxot-echo"],
  );
});
