import assert from "node:assert/strict";
import { test } from "node:test";
import { formatLogLine } from "./log-line.ts";

test("a line for people has the time, the level when it matters, and its fields", () => {
  const line = {
    time: "2026-01-02T03:04:05.000Z",
    level: "info",
    message: "model loaded",
    model: "m",
    slots: 4,
    none: undefined,
  };
  assert.match(formatLogLine(line), /^\d\d:\d\d:\d\d model loaded model=m slots=4$/);
  assert.match(
    formatLogLine({ ...line, level: "warn", reason: "not found" }),
    / WARN model loaded .* reason="not found"$/,
  );
  assert.match(
    formatLogLine({ ...line, level: "error", err: { message: "x", stack: "Error: x\n  at y" } }),
    /slots=4\nError: x\n {2}at y$/,
  );
});

test("a name that holds commands for a terminal is shown, and not obeyed", () => {
  const line = formatLogLine({
    time: "2026-01-02T03:04:05.000Z",
    level: "error",
    message: "request",
    by: "\u001b]0;owned\u0007",
    path: "/x y\r\n\u001b[2J",
    err: { stack: "Error: \u001b[31m\u009b2J\n\tat y" },
  });
  // oxlint-disable-next-line no-control-regex
  assert.doesNotMatch(line, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
  assert.match(line, /by=\\u001b\]0;owned\\u0007 path="\/x y\\r\\n\\u001b\[2J"\nError: \\u001b\[31m\\u009b2J\n\tat y$/);
});
