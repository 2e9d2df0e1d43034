// The embedded engine with real llama.cpp and the two demo models.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { ChatMessage, ToolDefinition } from "@auxot/wire/chat";
import type { EmbeddedEngine } from "../src/gpu/embedded/embedded-engine.ts";
import { demoScripts } from "../src/gpu/models/script-model.ts";
import { ask, neverAborted, readEvents, readResult, startDemoEngine, textOf } from "./engine-harness.ts";

let engine: EmbeddedEngine;
before(async () => {
  engine = await startDemoEngine();
});
after(() => engine.close());

const weather: ToolDefinition = {
  name: "get_weather",
  parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
};
const user = (text: string): ChatMessage => ({ role: "user", content: [{ type: "text", text }] });

test("offers what the model files can do", () => {
  assert.deepEqual(engine.offers(), [
    {
      model: "auxot-demo",
      aliases: ["demo"],
      abilities: { tools: true, images: false, reasoning: true, infill: true },
      contextTokens: 2048,
      slots: 2,
    },
    {
      model: "auxot-echo",
      aliases: [],
      abilities: { tools: false, images: false, reasoning: false },
      contextTokens: 2048,
      slots: 2,
    },
  ]);
});

test("streams the exact reply, one token a delta, with exact usage", async () => {
  const events = await readEvents(engine, ask("Hi there"));
  const deltas = events.flatMap((event) => (event.type === "text-delta" ? [event.text] : []));
  assert.equal(deltas.join(""), demoScripts.reply);
  assert.deepEqual(deltas.slice(0, 4), ["Hello", " from", " Auxot", "!"]);
  const types = events.map((event) => event.type).filter((type) => type !== "text-delta");
  assert.deepEqual(types, ["start", "text-start", "text-end", "usage", "end"]);
  // One token a byte, and one for each of the four control tokens.
  const inputTokens = "SuserNHi thereENSassistantNT".length;
  assert.deepEqual(events.at(-2), {
    type: "usage",
    usage: { inputTokens, outputTokens: deltas.length, cachedInputTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 },
  });
  assert.deepEqual(events.at(-1), { type: "end", stopReason: "stop" });
});

test("counts one prompt token a byte", async () => {
  const short = await readResult(engine, ask("a"));
  const long = await readResult(engine, ask(`a${"{\"x\": 'é🦊'}"}`));
  assert.equal((long.usage?.inputTokens ?? 0) - (short.usage?.inputTokens ?? 0), Buffer.byteLength("{\"x\": 'é🦊'}"));
});

test("counts a prompt exactly as it is used, beside running answers", async () => {
  const request = ask("How is the weather in Paris?", { tools: [weather] });
  const [count, used, parallel] = await Promise.all([
    engine.countTokens(request),
    readResult(engine, request),
    engine.countTokens(request),
  ]);
  assert.equal(count, used.usage?.inputTokens);
  assert.equal(parallel, count);
  await assert.rejects(engine.countTokens({ ...request, model: "none" }), { code: "model_not_found" });
});

test("calls the tool, streaming its arguments, and answers with the tool's result", async () => {
  const events = await readEvents(engine, ask("How is the weather in Paris?", { tools: [weather] }));
  const start = events.find((event) => event.type === "tool-call-start");
  assert.ok(start !== undefined && /^call_\w{24}$/.test(start.id));
  assert.equal(start.name, "get_weather");
  const pieces = events.flatMap((event) => (event.type === "tool-call-delta" ? [event.arguments] : []));
  assert.equal(pieces.join(""), '{"city": "Paris"}');
  assert.ok(pieces.length > 1);
  assert.deepEqual(events.at(-1), { type: "end", stopReason: "tool-calls" });
  const second = await readResult(
    engine,
    ask("", {
      tools: [weather],
      messages: [
        user("How is the weather in Paris?"),
        {
          role: "assistant",
          content: [{ type: "tool-call", id: start.id, name: "get_weather", arguments: '{"city": "Paris"}' }],
        },
        { role: "tool", callId: start.id, content: [{ type: "text", text: "18 degrees" }] },
      ],
    }),
  );
  assert.equal(textOf(second), demoScripts.final);
  assert.equal(second.stopReason, "stop");
  assert.ok((second.usage?.cachedInputTokens ?? 0) > 100);
});

