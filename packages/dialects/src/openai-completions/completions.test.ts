import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import fc from "fast-check";
import { Stream } from "openai/streaming";
import { foldEvents, isContent, type ChatEvent } from "@auxot/wire/chat-event";
import type { ChatRequest, ChatResult } from "@auxot/wire/chat";
import { AppError } from "@auxot/wire/errors";
import { defaultTraits } from "@auxot/wire/model-traits";
import { check, decodeAll, eventsOf, meta, random, splitBytes, text, usage } from "../../test/arbitraries.ts";
import { hashText } from "../../test/request-checks.ts";
import { encodeResults } from "./encode-result.ts";
import { createStreamEncoder } from "./encode-stream.ts";
import { openaiCompletions } from "./format.ts";
import { parsePrompts } from "./parse-request.ts";

const { serve, call } = openaiCompletions;
const base = { model: "m", prompt: "Once" };

function parse(body: unknown): readonly ChatRequest[] {
  return parsePrompts(Buffer.from(JSON.stringify(body)));
}
function refuses(body: unknown, param: string, message: RegExp): void {
  assert.throws(
    () => parse(body),
    (error) => {
      assert.ok(error instanceof AppError, String(error));
      assert.deepEqual([error.code, error.param], ["invalid_request", param]);
      assert.match(error.message, message);
      return true;
    },
  );
}

const option = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
/** What the format carries: one text. */
const result: fc.Arbitrary<ChatResult> = fc
  .tuple(
    fc.array(text, { maxLength: 1 }),
    fc.constantFrom("stop" as const, "length" as const, "refusal" as const),
    usage,
  )
  .map(([texts, stopReason, counts]) => ({
    model: meta.model,
    content: texts.map((one) => ({ type: "text" as const, text: one })),
    stopReason,
    usage: counts,
  }));
const requests = fc
  .record({
    prompt: fc.oneof(text, fc.array(fc.nat(100_000), { minLength: 1, maxLength: 5 })),
    suffix: option(text),
    maxOutputTokens: fc.integer({ min: 1, max: 4096 }),
    temperature: option(fc.constantFrom(0, 0.3, 2)),
    topP: option(fc.constantFrom(0.1, 1)),
    topK: option(fc.nat(100)),
    stop: option(fc.array(text, { minLength: 1, maxLength: 4 })),
    seed: option(fc.integer()),
    frequencyPenalty: option(fc.constantFrom(-2, 0.5)),
    presencePenalty: option(fc.constantFrom(-2, 0.5)),
    endUser: option(fc.constantFrom("u1")),
  })
  .map(({ prompt, suffix, ...rest }): ChatRequest => {
    const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
    return {
      model: "some-model",
      messages: [{ role: "user", content: [{ type: "text", text: typeof prompt === "string" ? prompt : "" }] }],
      completion: { prompt, ...(suffix === undefined ? {} : { suffix }) },
      tools: [],
      ...(given as Partial<ChatRequest>),
      stream: false,
    };
  });

