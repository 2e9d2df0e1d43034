import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { check } from "../test/arbitraries.ts";
import { decodeVector, encodeVector, normalizeVector, shortenVector } from "./vectors.ts";

const vectors = fc.float32Array({ minLength: 1, maxLength: 50, noNaN: true });

describe("vectors", () => {
  it("come back from base64 as they were, bit for bit", () => {
    check(vectors, (vector) => assert.deepEqual(decodeVector(encodeVector(vector)), vector));
  });

  it("are little-endian 32-bit floats in base64, as OpenAI's clients read them", () => {
    assert.equal(encodeVector(Float32Array.of(1, -2)), "AACAPwAAAMA=");
  });

  for (const text of ["", "AAA=", "no base64!", "AACAPw", "AACAPwAA"]) {
    it(`are none in ${JSON.stringify(text)}`, () => assert.equal(decodeVector(text), undefined));
  }

  it("have length 1 after cutting, and point the same way", () => {
    const cut = shortenVector(normalizeVector(Float32Array.of(3, 4, 12)), 2);
    assert.deepEqual(
      Array.from(cut, (value) => value.toFixed(6)),
      ["0.600000", "0.800000"],
    );
  });

  it("stay as they are when they are short enough, and zero stays zero", () => {
    const vector = Float32Array.of(1, 2);
    assert.equal(shortenVector(vector, 2), vector);
    assert.equal(shortenVector(vector, undefined), vector);
    assert.deepEqual(normalizeVector(new Float32Array(2)), new Float32Array(2));
  });
});
