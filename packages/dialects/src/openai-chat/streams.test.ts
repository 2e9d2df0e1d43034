import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { foldEvents, type ChatEvent } from "@auxot/wire/chat-event";
import { decodeAll, meta } from "../../test/arbitraries.ts";
import { openaiCall } from "./call.ts";
import { openaiServe } from "./serve.ts";

function decode(...chunks: readonly (object | string)[]): ChatEvent[] {
  const text = chunks.map((chunk) => `data: ${typeof chunk === "string" ? chunk : JSON.stringify(chunk)}\n\n`).join("");
  return decodeAll(openaiCall.createStreamDecoder(), [Buffer.from(text)]);
}
function delta(delta: object): object {
  return { id: "chatcmpl-9", model: "up", choices: [{ index: 0, delta, finish_reason: null }] };
}
function call(fragment: object): object {
  return delta({ tool_calls: [fragment] });
}
const stop = { choices: [{ index: 0, delta: {}, finish_reason: "stop" }] };
const usage = { prompt_tokens: 10, completion_tokens: 4, prompt_tokens_details: { cached_tokens: 3 } };
const counted = { inputTokens: 10, outputTokens: 4, cachedInputTokens: 3, cacheWriteTokens: 0, reasoningTokens: 0 };

function types(events: readonly ChatEvent[]): string {
  return events.map((event) => event.type).join(" ");
}
function calls(events: readonly ChatEvent[]): string[][] {
  return foldEvents(events).content.flatMap((part) =>
    part.type === "tool-call" ? [[part.id, part.name, part.arguments]] : [],
  );
}

describe("decoding a Chat Completions stream", () => {
  it("opens and closes a block at every change of kind", () => {
    const events = decode(
      delta({ reasoning: "r" }),
      delta({ content: "a" }),
      delta({ refusal: "n" }),
      delta({ content: "b" }),
      stop,
      "[DONE]",
    );
    assert.deepEqual(foldEvents(events).content, [
      { type: "reasoning", text: "r" },
      { type: "text", text: "a" },
      { type: "text", text: "n", refusal: true },
      { type: "text", text: "b" },
    ]);
  });

  it("holds the end back until usage came", () => {
    const events = decode(delta({ content: "a" }), stop, { choices: [], usage });
    assert.equal(types(events), "start text-start text-delta text-end usage end");
    assert.deepEqual(foldEvents(events).usage, counted);
  });

  it("ends properly without [DONE] once a finish reason came", () => {
    assert.equal(decode(delta({ content: "a" }), stop).at(-1)?.type, "end");
  });

  const cut: [string, (object | string)[]][] = [
    ["the bytes stop early", [delta({ content: "a" })]],
    ["[DONE] comes without a finish reason", [delta({ content: "a" }), "[DONE]", stop]],
    ["nothing comes at all", []],
  ];
  for (const [sentence, chunks] of cut) {
    it(`is one error when ${sentence}`, () => {
      const last = decode(...chunks).at(-1);
      assert.deepEqual(last?.type === "error" ? last.error.code : last, "source_failed");
    });
  }

  const errors: [unknown, string][] = [
    [{ message: "slow down", type: "rate_limit_error" }, "rate_limited"],
    [{ message: "full", code: 503 }, "no_capacity"],
    [{ message: "bad key", code: "invalid_api_key" }, "source_failed"],
    [
      { message: "maximum context length is 4096 tokens", type: "invalid_request_error", code: null },
      "context_length_exceeded",
    ],
    ["it broke", "source_failed"],
    [{ type: "constructor", code: { valueOf: 1, toString: 1 } }, "source_failed"],
  ];
  for (const [error, code] of errors) {
    it(`says ${code} for ${JSON.stringify(error)} inside the stream, and nothing after it`, () => {
      const events = decode(delta({ content: "a" }), { error }, stop, "[DONE]");
      const last = events.at(-1);
      assert.equal(last?.type === "error" ? last.error.code : undefined, code);
      assert.equal(types(events), "start text-start text-delta error");
    });
  }

  it("skips broken JSON, empty choices and other answers, with a warning for the first", () => {
    const other = { choices: [{ index: 1, delta: { content: "zzz" } }] };
    const events = decode(
      delta({ role: "assistant" }),
      "{oops",
      { choices: [] },
      other,
      delta({ content: "a" }),
      stop,
      "[DONE]",
    );
    assert.equal(types(events), "start warning text-start text-delta text-end end");
  });

  it("keeps interleaved calls apart, and says tool-calls although the server said stop", () => {
    const events = decode(
      call({ index: 0, id: "a", function: { name: "f", arguments: '{"x":' } }),
      call({ index: 1, id: "b", function: { name: "g", arguments: '{"y":' } }),
      call({ index: 0, function: { arguments: "1}" } }),
      call({ index: 1, function: { arguments: "2}" } }),
      stop,
    );
    assert.deepEqual(calls(events), [
      ["a", "f", '{"x":1}'],
      ["b", "g", '{"y":2}'],
    ]);
    assert.equal(foldEvents(events).stopReason, "tool-calls");
  });

  const shapes: [string, object[], string[][]][] = [
    [
      "Ollama's whole calls that all have index 0",
      [
        call({ index: 0, id: "a", function: { name: "f", arguments: "{}" } }),
        call({ index: 0, id: "b", function: { name: "f", arguments: '{"z":1}' } }),
      ],
      [
        ["a", "f", "{}"],
        ["b", "f", '{"z":1}'],
      ],
    ],
    [
      "fragments without index or id",
      [
        call({ id: "a", function: { name: "f" } }),
        call({ function: { arguments: '{"q"' } }),
        call({ function: { arguments: ":1}" } }),
      ],
      [["a", "f", '{"q":1}']],
    ],
    [
      "ids repeated in every fragment",
      [
        call({ index: 0, id: "a", function: { name: "f" } }),
        call({ index: 0, id: "a", function: { name: "f", arguments: "{}" } }),
      ],
      [["a", "f", "{}"]],
    ],
    [
      "calls without ids, which get one from the answer's",
      [
        call({ index: 0, function: { name: "f", arguments: "{}" } }),
        call({ index: 1, function: { name: "g", arguments: "{}" } }),
      ],
      [
        ["call_chatcmpl-9_0", "f", "{}"],
        ["call_chatcmpl-9_1", "g", "{}"],
      ],
    ],
    [
      "arguments sent as an object",
      [call({ index: 0, id: "a", function: { name: "f", arguments: { x: 1 } } })],
      [["a", "f", '{"x":1}']],
    ],
    [
      "arguments before the name",
      [
        call({ index: 0, id: "a", function: { arguments: "{" } }),
        call({ index: 0, function: { name: "f", arguments: "}" } }),
      ],
      [["a", "f", "{}"]],
    ],
  ];
  for (const [sentence, chunks, expected] of shapes) {
    it(`understands ${sentence}`, () => assert.deepEqual(calls(decode(...chunks, stop)), expected));
  }

  it("survives arguments nested without end", () => {
    const deep = `{"choices":[{"delta":{"tool_calls":[{"id":"a","function":{"name":"f","arguments":${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}}}]}}]}`;
    assert.equal(calls(decode(deep, stop)).length, 1);
  });

  it("never counts more cached tokens than there were", () => {
    const events = decode(stop, {
      choices: [],
      usage: { prompt_tokens: -3, completion_tokens: 1, prompt_tokens_details: { cached_tokens: 9 } },
    });
    assert.deepEqual(foldEvents(events).usage, { ...counted, inputTokens: 0, outputTokens: 1, cachedInputTokens: 0 });
  });
});

