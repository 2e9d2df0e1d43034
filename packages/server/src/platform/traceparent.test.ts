import assert from "node:assert/strict";
import { test } from "node:test";
import { formatTraceparent, parseTraceparent } from "./traceparent.ts";

const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
const span = "00f067aa0ba902b7";

test("reads what it writes", () => {
  const text = `00-${trace}-${span}-01`;
  const parsed = parseTraceparent(text);
  assert.deepEqual(parsed, { traceId: trace, spanId: span, flags: 1 });
  assert.equal(parsed && formatTraceparent(parsed), text);
});

test("a later version may say more; this one may not", () => {
  assert.deepEqual(parseTraceparent(`01-${trace}-${span}-00-more`), { traceId: trace, spanId: span, flags: 0 });
  assert.equal(parseTraceparent(`00-${trace}-${span}-00-more`), undefined);
});

test("takes nothing that is none", () => {
  const none = [
    undefined,
    "",
    "00",
    `ff-${trace}-${span}-01`,
    `00-${"0".repeat(32)}-${span}-01`,
    `00-${trace}-${"0".repeat(16)}-01`,
    `00-${trace.toUpperCase()}-${span}-01`,
    `00-${trace}-${span}-1`,
    `00-${trace}${span}-01`,
  ];
  for (const text of none) assert.equal(parseTraceparent(text), undefined, String(text));
});
