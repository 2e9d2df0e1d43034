import assert from "node:assert/strict";
import { test } from "node:test";
import { createLog } from "./log.ts";
import { createSpanQueue, type SpanQueueDeps } from "./span-queue.ts";

/** The collector is the edge: `send` decides what becomes of a batch. */
function setUp(send: SpanQueueDeps<number>["send"], options: Partial<SpanQueueDeps<number>> = {}) {
  const lines: string[] = [];
  const log = createLog("info", (line) => void lines.push(line));
  return { lines, queue: createSpanQueue<number>({ send, collector: "http://collector", log, ...options }) };
}

function pushAll(queue: { push(item: number): void }, count: number): void {
  for (let item = 0; item < count; item++) queue.push(item);
}

test("sends in batches, one at a time, in the order in which they came", async () => {
  const batches: number[][] = [];
  let atOnce = 0;
  const { queue } = setUp(
    async (batch) => {
      assert.equal(++atOnce, 1);
      await Promise.resolve();
      batches.push(batch);
      atOnce--;
      return undefined;
    },
    { maxBatch: 2 },
  );
  pushAll(queue, 5);
  await queue.close();
  assert.deepEqual(batches, [[0, 1], [2, 3], [4]]);
  assert.equal(queue.lost(), 0);
});

test("a full batch goes at once, without waiting for its time", async () => {
  const sent = Promise.withResolvers<number[]>();
  const send = (batch: number[]): Promise<undefined> => {
    sent.resolve(batch);
    return Promise.resolve(undefined);
  };
  const { queue } = setUp(send, { maxBatch: 3, sendEveryMs: 1_000_000 });
  pushAll(queue, 3);
  // Its timer does not keep the process alive.
  const awake = setInterval(() => {}, 1000);
  assert.deepEqual(await sent.promise, [0, 1, 2]);
  clearInterval(awake);
});

test("a collector that takes nothing is told of once, and again only when it is back", async () => {
  let answers = ["refused", "refused", undefined, undefined, "refused"];
  const { queue, lines } = setUp(() => Promise.resolve(answers.shift()), { maxBatch: 1, sendEveryMs: 1 });
  const awake = setInterval(() => {}, 1000);
  pushAll(queue, 5);
  while (answers.length > 0) await new Promise((resolve) => setImmediate(resolve));
  await queue.close();
  clearInterval(awake);
  const told = lines.map((line) => (JSON.parse(line) as { message: string }).message);
  assert.deepEqual(told, [
    "the trace collector takes no spans; what it misses is lost",
    "the trace collector takes spans again",
    "the trace collector takes no spans; what it misses is lost",
  ]);
  assert.equal(queue.lost(), 3);
  answers = [];
});

test("holds a bounded number while the collector hangs, counts the rest, and ends without it", async () => {
  const { queue } = setUp(() => new Promise(() => {}), {
    maxWaiting: 10,
    maxBatch: 4,
    closeWithinMs: 1,
    sendEveryMs: 1_000_000,
  });
  pushAll(queue, 25);
  assert.equal(queue.lost(), 15);
  const awake = setInterval(() => {}, 1000);
  await queue.close();
  clearInterval(awake);
});
