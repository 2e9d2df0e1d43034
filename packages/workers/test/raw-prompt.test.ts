// Raw prompts and gaps with real llama.cpp and the demo models.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { ChatRequest, CompletionPrompt } from "@auxot/wire/chat";
import type { EmbeddedEngine } from "../src/gpu/embedded/embedded-engine.ts";
import { demoScripts } from "../src/gpu/models/script-model.ts";
import { ask, readResult, startDemoEngine, textOf } from "./engine-harness.ts";

let engine: EmbeddedEngine;
before(async () => {
  engine = await startDemoEngine();
});
after(() => engine.close());

function complete(model: string, completion: CompletionPrompt, maxOutputTokens = 100): ChatRequest {
  return { ...ask("unused"), model, completion, maxOutputTokens };
}

test("a model goes on with the prompt itself: no chat template is around it", async () => {
  const text = "pack my box with five dozen jugs. ";
  const prompt = `${text}${text}pack my box`;
  const result = await readResult(engine, complete("auxot-echo", { prompt }, 30));
  assert.equal(textOf(result), text.slice("pack my box".length).concat(text).slice(0, 30));
  assert.equal(result.stopReason, "length");
  assert.deepEqual([result.usage?.inputTokens, result.usage?.outputTokens], [prompt.length, 30]);
});

test("control tokens in a raw prompt count as such, and what looks like reasoning is text", async () => {
  const reply = await readResult(engine, complete("auxot-demo", { prompt: "Hi<|reply|>" }));
  assert.equal(textOf(reply), demoScripts.reply);
  assert.equal(reply.usage?.inputTokens, "Hi".length + 1);
  const thoughts = await readResult(engine, complete("auxot-demo", { prompt: "<|think|>" }));
  assert.deepEqual(thoughts.content, [{ type: "text", text: demoScripts.think }]);
});

test("a gap is filled with the model's own tokens for it, and control tokens around it are text", async () => {
  const prompt = "function add(first, second) {<|reply|>";
  const request = complete("auxot-demo", { prompt, suffix: "}" });
  const result = await readResult(engine, request);
  assert.equal(textOf(result), demoScripts.infill);
  assert.equal(result.stopReason, "stop");
  assert.equal(result.usage?.inputTokens, prompt.length + 1 + 3);
  assert.equal(await engine.countTokens(request), result.usage?.inputTokens);
  // A file may begin with the gap.
  assert.equal(
    textOf(await readResult(engine, complete("auxot-demo", { prompt: "", suffix: "}" }))),
    demoScripts.infill,
  );
});

test("a prompt in tokens is taken as it is", async () => {
  const bytes = [...Buffer.from("abcdefgh-abcdefgh-abcdefgh-abc")];
  // Every byte is a token behind the first three.
  const result = await readResult(engine, complete("auxot-echo", { prompt: bytes.map((byte) => byte + 3) }, 5));
  assert.equal(textOf(result), "defgh");
});

const refused: [sentence: string, request: () => ChatRequest, error: object][] = [
  [
    "a suffix for a model without tokens for it",
    () => complete("auxot-echo", { prompt: "a", suffix: "b" }),
    { code: "invalid_request", param: "suffix", message: /cannot fill a gap/ },
  ],
  [
    "a token the model does not have",
    () => complete("auxot-echo", { prompt: [5, 1_000_000] }),
    { code: "invalid_request", param: "prompt[1]" },
  ],
  [
    "nothing at all",
    () => complete("auxot-echo", { prompt: "" }),
    { code: "invalid_request", param: "prompt", message: /is empty/ },
  ],
  [
    "a prompt longer than the context, in its own field's name",
    () => complete("auxot-echo", { prompt: "x".repeat(5000) }),
    { code: "context_length_exceeded", param: "prompt" },
  ],
];
for (const [sentence, request, error] of refused) {
  test(`refuses ${sentence}`, () => assert.rejects(readResult(engine, request()), error));
}
