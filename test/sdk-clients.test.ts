// The official openai and @anthropic-ai/sdk packages as clients of the whole system.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { demoScripts } from "../packages/workers/src/gpu/models/script-model.ts";
import type { Program } from "./harness/program.ts";
import { startRouter, startWorker, type TestRouter } from "./harness/stack.ts";
import { until } from "./harness/until.ts";

const contextTokens = 6144;
let router: TestRouter;
let worker: Program | undefined;
let openai: OpenAI;
let anthropic: Anthropic;
before(async () => {
  router = await startRouter();
  worker = await startWorker(router, { args: ["--model", "demo", "--slots", "1", "--context", String(contextTokens)] });
  openai = new OpenAI({ baseURL: `${router.url}/v1`, apiKey: router.key, maxRetries: 0 });
  anthropic = new Anthropic({ baseURL: router.url, apiKey: router.key, authToken: null, maxRetries: 0 });
});
after(async () => {
  await worker?.[Symbol.asyncDispose]();
  await router[Symbol.asyncDispose]();
});

const question = [{ role: "user" as const, content: "How is the weather in Paris?" }];
const schema = {
  type: "object" as const,
  properties: { city: { type: "string" as const } },
  required: ["city"],
};

/** The tool, as a program has it; keeps what it was asked. */
function createWeatherTool(): { readonly asked: unknown[]; run(input: unknown): string } {
  const asked: unknown[] = [];
  return {
    asked,
    run(input) {
      asked.push(input);
      return "18 degrees";
    },
  };
}

test("the openai package gets the same answer streamed and whole", async () => {
  const request = { model: "auto", messages: [{ role: "user" as const, content: "Hi" }] };
  const whole = await openai.chat.completions.create(request);
  const stream = openai.chat.completions.stream({ ...request, stream_options: { include_usage: true } });
  const deltas: string[] = [];
  stream.on("content", (delta) => deltas.push(delta));
  const streamed = await stream.finalChatCompletion();
  assert.equal(whole.choices[0]?.message.content, demoScripts.reply);
  assert.equal(streamed.choices[0]?.message.content, demoScripts.reply);
  assert.equal(deltas.length, streamed.usage?.completion_tokens);
  assert.equal(streamed.usage?.prompt_tokens, whole.usage?.prompt_tokens);
  assert.equal(streamed.usage?.completion_tokens, whole.usage?.completion_tokens);
});

test("the @anthropic-ai/sdk package gets the same answer streamed and whole", async () => {
  const request = { model: "auto", max_tokens: 200, messages: [{ role: "user" as const, content: "THINK" }] };
  const whole = await anthropic.messages.create(request);
  const stream = anthropic.messages.stream(request);
  const deltas: string[] = [];
  stream.on("text", (delta) => deltas.push(delta));
  const streamed = await stream.finalMessage();
  assert.deepEqual(
    whole.content.map((block) => (block.type === "thinking" ? block.thinking : block.type === "text" && block.text)),
    ["Hmm, let me see.", "Done thinking!"],
  );
  assert.deepEqual(streamed.content, whole.content);
  assert.deepEqual(deltas, ["Done", " thinking!"]);
  assert.equal(streamed.stop_reason, "end_turn");
  assert.equal(streamed.usage.output_tokens, whole.usage.output_tokens);
});

for (const stream of [true, false]) {
  test(`the openai package's own tool loop ends with the model's last word (stream: ${stream})`, async () => {
    const tool = createWeatherTool();
    const tools = [
      {
        type: "function" as const,
        function: {
          name: "get_weather",
          description: "The weather in a city",
          parameters: schema,
          parse: (text: string): unknown => JSON.parse(text),
          function: (input: unknown) => tool.run(input),
        },
      },
    ];
    const runner = stream
      ? openai.chat.completions.runTools({ model: "auto", messages: question, tools, stream })
      : openai.chat.completions.runTools({ model: "auto", messages: question, tools, stream });
    assert.equal(await runner.finalContent(), demoScripts.final);
    assert.deepEqual(tool.asked, [{ city: "Paris" }]);
    assert.deepEqual(
      runner.messages.map(({ role }) => role),
      ["user", "assistant", "tool", "assistant"],
    );
  });

  test(`the @anthropic-ai/sdk package's own tool loop ends with the model's last word (stream: ${stream})`, async () => {
    const tool = createWeatherTool();
    const runner = anthropic.beta.messages.toolRunner({
      model: "auto",
      max_tokens: 200,
      messages: question,
      stream,
      tools: [
        {
          type: "custom",
          name: "get_weather",
          description: "The weather in a city",
          input_schema: schema,
          parse: (input: unknown) => input,
          run: (input: unknown) => tool.run(input),
        },
      ],
    });
    const final = await runner.runUntilDone();
    assert.deepEqual(
      final.content.map((block) => block.type === "text" && block.text),
      [demoScripts.final],
    );
    assert.deepEqual(tool.asked, [{ city: "Paris" }]);
  });
}