describe("laws of legacy completions", () => {
  it("parses a request it built to the same request", () => {
    check(requests, (request) => {
      const target = { model: request.model, stream: false, traits: defaultTraits, hash: hashText };
      const built = call.buildRequest(request, target);
      const [parsed, ...others] = parsePrompts(Buffer.from(built.body));
      const { original, ...fields } = parsed ?? request;
      assert.equal(original?.dialect, "openai-completions");
      assert.deepEqual(fields, request);
      assert.deepEqual([others, built.warnings], [[], []]);
    });
  });

  it("decodes a stream it encoded to the same answer, however the bytes are cut", () => {
    check(fc.tuple(result, random), ([answer, next]) => {
      const encoder = serve.createStreamEncoder(meta);
      const stream = eventsOf(answer, next).map((event) => encoder.encode([event]));
      const pieces = splitBytes(Buffer.from(stream.join("")), next);
      assert.deepEqual(foldEvents(decodeAll(call.createStreamDecoder(), pieces)), answer);
    });
  });

  it("decodes a whole answer it encoded to the same answer", () => {
    check(result, (answer) => {
      assert.deepEqual(call.decodeResult(Buffer.from(serve.encodeResult(answer, meta))), answer);
    });
  });

  it("passes streams on byte for byte and reads usage and end from them", () => {
    check(fc.tuple(result, random), ([answer, next]) => {
      const stream = Buffer.from(serve.createStreamEncoder(meta).encode(eventsOf(answer, next)));
      const scanner = call.createStreamScanner();
      const batches = [...splitBytes(stream, next).map((piece) => scanner.push(piece)), scanner.finish()].filter(
        (batch) => batch !== undefined,
      );
      assert.deepEqual(Buffer.concat(batches.map((batch) => batch.bytes ?? Buffer.alloc(0))), stream);
      const events = batches.flatMap((batch) => batch.events);
      assert.deepEqual(events.findLast((event) => event.type === "usage")?.usage, answer.usage);
      assert.equal(events.filter((event) => event.type === "end").length, 1);
    });
  });

  it("takes hostile bytes without throwing and always ends in one end or error", () => {
    const frames = fc.array(
      fc.oneof(
        fc.jsonValue().map((value) => `data: ${JSON.stringify({ choices: [value], usage: value })}\n\n`),
        fc.jsonValue().map((value) => `data: ${JSON.stringify(value)}\n\n`),
        fc.constantFrom("data:", "\n\n", "data: [DONE]\n\n", 'data: {"choices":[{"text":1,"finish_reason":"x"}]}\n\n'),
      ),
    );
    check(fc.tuple(frames, random), ([pieces, next]) => {
      const events = decodeAll(call.createStreamDecoder(), splitBytes(Buffer.from(pieces.join("")), next));
      const ends = events.filter((event) => event.type === "end" || event.type === "error");
      assert.deepEqual(ends, [events.at(-1)]);
    });
  });
});

describe("recorded shapes of legacy completions", () => {
  const folder = path.join(import.meta.dirname, "..", "..", "fixtures", openaiCompletions.name);
  const read = (file: string) => readFileSync(path.join(folder, file));
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".json"))) {
    it(`${path.parse(file).name}: the stream says what the whole answer says, and passes byte for byte`, () => {
      const stream = read(file.replace(".json", ".sse"));
      for (let cut = 0; cut <= stream.length; cut += 5) {
        const pieces = [stream.subarray(0, cut), stream.subarray(cut)];
        assert.deepEqual(foldEvents(decodeAll(call.createStreamDecoder(), pieces)), call.decodeResult(read(file)));
      }
      const scanner = call.createStreamScanner();
      const batches = [...stream].map((_, at) => scanner.push(stream.subarray(at, at + 1)));
      const all = [...batches, scanner.finish()].filter((batch) => batch !== undefined);
      assert.deepEqual(Buffer.concat(all.map((batch) => batch.bytes ?? Buffer.alloc(0))), stream);
      assert.ok(all.flatMap((batch) => batch.events).filter(isContent).length <= 2);
    });
  }

  it("truncated: is one error as the last event", () => {
    const last = decodeAll(call.createStreamDecoder(), [read("truncated.sse")]).at(-1);
    assert.equal(last?.type === "error" ? last.error.code : last?.type, "source_failed");
  });

  it("error-inside: is the source's error, and no end", () => {
    const events = decodeAll(call.createStreamDecoder(), [read("error-inside.sse")]);
    const last = events.at(-1);
    assert.match(last?.type === "error" ? last.error.message : "", /slot was lost/);
    assert.ok(events.every((event) => event.type !== "end"));
  });
});

