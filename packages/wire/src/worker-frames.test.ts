import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { AppError } from "./errors.ts";
import {
  encodeFrame,
  parseRouterFrame,
  parseWorkerFrame,
  readHelloProtocol,
  type RouterFrame,
  type WorkerFrame,
} from "./worker-frames.ts";

const workerFrames: WorkerFrame[] = [
  {
    type: "hello",
    protocol: 1,
    instanceId: "instance-1",
    name: "box",
    version: "1",
    kind: "gpu",
    engine: "embedded",
    hardware: { os: "linux", arch: "x64", cpus: 2, memoryBytes: 1, gpus: [{ name: "H100", memoryBytes: 2 }] },
    offers: [{ model: "m", aliases: [], abilities: { tools: true, images: false, reasoning: false }, slots: 2 }],
    jobs: ["job_1"],
  },
  { type: "offers", offers: [] },
  { type: "drain" },
  { type: "ping", at: 1 },
  { type: "pong", at: 1 },
  { type: "job-events", jobId: "j", seq: 0, events: [{ type: "text-delta", index: 0, text: "hé 🎉\n" }] },
  { type: "embed-vectors", jobId: "j", seq: 0, vectors: ["AACAPwAAAAA="], inputTokens: 4 },
  { type: "job-done", jobId: "j", seq: 1 },
  { type: "tokens-counted", countId: "c", inputTokens: 12 },
  { type: "job-done", jobId: "j", seq: 1, error: { code: "source_failed", message: "broke" } },
];

const routerFrames: RouterFrame[] = [
  {
    type: "welcome",
    workerId: "w",
    pingEveryMs: 1,
    silenceLimitMs: 2,
    resumeWindowMs: 3,
    resume: [{ jobId: "j", nextSeq: 4 }],
  },
  { type: "refused", error: { code: "unauthenticated", message: "no" } },
  {
    type: "job-start",
    jobId: "j",
    request: { model: "m", messages: [{ role: "user", content: [] }], tools: [], stream: true },
  },
  {
    type: "embed-start",
    jobId: "j",
    request: { model: "m", input: ["a", [1, 2]], dimensions: 8, encodingFormat: "base64" },
  },
  { type: "job-cancel", jobId: "j" },
  { type: "tokens-count", countId: "c", request: { model: "m", messages: [], tools: [], stream: false } },
  { type: "job-ack", jobId: "j", seq: 3 },
  { type: "shutdown" },
];

test("every frame survives its own encoding", () => {
  for (const frame of workerFrames) assert.deepEqual(parseWorkerFrame(encodeFrame(frame)), frame);
  for (const frame of routerFrames) assert.deepEqual(parseRouterFrame(encodeFrame(frame)), frame);
});

test("the protocol of a hello is read whatever else another version put there", () => {
  assert.equal(readHelloProtocol('{"type":"hello","protocol":7,"everything":"else"}'), 7);
  assert.equal(readHelloProtocol('{"type":"hello"}'), undefined);
  assert.equal(readHelloProtocol('{"type":"drain","protocol":7}'), undefined);
});

test("a frame that is not right is refused with a sentence, whatever it holds", () => {
  const bad = [
    "",
    "null",
    "[]",
    '"x"',
    "{}",
    '{"type":"nonsense"}',
    '{"type":"job-events","jobId":"j","seq":-1,"events":[]}',
    '{"type":"job-events","jobId":"j","seq":0,"events":[{"type":"text-delta","index":0}]}',
    '{"type":"job-events","jobId":"j","seq":0,"events":[{"type":"text-start","index":4000000000}]}',
    '{"type":"job-events","jobId":"j","seq":0,"events":[{"type":"text-end","index":0,"citations":[{"url":1}]}]}',
    '{"type":"job-events","jobId":"j","seq":0,"events":[{"type":"usage","usage":{"inputTokens":-5}}]}',
    '{"type":"job-done","jobId":"j","seq":0,"error":{"code":"made_up","message":"x"}}',
    '{"type":"hello","protocol":1}',
  ];
  for (const text of bad) {
    assert.throws(
      () => parseWorkerFrame(text),
      (error: unknown) => error instanceof AppError && error.code === "invalid_request",
      text,
    );
  }
  fc.assert(
    fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
      for (const parse of [parseWorkerFrame, parseRouterFrame]) {
        try {
          parse(text);
        } catch (error) {
          assert.ok(error instanceof AppError);
        }
      }
    }),
  );
});