function encode(events: readonly ChatEvent[], includeUsage: boolean): string[] {
  const text = openaiServe.createStreamEncoder({ ...meta, includeUsage }).encode(events);
  return text.split("\n\n").filter((frame) => frame !== "");
}

describe("encoding a Chat Completions stream", () => {
  const words: ChatEvent[] = [
    { type: "start" },
    { type: "text-start", index: 0 },
    { type: "text-delta", index: 0, text: "hi" },
    { type: "text-end", index: 0 },
    { type: "usage", usage: counted },
    { type: "end", stopReason: "context-exceeded" },
  ];

  it("sends the role once, one finish reason, and one [DONE] as the last frame", () => {
    const frames = encode(words, false);
    assert.equal(frames.filter((frame) => frame.includes('"role"')).length, 1);
    assert.equal(frames.filter((frame) => frame.includes('"finish_reason":"length"')).length, 1);
    assert.equal(frames.filter((frame) => frame.includes('"usage"')).length, 0);
    assert.equal(frames.at(-1), "data: [DONE]");
  });

  it("sends usage in a chunk of its own only when it was asked for", () => {
    const chunks = encode(words, true)
      .slice(0, -1)
      .map((frame) => JSON.parse(frame.slice(6)));
    assert.deepEqual(
      chunks.slice(0, -1).map((chunk) => chunk.usage),
      chunks.slice(0, -1).map(() => null),
    );
    assert.deepEqual(chunks.at(-1).choices, []);
    assert.equal(chunks.at(-1).usage.total_tokens, 14);
    assert.deepEqual(new Set(chunks.map((chunk) => `${chunk.id} ${chunk.created} ${chunk.model}`)).size, 1);
  });

  it("ends with the error alone when the answer failed", () => {
    const error = { type: "error", error: { code: "worker_lost", message: "gone" } } as const;
    const frames = encode([...words.slice(0, 3), error, { type: "end", stopReason: "stop" }], true);
    assert.deepEqual(JSON.parse(frames.at(-1)?.slice(6) ?? ""), {
      error: { message: "gone", type: "server_error", param: null, code: "worker_lost" },
    });
    assert.ok(!frames.some((frame) => frame.includes("[DONE]") || frame.includes('"finish_reason":"')));
  });
});
