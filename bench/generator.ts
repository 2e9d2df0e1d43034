// A process that sends load over raw keep-alive connections, as it is told over IPC, and answers with what it measured.

import { connect, type Socket } from "node:net";
import { createMessageReader } from "./http-framing.ts";
import type { Load, LoadResult } from "./workload.ts";

type Connection = { readonly socket: Socket; send(): void };

/** Enough for a percentile, and small enough to send. */
const maxSamples = 200_000;
const tickMs = 1;

process.on("message", async (load: Load) => process.send?.(await runLoad(load)));
process.on("disconnect", () => process.exit(0));

async function runLoad(load: Load): Promise<LoadResult> {
  const bytes = encodeRequest(load);
  const latenciesMs: number[] = [];
  const gapsMs: number[] = [];
  const idle: Connection[] = [];
  const all: Connection[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const perMs = (load.requestsPerSecond ?? 0) / 1000;
  const isPaced = perMs > 0;
  let [answers, failures, pending, sent, isOver] = [0, 0, 0, 0, false];
  const startedAt = performance.now();
  let lastAnswerAt = startedAt;

  function onAnswer(connection: Connection, isGood: boolean, latencyMs: number): void {
    pending -= 1;
    if (isGood) answers += 1;
    else failures += 1;
    lastAnswerAt = performance.now();
    if (latenciesMs.length < maxSamples) latenciesMs.push(latencyMs);
    if (isOver && pending === 0) resolve();
    else if (!isPaced && !isOver && !connection.socket.destroyed) send(connection);
    else if (!connection.socket.destroyed) idle.push(connection);
  }
  function send(connection: Connection): void {
    pending += 1;
    sent += 1;
    connection.send();
  }
  function open(): Connection {
    const connection = createConnection(load, bytes, onAnswer, (gapMs) => {
      if (gapsMs.length < maxSamples) gapsMs.push(gapMs);
    });
    all.push(connection);
    return connection;
  }

  if (!isPaced) for (let i = 0; i < load.connections; i++) send(open());
  const timer = setInterval(() => {
    const elapsedMs = performance.now() - startedAt;
    const due = Math.floor(Math.min(elapsedMs, load.durationMs) * perMs);
    while (sent < due) {
      const connection = idle.pop() ?? (all.length < load.connections ? open() : undefined);
      if (connection === undefined) break;
      send(connection);
    }
    if (elapsedMs < load.durationMs) return;
    clearInterval(timer);
    isOver = true;
    if (pending === 0) resolve();
  }, tickMs);

  await promise;
  for (const { socket } of all) socket.destroy();
  return { answers, failures, elapsedMs: lastAnswerAt - startedAt, latenciesMs, gapsMs };
}

function createConnection(
  { port, endMark }: Load,
  bytes: Buffer,
  onAnswer: (connection: Connection, isGood: boolean, latencyMs: number) => void,
  onGap: (gapMs: number) => void,
): Connection {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  let sentAt: number | undefined;
  let lastBytesAt: number | undefined;

  function answered(isGood: boolean): void {
    if (sentAt === undefined) return;
    const latencyMs = performance.now() - sentAt;
    sentAt = undefined;
    lastBytesAt = undefined;
    onAnswer(connection, isGood, latencyMs);
  }
  const reader = createMessageReader(({ startLine, body }) => {
    answered(startLine.startsWith("HTTP/1.1 200") && body.subarray(-200).includes(endMark));
  });
  socket.on("data", (data: Buffer) => {
    const now = performance.now();
    if (lastBytesAt !== undefined) onGap(now - lastBytesAt);
    lastBytesAt = now;
    reader.push(data);
  });
  socket.on("error", () => socket.destroy());
  socket.on("close", () => answered(false));
  const connection: Connection = {
    socket,
    send() {
      sentAt = performance.now();
      socket.write(bytes);
    },
  };
  return connection;
}

function encodeRequest({ path, headers, body, port }: Load): Buffer {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(
    `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\ncontent-type: application/json\r\n${lines.join("")}` +
      `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