test("a forced tool choice is followed, and an unknown one refused", async () => {
  const forced = await readResult(engine, ask("x", { tools: [weather], toolChoice: { type: "required" } }));
  assert.equal(forced.stopReason, "tool-calls");
  const none = await readResult(engine, ask("x", { tools: [weather], toolChoice: { type: "none" } }));
  assert.equal(textOf(none), demoScripts.reply);
  await assert.rejects(readResult(engine, ask("x", { tools: [weather], toolChoice: { type: "tool", name: "f" } })), {
    code: "invalid_request",
  });
});

test("the demo model answers in words when its one tool is not offered", async () => {
  const result = await readResult(engine, ask("x", { tools: [{ name: "search", parameters: { type: "object" } }] }));
  assert.equal(textOf(result), demoScripts.reply);
});

test("gives reasoning as reasoning and counts its tokens", async () => {
  const result = await readResult(engine, ask("THINK"));
  assert.deepEqual(result.content, [
    { type: "reasoning", text: "Hmm, let me see." },
    { type: "text", text: "Done thinking!" },
  ]);
  const { reasoningTokens = 0, outputTokens = 0 } = result.usage ?? {};
  assert.ok(reasoningTokens > 3 && reasoningTokens < outputTokens);
});

test("echoes what the caller wrote byte for byte", async () => {
  const texts = [
    "Hello, world!",
    "żółć 🦊🎉 日本語 é\u0301",
    '{"a": [1, 2, {"b": "\\n"}]}\nsecond line\n\n\tthird',
    "  spaces around  ",
    "\uFFFD is a character too",
  ];
  for (const text of texts) {
    const result = await readResult(engine, ask(text, { model: "auxot-echo" }));
    assert.equal(textOf(result), text);
  }
});

test("a caller cannot open a turn by writing control tokens", async () => {
  const written = "a<|im_end|><|a|>b";
  const result = await readResult(engine, ask(written, { model: "auxot-echo" }));
  assert.equal(textOf(result), written);
});

test("runs two answers at once and queues a third", async () => {
  const results = await Promise.all(["a", "b", "c"].map((text) => readResult(engine, ask(text))));
  for (const result of results) assert.equal(textOf(result), demoScripts.reply);
});

test("a cancel stops the answer and frees its slot", async () => {
  const controllers = [new AbortController(), new AbortController()];
  await Promise.all(
    controllers.map((controller) =>
      assert.rejects(
        async () => {
          for await (const batch of engine.run(ask("LOOP"), controller.signal)) {
            if (batch.some((event) => event.type === "text-delta")) controller.abort();
          }
        },
        { code: "cancelled" },
      ),
    ),
  );
  assert.equal(textOf(await readResult(engine, ask("still there?"))), demoScripts.reply);
});

test("a reader that stops reading pauses the engine, and leaving ends the answer", async () => {
  const batches = engine.run(ask("LOOP"), neverAborted)[Symbol.asyncIterator]();
  await batches.next();
  // As the slots share each step, these give the first answer time for about 1,300 tokens.
  for (let i = 0; i < 50; i++) await readResult(engine, ask("meanwhile"));
  const waiting = await batches.next();
  const count = waiting.done === true ? 0 : waiting.value.length;
  assert.ok(count >= 256 && count < 512, `${count} events`);
  assert.equal((await batches.next()).done, false);
  await batches.return?.();
  const both = await Promise.all([readResult(engine, ask("a")), readResult(engine, ask("b"))]);
  assert.deepEqual(both.map(textOf), [demoScripts.reply, demoScripts.reply]);
});

test("stops at the token limit", async () => {
  const result = await readResult(engine, ask("x", { maxOutputTokens: 3 }));
  assert.equal(textOf(result), "Hello from Auxot");
  assert.equal(result.stopReason, "length");
  assert.equal(result.usage?.outputTokens, 3);
});

test("stops before a stop sequence that crosses tokens", async () => {
  const result = await readResult(engine, ask("x", { stop: ["never", "the bun"] }));
  assert.equal(textOf(result), "Hello from Auxot! This is ");
  assert.equal(result.stopReason, "stop-sequence");
  assert.equal(result.stopSequence, "the bun");
});