test("a tool loop written by hand works with both packages", async () => {
  const openaiTools = [{ type: "function" as const, function: { name: "get_weather", parameters: schema } }];
  const first = await openai.chat.completions.create({ model: "auto", messages: question, tools: openaiTools });
  const said = first.choices[0]?.message;
  const call = said?.tool_calls?.[0];
  assert.ok(said !== undefined && call?.type === "function");
  assert.equal(call.function.arguments, '{"city": "Paris"}');
  const second = await openai.chat.completions.create({
    model: "auto",
    messages: [...question, said, { role: "tool", tool_call_id: call.id, content: "18 degrees" }],
    tools: openaiTools,
  });
  assert.equal(second.choices[0]?.message.content, demoScripts.final);

  const tools = [{ name: "get_weather", input_schema: schema }];
  const turn = await anthropic.messages.create({ model: "auto", max_tokens: 200, messages: question, tools });
  const use = turn.content.find((block) => block.type === "tool_use");
  assert.ok(use !== undefined);
  assert.deepEqual(use.input, { city: "Paris" });
  const last = await anthropic.messages.create({
    model: "auto",
    max_tokens: 200,
    tools,
    messages: [
      ...question,
      { role: "assistant", content: turn.content },
      { role: "user", content: [{ type: "tool_result", tool_use_id: use.id, content: "18 degrees" }] },
    ],
  });
  assert.deepEqual(
    last.content.map((block) => block.type === "text" && block.text),
    [demoScripts.final],
  );
});

test("a prompt longer than the context is a 400 that names the size, in each package's own error class", async () => {
  // The longer one is refused by the router's guess, the shorter one by the engine, which counts.
  for (const length of [7000, 60_000]) {
    const messages = [{ role: "user" as const, content: "x".repeat(length) }];
    await assert.rejects(
      openai.chat.completions.create({ model: "auxot-demo", messages }),
      (error: unknown) =>
        error instanceof OpenAI.BadRequestError &&
        error.code === "context_length_exceeded" &&
        error.message.includes(String(contextTokens)),
    );
    await assert.rejects(
      anthropic.messages.create({ model: "auxot-demo", max_tokens: 5, messages }),
      (error: unknown) =>
        error instanceof Anthropic.BadRequestError &&
        error.type === "invalid_request_error" &&
        error.message.includes(String(contextTokens)),
    );
  }
});

test("an answer that fills the context ends there and says so", async () => {
  const messages = [{ role: "user" as const, content: "LOOP" }];
  const { choices, usage } = await openai.chat.completions.create({ model: "auxot-demo", messages });
  assert.equal(choices[0]?.finish_reason, "length");
  assert.equal(usage?.total_tokens, contextTokens);
});

test("a wrong key and an unknown model are raised as each package's own errors", async () => {
  const messages = [{ role: "user" as const, content: "Hi" }];
  const strangers = {
    openai: new OpenAI({ baseURL: `${router.url}/v1`, apiKey: "wrong", maxRetries: 0 }),
    anthropic: new Anthropic({ baseURL: router.url, apiKey: "wrong", authToken: null, maxRetries: 0 }),
  };
  await assert.rejects(
    strangers.openai.chat.completions.create({ model: "auto", messages }),
    OpenAI.AuthenticationError,
  );
  await assert.rejects(
    strangers.anthropic.messages.create({ model: "auto", max_tokens: 5, messages }),
    Anthropic.AuthenticationError,
  );
  await assert.rejects(openai.chat.completions.create({ model: "auxot-dem", messages }), /Did you mean "auxot-demo"/);
  await assert.rejects(
    anthropic.messages.create({ model: "auxot-dem", max_tokens: 5, messages }),
    Anthropic.NotFoundError,
  );
});

test("aborting a stream in either package frees the slot", async () => {
  const messages = [{ role: "user" as const, content: "LOOP" }];
  const fromOpenai = await openai.chat.completions.create({ model: "auxot-demo", messages, stream: true });
  for await (const _ of fromOpenai) fromOpenai.controller.abort();
  await until("the slot is free", async () => (await router.busySlots()) === 0, 1000);
  const fromAnthropic = anthropic.messages.stream({ model: "auxot-demo", max_tokens: 6000, messages });
  fromAnthropic.on("text", () => fromAnthropic.abort());
  await assert.rejects(fromAnthropic.done(), Anthropic.APIUserAbortError);
  await until("the slot is free", async () => (await router.busySlots()) === 0, 1000);
});
