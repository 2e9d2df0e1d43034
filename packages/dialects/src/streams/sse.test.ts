import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { check, random, splitBytes } from "../../test/arbitraries.ts";
import { createFrameSplitter, createSseParser, encodeSse, type SseItem } from "./sse.ts";

function parse(pieces: readonly Uint8Array[]): SseItem[] {
  const parser = createSseParser();
  return [...pieces.flatMap((piece) => parser.push(piece)), ...parser.finish()];
}

describe("server-sent events", () => {
  it("come out the same wherever the bytes are cut, with LF, CR and CRLF", () => {
    const event = fc.record({ data: fc.stringMatching(/^[ -~é😀]{1,20}$/u), event: fc.constantFrom("a", undefined) });
    check(fc.tuple(fc.array(event), fc.constantFrom("\n", "\r", "\r\n"), random), ([events, newline, next]) => {
      const text = events
        .map(({ data, event }) => encodeSse(data, event))
        .join("")
        .replaceAll("\n", newline);
      const expected = events.map(({ data, event }) => (event === undefined ? { data } : { event, data }));
      assert.deepEqual(parse(splitBytes(Buffer.from(text), next)), expected);
    });
  });

  const cases: [sentence: string, text: string, items: SseItem[]][] = [
    ["joins several data lines", "data: a\ndata: b\n\n", [{ data: "a\nb" }]],
    ["skips comments, ids and retries", ": hi\nid: 1\nretry: 5\ndata: a\n\n", [{ data: "a" }]],
    ["skips a byte order mark", "\uFEFFdata: a\n\n", [{ data: "a" }]],
    ["takes data without a space behind the colon", "data:a\n\n", [{ data: "a" }]],
    ["takes a field without a colon as empty", "data\n\n", [{ data: "" }]],
    ["does not mistake longer field names", "database: x\n\n", []],
    ["gives no item for a frame without data", "event: ping\n\n", []],
    [
      "gives the last event of a stream without its blank line",
      "data: a\n\ndata: [DONE]",
      [{ data: "a" }, { data: "[DONE]" }],
    ],
  ];
  for (const [sentence, text, items] of cases) {
    it(sentence, () => assert.deepEqual(parse([Buffer.from(text)]), items));
  }

  it("copy each byte of a long event a bounded number of times", () => {
    const piece = Buffer.alloc(16 * 1024, "x");
    const concat = Buffer.concat;
    const from = Buffer.from;
    let copied = 0;
    try {
      Buffer.concat = (list: readonly Uint8Array[]) => {
        for (const part of list) copied += part.length;
        return concat(list);
      };
      Buffer.from = ((value: Uint8Array, ...rest: []) => {
        if (value instanceof Uint8Array) copied += value.length;
        return (from as (value: unknown, ...rest: []) => Buffer)(value, ...rest);
      }) as typeof Buffer.from;
      const splitter = createFrameSplitter();
      splitter.push(from("data: "));
      for (let count = 0; count < 512; count++) splitter.push(piece);
      assert.equal(splitter.push(from("\n\n"))?.length, 512 * piece.length + 8);
    } finally {
      Buffer.concat = concat;
      Buffer.from = from;
    }
    assert.ok(copied <= 2.1 * 512 * piece.length, `${copied} bytes copied`);
  });

  it("are given up when one event grows past the bound", () => {
    const parser = createSseParser(1000);
    parser.push(Buffer.alloc(1001, "x"));
    assert.equal(parser.isTooLarge(), true);
    assert.deepEqual(parser.push(Buffer.from("\n\ndata: a\n\n")), []);
  });

  it("may be cut from a read buffer that is used again", () => {
    const splitter = createFrameSplitter();
    const buffer = Buffer.from("data: a");
    splitter.push(buffer);
    buffer.fill("z");
    assert.equal(splitter.push(Buffer.from("\n\n"))?.toString(), "data: a\n\n");
  });
});
