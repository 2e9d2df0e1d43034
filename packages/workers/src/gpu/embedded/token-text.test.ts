import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Token } from "node-llama-cpp";
import { createTokenText } from "./token-text.ts";

/** A vocabulary in which every token is one to three bytes. */
function createVocabulary(): { tokens: Buffer[]; detokenize: (tokens: readonly Token[]) => string } {
  const tokens: Buffer[] = [];
  const detokenize = (list: readonly Token[]): string =>
    Buffer.concat(list.map((token) => tokens[token] ?? Buffer.alloc(0))).toString("utf8");
  return { tokens, detokenize };
}

test("gives any text back byte for byte, whatever the tokens cut in two", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "binary" }),
      fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1 }),
      (text, sizes) => {
        const { tokens, detokenize } = createVocabulary();
        const bytes = Buffer.from(text, "utf8");
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const size = sizes[i % sizes.length] ?? 1;
          tokens.push(bytes.subarray(at, at + size));
          at += size;
        }
        const out = createTokenText(detokenize, []);
        const pieces = tokens.map((_, id) => out.push(id as Token));
        assert.equal(pieces.join("") + out.finish(), bytes.toString("utf8"));
      },
    ),
    { numRuns: 500 },
  );
});

test("holds an emoji back until its last byte", () => {
  const { tokens, detokenize } = createVocabulary();
  tokens.push(...[...Buffer.from("🦊!")].map((byte) => Buffer.from([byte])));
  const out = createTokenText(detokenize, []);
  assert.deepEqual(
    tokens.map((_, id) => out.push(id as Token)),
    ["", "", "", "🦊", "!"],
  );
});

test("does not wait for ever for bytes that are no character", () => {
  const { tokens, detokenize } = createVocabulary();
  tokens.push(...Array.from({ length: 6 }, () => Buffer.from([0xff])));
  const out = createTokenText(detokenize, []);
  const pieces = tokens.map((_, id) => out.push(id as Token));
  assert.equal(pieces.join("") + out.finish(), "\uFFFD".repeat(6));
});
