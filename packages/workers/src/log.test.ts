import assert from "node:assert/strict";
import { test } from "node:test";
import { createLog, type LogLevel } from "./log.ts";

function write(level: LogLevel, isTerminal: boolean): string[] {
  const lines: string[] = [];
  const log = createLog({ level, isTerminal, write: (line) => void lines.push(line), now: () => new Date(0) });
  log.debug("a");
  log.info("model loaded", { model: "m", slots: 4, error: undefined });
  log.warn("two words", { reason: "not found" });
  return lines;
}

test("writes JSON lines where nobody watches", () => {
  assert.deepEqual(write("info", false), [
    '{"time":"1970-01-01T00:00:00.000Z","level":"info","message":"model loaded","model":"m","slots":4}\n',
    '{"time":"1970-01-01T00:00:00.000Z","level":"warn","message":"two words","reason":"not found"}\n',
  ]);
});

test("writes short lines for people, from the chosen level on", () => {
  const [info, warn] = write("info", true);
  assert.match(info ?? "", /^\d\d:\d\d:\d\d model loaded model=m slots=4\n$/);
  assert.match(warn ?? "", /^\d\d:\d\d:\d\d WARN two words reason="not found"\n$/);
  assert.equal(write("debug", true).length, 3);
  assert.equal(write("silent", true).length, 0);
});
