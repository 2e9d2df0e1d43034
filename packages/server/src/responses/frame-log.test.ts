import assert from "node:assert/strict";
import { test } from "node:test";
import { AppError } from "@auxot/wire/errors";
import fc from "fast-check";
import { createFrameLog, splitFrames } from "./frame-log.ts";

const frame = (number: number): string => `event: e\ndata: {"n":${number}}\n\n`;
const never = new AbortController().signal;

async function collect(frames: AsyncIterable<string>): Promise<string> {
  let text = "";
  for await (const piece of frames) text += piece;
  return text;
}

test("every reader gets each frame behind its place exactly once and in order, whenever it came", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 10 }),
      fc.array(fc.tuple(fc.nat(10), fc.integer({ min: -1, max: 60 })), { maxLength: 5 }),
      async (appends, readers) => {
        const log = createFrameLog(1_000_000);
        const all: string[] = [];
        const reading: { readonly after: number; readonly text: Promise<string> }[] = [];
        for (let step = 0; step <= appends.length; step++) {
          for (const [at, after] of readers) {
            if (Math.min(at, appends.length) === step) reading.push({ after, text: collect(log.read(after, never)) });
          }
          const added = Array.from({ length: appends[step] ?? 0 }, (_, number) => frame(all.length + number));
          if (added.length > 0) log.append(added.join(""));
          all.push(...added);
          await Promise.resolve();
        }
        log.end();
        for (const { after, text } of reading) assert.equal(await text, all.slice(after + 1).join(""));
        assert.equal(log.text(), all.join(""));
        assert.deepEqual(splitFrames(all.join("")), all);
      },
    ),
    { numRuns: 300 },
  );
});

test("a reader who leaves while it waits is let go", async () => {
  const log = createFrameLog(1000);
  const reader = new AbortController();
  const reading = collect(log.read(-1, reader.signal));
  reader.abort();
  assert.equal(await reading, "");
});

test("beyond the bound the oldest go, and who needs them is told which are left", async () => {
  const log = createFrameLog(100 * frame(10).length);
  for (let number = 0; number < 1000; number++) log.append(frame(number));
  log.end();
  assert.equal(log.text(), undefined);
  assert.throws(() => log.read(-1, never), isTold, "before anything is sent");
  assert.equal(await collect(log.read(997, never)), frame(998) + frame(999));
});

test("a reader who keeps up gets every frame, however large they are", async () => {
  const log = createFrameLog(1000);
  const reader = log.read(-1, never)[Symbol.asyncIterator]();
  for (let number = 0; number < 20; number++) {
    const large = `data: ${number} ${"x".repeat(number % 3 === 0 ? 1500 : 600)}\n\n`;
    log.append(large);
    assert.equal((await reader.next()).value, large);
  }
});

function isTold(error: unknown): boolean {
  assert.ok(error instanceof AppError && error.code === "invalid_request" && error.param === "starting_after");
  return /too many to keep/.test(error.message);
}
