// A scripted router over a real WebSocket: tests read the worker's frames one by one and send what they like.

import { createServer, type Server } from "node:http";
import { once } from "node:events";
import { WebSocketServer, type WebSocket } from "ws";
import {
  encodeFrame,
  parseWorkerFrame,
  type HelloFrame,
  type RouterFrame,
  type WorkerFrame,
} from "@auxot/wire/worker-frames";

export type FakeLink = {
  readonly authorization: string | undefined;
  readonly path: string;
  /** The next frame of this type; frames of other types before it are skipped. */
  next<Type extends WorkerFrame["type"]>(type: Type): Promise<Extract<WorkerFrame, { readonly type: Type }>>;
  /** Frames read so far but not asked for. */
  waiting(): readonly WorkerFrame[];
  send(frame: RouterFrame): void;
  welcome(fields?: Partial<Extract<RouterFrame, { type: "welcome" }>>): Promise<HelloFrame>;
  /** Cuts the connection without a close frame. */
  cut(): void;
  close(code: number, reason?: string): void;
  readonly closed: Promise<number>;
};

export type FakeRouter = {
  readonly url: string;
  /** The next connection of a worker. */
  accept(): Promise<FakeLink>;
  /** Answer upgrades with this status from now on; undefined accepts them. */
  refuseWith(status: number | undefined, body?: string): void;
  close(): Promise<void>;
};

export async function startFakeRouter(): Promise<FakeRouter> {
  const http: Server = createServer();
  const sockets = new WebSocketServer({ noServer: true });
  const arrived = createQueue<FakeLink>();
  let refusal: { status: number; body: string } | undefined;
  http.on("upgrade", (request, socket, head) => {
    // A worker may be gone before it has read why it was refused.
    socket.on("error", () => undefined);
    if (refusal !== undefined) {
      const { status, body } = refusal;
      socket.end(
        `HTTP/1.1 ${status} Refused\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
      );
      return;
    }
    sockets.handleUpgrade(request, socket, head, (link) => {
      arrived.push(createFakeLink(link, request.headers.authorization, request.url ?? ""));
    });
  });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  const address = http.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `ws://127.0.0.1:${port}/ws`,
    accept: () => arrived.take(() => true),
    refuseWith(status, body = "") {
      refusal = status === undefined ? undefined : { status, body };
    },
    async close() {
      for (const client of sockets.clients) client.terminate();
      http.close();
      http.closeAllConnections();
      await once(http, "close");
    },
  };
}

function createFakeLink(socket: WebSocket, authorization: string | undefined, path: string): FakeLink {
  const frames = createQueue<WorkerFrame>();
  socket.on("message", (data) => frames.push(parseWorkerFrame(data.toString())));
  const closed = new Promise<number>((resolve) => socket.once("close", resolve));
  const link: FakeLink = {
    authorization,
    path,
    next: (type) => frames.take((frame) => frame.type === type) as never,
    waiting: frames.list,
    send: (frame) => socket.send(encodeFrame(frame)),
    async welcome(fields) {
      const hello = await link.next("hello");
      link.send({
        type: "welcome",
        workerId: "wrk_1",
        pingEveryMs: 60_000,
        silenceLimitMs: 60_000,
        resumeWindowMs: 60_000,
        resume: [],
        ...fields,
      });
      return hello;
    },
    cut: () => socket.terminate(),
    close: (code, reason) => socket.close(code, reason),
    closed,
  };
  return link;
}

type Queue<T> = { push(item: T): void; take(wanted: (item: T) => boolean): Promise<T>; list(): readonly T[] };

function createQueue<T>(): Queue<T> {
  const items: T[] = [];
  let waiter: { wanted: (item: T) => boolean; resolve: (item: T) => void } | undefined;
  function serve(): void {
    while (waiter !== undefined && items.length > 0) {
      const item = items.shift() as T;
      if (!waiter.wanted(item)) continue;
      const { resolve } = waiter;
      waiter = undefined;
      resolve(item);
    }
  }
  return {
    push(item) {
      items.push(item);
      serve();
    },
    take(wanted) {
      return new Promise((resolve) => {
        waiter = { wanted, resolve };
        serve();
      });
    },
    list: () => [...items],
  };
}
