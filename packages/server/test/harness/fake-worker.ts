// A worker at the edge of the process: a real WebSocket, scripted answers.

import { once } from "node:events";
import type { ChatEvent } from "@auxot/wire/chat-event";
import type { ChatRequest } from "@auxot/wire/chat";
import type { EmbedRequest } from "@auxot/wire/embed";
import type { ErrorBody } from "@auxot/wire/errors";
import type { ModelOffer } from "@auxot/wire/model-offer";
import { encodeVector } from "@auxot/dialects/vectors";
import {
  encodeFrame,
  maxFrameBytes,
  parseRouterFrame,
  protocolVersion,
  type RouterFrame,
  type WorkerFrame,
} from "@auxot/wire/worker-frames";
import { WebSocket } from "ws";

export type FakeJob = {
  readonly id: string;
  readonly request: ChatRequest;
  send(...events: ChatEvent[]): void;
  /** `text` as one block, usage and a proper end, then the slot is free. */
  answer(text: string): void;
  /** Calls the tools of these ids and waits for their results, as a parked process. */
  park(...callIds: string[]): void;
  done(error?: ErrorBody): void;
  /** Resolves when the router cancels the job. */
  readonly cancelled: Promise<void>;
};

export type FakeEmbedJob = {
  readonly id: string;
  readonly request: EmbedRequest;
  /** One frame of vectors, each of one text, with a token each. */
  send(...vectors: (readonly number[])[]): void;
  done(error?: ErrorBody): void;
  readonly cancelled: Promise<void>;
};

export type FakeWorker = Disposable & {
  readonly frames: RouterFrame[];
  /** The next job that was not taken yet. */
  nextJob(): Promise<FakeJob>;
  nextEmbedJob(): Promise<FakeEmbedJob>;
  nextFrame<T extends RouterFrame["type"]>(type: T): Promise<Extract<RouterFrame, { type: T }>>;
  send(frame: WorkerFrame): void;
  /** Cuts the link without a word. */
  kill(): void;
  /** Resolves with the close code. */
  readonly closed: Promise<number>;
};

export type FakeWorkerOptions = {
  readonly name?: string;
  readonly offers?: readonly ModelOffer[];
  readonly instanceId?: string;
  readonly jobs?: readonly string[];
  readonly kind?: "gpu" | "cli";
  readonly protocol?: number;
  /** Answers every job with this text at once. */
  readonly replies?: string;
  /** What it answers when asked to count: a number, or the error. */
  readonly counts?: number | ErrorBody;
};

export const fakeOffer: ModelOffer = {
  model: "fake-model",
  aliases: ["fake"],
  abilities: { tools: true, images: false, reasoning: true },
  contextTokens: 8192,
  slots: 1,
};

export const embedOffer: ModelOffer = {
  model: "fake-embed",
  aliases: [],
  abilities: { tools: false, images: false, reasoning: false, embeddings: true },
  contextTokens: 512,
  dimensions: 4,
  slots: 1,
};

export const someUsage = {
  inputTokens: 7,
  outputTokens: 3,
  cachedInputTokens: 2,
  cacheWriteTokens: 0,
  reasoningTokens: 0,
};

let instances = 0;