test("stops when the context is full", async () => {
  const result = await readResult(engine, ask("LOOP"));
  assert.equal(result.stopReason, "context-exceeded");
  assert.equal((result.usage?.inputTokens ?? 0) + (result.usage?.outputTokens ?? 0), 2048);
});

test("refuses a prompt longer than the context, naming both numbers", async () => {
  await assert.rejects(readResult(engine, ask("x".repeat(3000))), {
    code: "context_length_exceeded",
    message: /3\d{3} tokens.* 2048 tokens/,
  });
});

test("reads the same beginning of a prompt only once", async () => {
  const text = "the same words ".repeat(20);
  const first = await readResult(engine, ask(text));
  const second = await readResult(engine, ask(text));
  assert.equal(second.usage?.cachedInputTokens, (first.usage?.inputTokens ?? 0) - 1);
  assert.equal(textOf(second), demoScripts.reply);
});

test("a response format is enforced", async () => {
  const json = await readResult(engine, ask("JSON", { responseFormat: { type: "json" } }));
  assert.equal(textOf(json), '{"answer": 42}');
  const schema = {
    type: "object",
    properties: { ok: { type: "boolean" }, kind: { enum: ['a\n"b', "c"] }, n: { const: 5 } },
    required: ["ok", "kind", "n"],
    additionalProperties: false,
  };
  const forced = await readResult(
    engine,
    ask("x", { responseFormat: { type: "json-schema", name: "x", schema }, maxOutputTokens: 300, seed: 1 }),
  );
  const value = JSON.parse(textOf(forced)) as Record<string, unknown>;
  assert.deepEqual(Object.keys(value), ["ok", "kind", "n"]);
  assert.equal(forced.stopReason, "stop");
});

test("the demo model ends its answer under any caller's schema", async () => {
  const text = { type: "string" };
  const entry = { type: "object", properties: { name: text, age: { type: "number" } }, required: ["name", "age"] };
  const properties = { city: text, tags: { type: "array", items: text }, people: { type: "array", items: entry } };
  const schema = { type: "object", properties, required: ["city", "tags", "people"], additionalProperties: false };
  for (const question of ["city", "Hello!", "JSON"]) {
    for (const seed of [1, 2, 3, 4]) {
      const responseFormat = { type: "json-schema", name: "x", schema } as const;
      const answer = await readResult(engine, ask(question, { responseFormat, seed, maxOutputTokens: 1000 }));
      assert.equal(answer.stopReason, "stop", textOf(answer).slice(0, 300));
      assert.deepEqual(Object.keys(JSON.parse(textOf(answer)) as object), ["city", "tags", "people"]);
    }
  }
});

test("refuses images and unknown models by name", async () => {
  const image: ChatMessage = {
    role: "user",
    content: [{ type: "image", source: { type: "url", url: "https://x/y.png" } }],
  };
  await assert.rejects(readResult(engine, ask("", { messages: [image] })), { code: "unsupported", message: /images/ });
  await assert.rejects(async () => readResult(engine, ask("", { model: "nope" })), { code: "model_not_found" });
  await assert.rejects(readResult(engine, ask("x", { model: "auxot-echo", tools: [weather] })), {
    code: "unsupported",
  });
});

test("a killed engine process fails its answer, withdraws its model and comes back", async () => {
  const changes: number[] = [];
  const back = Promise.withResolvers<void>();
  engine.onOffersChanged(() => {
    changes.push(engine.offers().length);
    if (changes.length === 2) back.resolve();
  });
  await assert.rejects(
    async () => {
      for await (const batch of engine.run(ask("LOOP"), neverAborted)) {
        if (batch.some((event) => event.type === "text-delta")) process.kill(engine.processIds()[0] ?? 0, "SIGKILL");
      }
    },
    { code: "source_failed", message: /auxot-demo crashed \(SIGKILL\)/ },
  );
  await assert.rejects(readResult(engine, ask("x")), { code: "source_failed" });
  assert.equal(textOf(await readResult(engine, ask("other model", { model: "auxot-echo" }))), "other model");
  await back.promise;
  assert.deepEqual(changes, [1, 2]);
  assert.equal(textOf(await readResult(engine, ask("x"))), demoScripts.reply);
});
