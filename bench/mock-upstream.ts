// A process that answers as an OpenAI-compatible vendor would, as cheaply as Node can: the bytes are made beforehand, the
// model's name picks which. Sends its port over IPC.

import { createServer, type AddressInfo, type Socket } from "node:net";
import { createMessageReader } from "./http-framing.ts";
import { eventsPerStream, models } from "./workload.ts";

const batchSize = 10;
const pacedEveryMs = 20;

const streamHead = Buffer.from(
  "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n",
);
const events = createEvents();
const chunks = events.map((event) => encodeChunk(event));
const batches = Array.from({ length: Math.ceil(events.length / batchSize) }, (_, index) =>
  encodeChunk(events.slice(index * batchSize, (index + 1) * batchSize).join("")),
);
const lastChunk = Buffer.from("0\r\n\r\n");
const answer = encodeJson({
  id: "chatcmpl-bench",
  object: "chat.completion",
  created: 1,
  model: models.json,
  choices: [{ index: 0, message: { role: "assistant", content: "x".repeat(700) }, finish_reason: "stop" }],
  usage: { prompt_tokens: 200, completion_tokens: 100, total_tokens: 300 },
});
const modelList = encodeJson({
  object: "list",
  data: Object.values(models).map((id) => ({ id, object: "model", created: 1, owned_by: "bench" })),
});

const server = createServer({ noDelay: true }, (socket) => {
  socket.on("error", () => socket.destroy());
  const reader = createMessageReader(({ startLine, body }) => {
    if (startLine.startsWith("GET")) socket.write(modelList);
    else if (body.includes(`"${models.stream}"`)) sendAtOnce(socket, chunks);
    else if (body.includes(`"${models.batched}"`)) sendAtOnce(socket, batches);
    else if (body.includes(`"${models.paced}"`)) sendPaced(socket);
    else socket.write(answer);
  });
  socket.on("data", (bytes: Buffer) => reader.push(bytes));
});
server.listen(0, "127.0.0.1", () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on("disconnect", () => process.exit(0));

/** One write for each piece, as fast as it goes. */
function sendAtOnce(socket: Socket, pieces: readonly Buffer[]): void {
  socket.write(streamHead);
  for (const piece of pieces) socket.write(piece);
  socket.write(lastChunk);
}

function sendPaced(socket: Socket): void {
  socket.write(streamHead);
  let next = 0;
  const timer = setInterval(() => {
    const chunk = chunks[next++];
    if (socket.destroyed || chunk === undefined) {
      clearInterval(timer);
      if (!socket.destroyed) socket.write(lastChunk);
      return;
    }
    socket.write(chunk);
  }, pacedEveryMs);
}

/** `eventsPerStream` events of about 200 bytes, the end mark included. */
function createEvents(): readonly string[] {
  const base = { id: "chatcmpl-bench", object: "chat.completion.chunk", created: 1, model: models.stream };
  const content = "four word content here ".repeat(2);
  const deltas = Array.from({ length: eventsPerStream - 3 }, () => ({
    ...base,
    choices: [{ index: 0, delta: { content }, finish_reason: null }],
  }));
  const usage = { prompt_tokens: 200, completion_tokens: deltas.length, total_tokens: 200 + deltas.length };
  return [
    ...deltas.map((delta) => JSON.stringify(delta)),
    JSON.stringify({ ...base, choices: [{ index: 0, delta: {}, finish_reason: "stop" }] }),
    JSON.stringify({ ...base, choices: [], usage }),
    "[DONE]",
  ].map((data) => `data: ${data}\n\n`);
}

function encodeChunk(text: string): Buffer {
  return Buffer.from(`${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`);
}

function encodeJson(value: unknown): Buffer {
  const body = JSON.stringify(value);
  return Buffer.from(
    `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