describe("a legacy completions request", () => {
  it("gives its fields in our words, sixteen tokens when it says nothing", () => {
    const [request] = parse({
      ...base,
      suffix: "end",
      temperature: 0.5,
      stop: "\n",
      seed: 4,
      user: "u",
      stream: true,
      stream_options: { include_usage: true },
      n: 1,
      best_of: null,
      logprobs: null,
      logit_bias: { 1: 2 },
    });
    const { original: _, ...fields } = request ?? {};
    assert.deepEqual(fields, {
      model: "m",
      messages: [{ role: "user", content: [{ type: "text", text: "Once" }] }],
      completion: { prompt: "Once", suffix: "end" },
      tools: [],
      maxOutputTokens: 16,
      temperature: 0.5,
      stop: ["\n"],
      seed: 4,
      endUser: "u",
      stream: true,
      includeUsage: true,
      unknownFields: ["logit_bias"],
    });
  });

  it("is one request a prompt, and keeps its bytes only where there is one", () => {
    const prompts = (prompt: unknown) => parse({ ...base, prompt }).map((request) => request.completion?.prompt);
    assert.deepEqual(prompts("a"), ["a"]);
    assert.deepEqual(prompts(["a", ""]), ["a", ""]);
    assert.deepEqual(prompts([1, 2]), [[1, 2]]);
    assert.deepEqual(prompts([[1], [2]]), [[1], [2]]);
    assert.equal(parse({ ...base, prompt: ["a"] })[0]?.original?.dialect, "openai-completions");
    assert.equal(parse({ ...base, prompt: ["a", "b"] })[0]?.original, undefined);
  });

  const bad: [body: unknown, param: string, message: RegExp][] = [
    [{ prompt: "a" }, "model", /got nothing/],
    [{ ...base, model: [] }, "model", /got an empty array/],
    [{ model: "m" }, "prompt", /^prompt: expected a string, an array of strings, or arrays of tokens, got nothing/],
    [{ ...base, prompt: null }, "prompt", /got null/],
    [{ ...base, prompt: 1 }, "prompt", /got 1/],
    [{ ...base, prompt: [] }, "prompt", /at least one text/],
    [{ ...base, prompt: ["a", 1] }, "prompt[1]", /expected a string, got 1/],
    [{ ...base, prompt: [[1], []] }, "prompt[1]", /at least one token/],
    [{ ...base, prompt: Array.from({ length: 33 }, () => "a") }, "prompt", /at most 32 entries in one request, got 33/],
    [{ ...base, suffix: 1 }, "suffix", /expected a string, got 1/],
    [{ ...base, max_tokens: "5" }, "max_tokens", /an integer of at least 1, got "5"/],
    [{ ...base, max_tokens: 0 }, "max_tokens", /got 0/],
    [{ ...base, temperature: 3 }, "temperature", /a number from 0 to 2, got 3/],
    [{ ...base, top_p: "x" }, "top_p", /got "x"/],
    [{ ...base, n: 2 }, "n", /^n: only one answer a prompt is supported, got 2/],
    [{ ...base, n: "1" }, "n", /got "1"/],
    [{ ...base, best_of: 3 }, "best_of", /only one answer/],
    [{ ...base, logprobs: 0 }, "logprobs", /^logprobs: not supported/],
    [{ ...base, logprobs: "x" }, "logprobs", /got "x"/],
    [{ ...base, stream: "yes" }, "stream", /true or false, got "yes"/],
    [{ ...base, stream_options: 1 }, "stream_options", /an object, got 1/],
    [{ ...base, stream_options: { include_usage: 1 } }, "stream_options.include_usage", /true or false/],
    [{ ...base, echo: 1 }, "echo", /true or false, got 1/],
    [{ ...base, prompt: [1], echo: true }, "echo", /prompts of text only/],
    [{ ...base, suffix: "x", echo: true }, "echo", /does not go with a suffix/],
    [{ ...base, stop: 5 }, "stop", /an array of strings, got 5/],
    [{ ...base, stop: ["a", 5] }, "stop[1]", /got 5/],
    [{ ...base, seed: 1.5 }, "seed", /an integer, got 1.5/],
    [{ ...base, presence_penalty: 9 }, "presence_penalty", /a number from -2 to 2/],
    [{ ...base, frequency_penalty: "0" }, "frequency_penalty", /got "0"/],
    [{ ...base, user: {} }, "user", /expected a string, got an object/],
  ];
  for (const [body, param, message] of bad) {
    it(`is refused with the field's path: ${JSON.stringify(body).slice(0, 70)}`, () => refuses(body, param, message));
  }
});

