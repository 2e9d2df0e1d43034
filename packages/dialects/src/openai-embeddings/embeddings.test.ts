import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { EmbedRequest, EmbedResult } from "@auxot/wire/embed";
import { AppError } from "@auxot/wire/errors";
import { check, text } from "../../test/arbitraries.ts";
import { encodeVector } from "../vectors.ts";
import { embeddingsCall } from "./call.ts";
import { embeddingsServe } from "./serve.ts";

const base = { model: "m", input: "hi" };

function parse(body: unknown): EmbedRequest {
  return embeddingsServe.parseRequest(Buffer.from(JSON.stringify(body)));
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
const tokens = fc.array(fc.nat(100_000), { minLength: 1, maxLength: 5 });
const requests = fc
  .record({
    input: fc.array(fc.oneof(text, tokens), { minLength: 1, maxLength: 5 }),
    dimensions: option(fc.integer({ min: 1, max: 4096 })),
    encodingFormat: fc.constantFrom("float" as const, "base64" as const),
    endUser: option(text),
  })
  .map(({ input, dimensions, encodingFormat, endUser }): EmbedRequest => ({
    model: "some-model",
    input,
    encodingFormat,
    ...(dimensions === undefined ? {} : { dimensions }),
    ...(endUser === undefined ? {} : { endUser }),
  }));
const finite = fc.float({ noNaN: true, noDefaultInfinity: true });
const results = fc.record(
  {
    vectors: fc.array(
      fc.array(finite, { minLength: 1, maxLength: 6 }).map((values) => encodeVector(Float32Array.from(values))),
      { minLength: 1, maxLength: 4 },
    ),
    inputTokens: fc.nat(5000),
  },
  { noNullPrototype: true },
);

describe("laws of embeddings", () => {
  it("parses a request it built to the same request", () => {
    check(requests, (request) => {
      const built = embeddingsCall.buildRequest(request, request.model);
      const { original, ...parsed } = embeddingsServe.parseRequest(Buffer.from(built.body));
      assert.equal(original?.dialect, "openai-embeddings");
      assert.deepEqual(parsed, request);
      assert.deepEqual(built.warnings, []);
    });
  });

  it("decodes an answer it encoded to the same answer, in numbers and in base64", () => {
    check(fc.tuple(results, fc.constantFrom("float" as const, "base64" as const)), ([result, encodingFormat]) => {
      const body = Buffer.from(embeddingsServe.encodeResult(result, { model: "m", encodingFormat }));
      const decoded = embeddingsCall.decodeResult(body, result.vectors.length);
      // JSON has one zero.
      const zeros = (vector: string): string =>
        encodingFormat === "base64"
          ? vector
          : encodeVector(new Float32Array(new Uint8Array(Buffer.from(vector, "base64")).buffer).map((n) => n + 0));
      assert.deepEqual(decoded, { model: "m", ...result, vectors: result.vectors.map(zeros) });
    });
  });
});

describe("an embeddings request", () => {
  it("takes one text, several, one text in tokens and several of those", () => {
    assert.deepEqual(parse(base).input, ["hi"]);
    assert.deepEqual(parse({ ...base, input: ["a", "b"] }).input, ["a", "b"]);
    assert.deepEqual(parse({ ...base, input: [1, 2] }).input, [[1, 2]]);
    assert.deepEqual(parse({ ...base, input: [[1], [2, 3]] }).input, [[1], [2, 3]]);
    assert.equal(parse({ ...base, input: Array.from({ length: 2048 }, () => "a") }).input.length, 2048);
  });

  it("answers in numbers unless base64 is asked for, and keeps its bytes and what it does not know", () => {
    const request = parse({ ...base, encoding_format: null, task: "search" });
    assert.equal(request.encodingFormat, "float");
    assert.deepEqual(request.unknownFields, ["task"]);
    assert.equal(request.original?.dialect, "openai-embeddings");
    assert.deepEqual(embeddingsCall.buildRequest(request, "m").warnings, [
      "task: not understood on this route; it was not sent.",
    ]);
  });

  const bad: [body: unknown, param: string, message: RegExp][] = [
    [{ input: "hi" }, "model", /^model: expected the name of a model, got nothing/],
    [{ ...base, model: 7 }, "model", /got 7/],
    [{ ...base, model: "" }, "model", /got ""/],
    [{ model: "m" }, "input", /^input: expected a string, an array of strings, or arrays of tokens, got nothing/],
    [{ ...base, input: null }, "input", /got null/],
    [{ ...base, input: {} }, "input", /got an object/],
    [{ ...base, input: 3 }, "input", /got 3/],
    [{ ...base, input: "" }, "input", /expected a text that is not empty/],
    [{ ...base, input: [] }, "input", /expected at least one text, got an empty array/],
    [{ ...base, input: ["a", ""] }, "input[1]", /^input\[1\]: expected a text that is not empty/],
    [{ ...base, input: ["a", 5] }, "input[1]", /got 5/],
    [{ ...base, input: ["a", null] }, "input[1]", /got null/],
    [{ ...base, input: [1, "a"] }, "input[1]", /expected the id of a token, got "a"/],
    [{ ...base, input: [1, -1] }, "input[1]", /got -1/],
    [{ ...base, input: [1.5] }, "input[0]", /got 1.5/],
    [{ ...base, input: [[1], []] }, "input[1]", /expected at least one token/],
    [{ ...base, input: [[1, "x"]] }, "input[0][1]", /got "x"/],
    [{ ...base, input: Array.from({ length: 2049 }, () => "a") }, "input", /expected at most 2048 entries.*got 2049/],
    [{ ...base, encoding_format: "hex" }, "encoding_format", /one of float, base64, got "hex"/],
    [{ ...base, encoding_format: 1 }, "encoding_format", /got 1/],
    [{ ...base, dimensions: 0 }, "dimensions", /an integer of at least 1, got 0/],
    [{ ...base, dimensions: "8" }, "dimensions", /got "8"/],
    [{ ...base, user: 5 }, "user", /expected a string, got 5/],
  ];
  for (const [body, param, message] of bad) {
    it(`is refused with the field's path: ${JSON.stringify(body).slice(0, 60)}`, () => refuses(body, param, message));
  }

  it("is refused when it is no object", () => {
    assert.throws(() => embeddingsServe.parseRequest(Buffer.from("[]")), /The request body: expected an object/);
  });
});

function decode(body: unknown, count: number): EmbedResult {
  return embeddingsCall.decodeResult(Buffer.from(JSON.stringify(body)), count);
}

describe("an embeddings answer of a source", () => {
  it("is put in the order of the inputs", () => {
    const data = [
      { index: 1, embedding: [2] },
      { index: 0, embedding: [1] },
    ];
    const { vectors } = decode({ data, usage: { prompt_tokens: 3 } }, 2);
    assert.deepEqual(
      vectors,
      [1, 2].map((value) => encodeVector(Float32Array.of(value))),
    );
  });

  const broken: [sentence: string, body: unknown, message: RegExp][] = [
    ["it has no list", {}, /no embeddings for 2 inputs/],
    ["one is missing", { data: [{ index: 0, embedding: [1] }] }, /1 embeddings for 2 inputs/],
    [
      "two have one index",
      {
        data: [
          { index: 0, embedding: [1] },
          { index: 0, embedding: [1] },
        ],
      },
      /two embeddings of one index/,
    ],
    ["an index is wild", { data: [{ index: 9, embedding: [1] }, {}] }, /index nobody asked for/],
    ["a vector is empty", { data: [{ embedding: [] }, { embedding: [1] }] }, /a vector that is none/],
    ["a vector holds words", { data: [{ embedding: ["a"] }, { embedding: [1] }] }, /a vector that is none/],
    ["a vector is no base64", { data: [{ embedding: "?" }, { embedding: [1] }] }, /a vector that is none/],
    ["an entry is no object", { data: [1, 2] }, /no object/],
  ];
  for (const [sentence, body, message] of broken) {
    it(`is the source's failure when ${sentence}`, () => {
      assert.throws(
        () => decode(body, 2),
        (error) => error instanceof AppError && error.code === "source_failed" && message.test(error.message),
      );
    });
  }

  it("is the source's own error when it is one", () => {
    assert.throws(() => decode({ error: { message: "no such model", code: "model_not_found" } }, 1), /no such model/);
  });
});
