import assert from "node:assert/strict";
import { test } from "node:test";
import { createMessageReader } from "./http-framing.ts";

const first = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";
const second = "HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";

function read(pieces: readonly string[]): [string, string][] {
  const messages: [string, string][] = [];
  const reader = createMessageReader(({ startLine, body }) => messages.push([startLine, body.toString()]));
  for (const piece of pieces) reader.push(Buffer.from(piece));
  return messages;
}

const expected = [
  ["HTTP/1.1 200 OK", "hello"],
  ["HTTP/1.1 201 Created", "3\r\nabc\r\n0\r\n\r\n"],
];

test("finds messages that arrive one by one", () => {
  assert.deepEqual(read([first, second]), expected);
});

test("finds messages that arrive a byte at a time", () => {
  assert.deepEqual(read([...(first + second)]), expected);
});

test("finds messages that arrive in one piece", () => {
  assert.deepEqual(read([first + second]), expected);
});