/** Resolves after the router's welcome. Rejects with the HTTP status or the refusal otherwise. */
export async function connectFakeWorker(
  app: { readonly url: string; readonly workerKey: string },
  options: FakeWorkerOptions = {},
): Promise<FakeWorker> {
  const socket = new WebSocket(`${app.url.replace("http", "ws")}/ws`, {
    headers: { authorization: `Bearer ${app.workerKey}` },
    maxPayload: maxFrameBytes,
  });
  const frames: RouterFrame[] = [];
  const waiting: { type: string; resolve(frame: RouterFrame): void }[] = [];
  const unread: RouterFrame[] = [];
  const cancels = new Map<string, () => void>();
  const closed = new Promise<number>((resolve) => socket.on("close", (code) => resolve(code)));

  function send(frame: WorkerFrame): void {
    if (socket.readyState === socket.OPEN) socket.send(encodeFrame(frame));
  }

  function toJob(frame: Extract<RouterFrame, { type: "job-start" }>): FakeJob {
    let seq = 0;
    const job: FakeJob = {
      id: frame.jobId,
      request: frame.request,
      send: (...events) => send({ type: "job-events", jobId: frame.jobId, seq: seq++, events }),
      answer(text) {
        job.send({ type: "start", model: frame.request.model }, { type: "text-start", index: 0 });
        for (const word of text.match(/\s*\S+/g) ?? []) job.send({ type: "text-delta", index: 0, text: word });
        job.send(
          { type: "text-end", index: 0 },
          { type: "usage", usage: someUsage },
          { type: "end", stopReason: "stop" },
        );
        job.done();
      },
      park(...callIds) {
        const calls = callIds.flatMap((id, index): ChatEvent[] => [
          { type: "tool-call-start", index, id, name: "look" },
          { type: "tool-call-delta", index, arguments: "{}" },
          { type: "tool-call-end", index },
        ]);
        job.send({ type: "start" }, ...calls, { type: "end", stopReason: "tool-calls" });
        send({ type: "job-done", jobId: frame.jobId, seq: seq++, parked: true });
      },
      done: (error) =>
        send({ type: "job-done", jobId: frame.jobId, seq: seq++, ...(error === undefined ? {} : { error }) }),
      cancelled: new Promise((resolve) => cancels.set(frame.jobId, resolve)),
    };
    return job;
  }

  function toEmbedJob({ jobId, request }: Extract<RouterFrame, { type: "embed-start" }>): FakeEmbedJob {
    let seq = 0;
    return {
      id: jobId,
      request,
      send(...vectors) {
        const texts = vectors.map((vector) => encodeVector(Float32Array.from(vector)));
        send({ type: "embed-vectors", jobId, seq: seq++, vectors: texts, inputTokens: vectors.length });
      },
      done: (error) => send({ type: "job-done", jobId, seq: seq++, ...(error === undefined ? {} : { error }) }),
      cancelled: new Promise((resolve) => cancels.set(jobId, resolve)),
    };
  }

  function nextFrame<T extends RouterFrame["type"]>(type: T): Promise<Extract<RouterFrame, { type: T }>> {
    const at = unread.findIndex((frame) => frame.type === type);
    if (at >= 0) return Promise.resolve(unread.splice(at, 1)[0] as Extract<RouterFrame, { type: T }>);
    return new Promise((resolve) => waiting.push({ type, resolve: resolve as (frame: RouterFrame) => void }));
  }

  socket.on("message", (data) => {
    const frame = parseRouterFrame(String(data));
    frames.push(frame);
    if (frame.type === "ping") send({ type: "pong", at: frame.at });
    if (frame.type === "tokens-count" && options.counts !== undefined) {
      const answer = typeof options.counts === "number" ? { inputTokens: options.counts } : { error: options.counts };
      send({ type: "tokens-counted", countId: frame.countId, ...answer });
    }
    if (frame.type === "job-cancel") cancels.get(frame.jobId)?.();
    if (frame.type === "job-start" && options.replies !== undefined) return toJob(frame).answer(options.replies);
    const at = waiting.findIndex(({ type }) => type === frame.type);
    if (at >= 0) waiting.splice(at, 1)[0]?.resolve(frame);
    else unread.push(frame);
  });

  await Promise.race([
    once(socket, "open"),
    once(socket, "unexpected-response").then(([, response]: { statusCode: number }[]) => {
      throw new Error(`refused with ${response?.statusCode}`);
    }),
  ]);
  send({
    type: "hello",
    protocol: options.protocol ?? protocolVersion,
    instanceId: options.instanceId ?? `instance-${process.pid}-${instances++}`,
    name: options.name ?? "fake-worker",
    version: "0.0.0",
    kind: options.kind ?? "gpu",
    engine: "fake",
    hardware: { os: "linux", arch: "x64", cpus: 2, memoryBytes: 1e9, gpus: [] },
    offers: [...(options.offers ?? [fakeOffer])],
    jobs: [...(options.jobs ?? [])],
  });
  const refused = nextFrame("refused").then(({ error }) => {
    throw new Error(`refused: ${error.message}`);
  });
  await Promise.race([nextFrame("welcome").then((frame) => unread.unshift(frame)), refused]);
  refused.catch(() => undefined);

  return {
    frames,
    nextJob: async () => toJob(await nextFrame("job-start")),
    nextEmbedJob: async () => toEmbedJob(await nextFrame("embed-start")),
    nextFrame,
    send,
    kill: () => socket.terminate(),
    closed,
    [Symbol.dispose]: () => socket.terminate(),
  };
}