const words: ChatEvent[] = [
  { type: "start" },
  { type: "reasoning-start", index: 0 },
  { type: "reasoning-delta", index: 0, text: "hm" },
  { type: "reasoning-end", index: 0 },
  { type: "text-start", index: 1 },
  { type: "text-delta", index: 1, text: " upon" },
  { type: "text-delta", index: 1, text: " a time" },
  { type: "text-end", index: 1 },
  {
    type: "usage",
    usage: { inputTokens: 1, outputTokens: 4, cachedInputTokens: 0, cacheWriteTokens: 0, reasoningTokens: 1 },
  },
  { type: "end", stopReason: "length" },
];

describe("answering legacy completions", () => {
  const [request] = parse({ ...base, echo: true });
  const echoing = { ...meta, request: request ?? meta.request };

  it("repeats the prompt before the answer when asked to, and tells no reasoning", () => {
    const { choices } = JSON.parse(serve.encodeResult(foldEvents(words), echoing)) as { choices: unknown };
    assert.deepEqual(choices, [{ text: "Once upon a time", index: 0, logprobs: null, finish_reason: "length" }]);
  });

  it("answers several prompts as choices by index with the usage of all", () => {
    const requests = parse({ ...base, prompt: ["A", "B"], echo: true });
    const answers = requests.map((one) => ({ result: foldEvents(words), request: one }));
    const whole = JSON.parse(encodeResults(answers, meta)) as { choices: { text: string }[]; usage: unknown };
    assert.deepEqual(
      whole.choices.map((choice) => choice.text),
      ["A upon a time", "B upon a time"],
    );
    assert.equal((whole.usage as { total_tokens: number }).total_tokens, 10);
  });

  it("streams several prompts one after the other, with one usage chunk and one end, as OpenAI's SDK reads it", async () => {
    const requests = parse({ ...base, prompt: ["A", "B"], echo: true });
    const encoder = createStreamEncoder(meta, requests);
    const bytes = [...words, ...words].map((event) => encoder.encode([event]) + encoder.ping()).join("");
    assert.equal(bytes.split("data: [DONE]").length, 2);
    const texts = ["", ""];
    const reasons: unknown[] = [];
    let tokens = 0;
    type Chunk = {
      choices: { index: number; text: string; finish_reason: unknown }[];
      usage: { total_tokens: number } | null;
    };
    for await (const chunk of Stream.fromSSEResponse<Chunk>(new Response(bytes), new AbortController())) {
      for (const choice of chunk.choices) {
        texts[choice.index] += choice.text;
        if (choice.finish_reason !== null) reasons.push(choice.finish_reason);
      }
      tokens = chunk.usage?.total_tokens ?? tokens;
    }
    assert.deepEqual(texts, ["A upon a time", "B upon a time"]);
    assert.deepEqual(reasons, ["length", "length"]);
    assert.equal(tokens, 10);
  });

  it("ends with the error and nothing behind it when a prompt fails", () => {
    const encoder = createStreamEncoder(meta, parse({ ...base, prompt: ["A", "B"] }));
    const failure: ChatEvent = { type: "error", error: { code: "no_capacity", message: "All busy." } };
    const stream = encoder.encode([...words, failure]);
    assert.match(stream, /data: \{"error":\{"message":"All busy\."[^\n]*\n\n$/);
    assert.equal(encoder.encode(words), "");
  });
});
