// The outbound WebSocket to the router: opens it, says hello, keeps it alive, opens it again. Knows frames, not jobs.

import type { ClientRequest, IncomingMessage } from "node:http";
import { WebSocket, type RawData } from "ws";
import {
  closeCodes,
  encodeFrame,
  maxFrameBytes,
  parseRouterFrame,
  type HelloFrame,
  type RouterFrame,
  type WorkerFrame,
} from "@auxot/wire/worker-frames";
import type { Log } from "./log.ts";

type Welcome = Extract<RouterFrame, { readonly type: "welcome" }>;

/** Why the link will not come back: `closed` by us, or `refused` with what a person should do. */
export type LinkEnd = { readonly kind: "closed" } | { readonly kind: "refused"; readonly message: string };

export type Link = {
  /** False when there is no welcomed link; the frame is then dropped. */
  send(frame: WorkerFrame): boolean;
  /** Closes for good. */
  close(): void;
  /** Closes now and opens again after a pause. */
  reopen(): void;
  readonly ended: Promise<LinkEnd>;
};

export type LinkOptions = {
  /** ws: or wss:, path included. */
  readonly url: string;
  readonly key: string;
  /** Made anew for each connection. */
  readonly hello: () => HelloFrame;
  readonly onWelcome: (welcome: Welcome) => void;
  /** All frames but welcome, refused, ping and pong. */
  readonly onFrame: (frame: RouterFrame) => void;
  /** A welcomed link is gone. */
  readonly onLost: () => void;
  readonly log: Log;
  /** Connecting and being welcomed take at most this long. */
  readonly connectLimitMs?: number;
  /** Pauses between attempts: a random part (full jitter) of a limit that doubles from `first` to `longest`. */
  readonly pausesMs?: { readonly first: number; readonly longest: number };
  readonly random?: () => number;
};

const complainEveryMs = 30_000;
const longestBody = 4096;

export function createLink(options: LinkOptions): Link {
  const { log, random = Math.random, connectLimitMs = 10_000 } = options;
  const pauses = options.pausesMs ?? { first: 500, longest: 30_000 };
  const ended = Promise.withResolvers<LinkEnd>();
  let current: Connection | undefined;
  let attempts = 0;
  let isOver = false;
  let complainedAt = Number.NEGATIVE_INFINITY;
  let pause: NodeJS.Timeout | undefined;

  function open(): void {
    current = openConnection(options, connectLimitMs, {
      onWelcome(welcome) {
        attempts = 0;
        complainedAt = Number.NEGATIVE_INFINITY;
        log.info("connected to the router", { url: options.url, worker: welcome.workerId });
        options.onWelcome(welcome);
      },
      onRefused: (message) => end({ kind: "refused", message }),
      onClosed(reason, wasWelcomed) {
        current = undefined;
        if (wasWelcomed) options.onLost();
        if (isOver) return;
        const limitMs = Math.min(pauses.longest, pauses.first * 2 ** attempts++);
        complain(reason, wasWelcomed);
        pause = setTimeout(open, random() * limitMs);
      },
    });
  }

  function complain(reason: string, wasWelcomed: boolean): void {
    const now = performance.now();
    if (!wasWelcomed && now - complainedAt < complainEveryMs) return;
    complainedAt = now;
    const message = wasWelcomed
      ? "the link to the router is lost; trying again"
      : "cannot reach the router; trying again";
    log.warn(message, { url: options.url, reason });
  }

  function end(result: LinkEnd): void {
    if (isOver) return;
    isOver = true;
    clearTimeout(pause);
    current?.close(1000, "");
    ended.resolve(result);
  }

  open();
  return {
    send: (frame) => current?.send(frame) ?? false,
    close: () => end({ kind: "closed" }),
    reopen: () => current?.close(1000, "reopening"),
    ended: ended.promise,
  };
}

type ConnectionEvents = {
  readonly onWelcome: (welcome: Welcome) => void;
  readonly onRefused: (message: string) => void;
  /** Once, at the end. */
  readonly onClosed: (reason: string, wasWelcomed: boolean) => void;
};

type Connection = { send(frame: WorkerFrame): boolean; close(code: number, reason: string): void };

/** One connection from its opening to its end. */
function openConnection(options: LinkOptions, connectLimitMs: number, events: ConnectionEvents): Connection {
  const socket = new WebSocket(options.url, {
    headers: { authorization: `Bearer ${options.key}` },
    perMessageDeflate: false,
    maxPayload: maxFrameBytes,
    followRedirects: false,
  });
  let welcome: Welcome | undefined;
  let reason = "";
  let pingTimer: NodeJS.Timeout | undefined;
  let silenceTimer: NodeJS.Timeout | undefined;
  const connectTimer = setTimeout(() => giveUp(`no welcome within ${connectLimitMs} ms`), connectLimitMs);

  function giveUp(why: string): void {
    reason ||= why;
    // A peer that is silent would not answer a close frame either.
    socket.close(closeCodes.silent, why);
    socket.terminate();
  }

  function write(frame: WorkerFrame): void {
    if (socket.readyState !== WebSocket.OPEN) return;
    socket.send(encodeFrame(frame));
    pingTimer?.refresh();
  }

  function onWelcome(frame: Welcome): void {
    clearTimeout(connectTimer);
    welcome = frame;
    pingTimer = setInterval(() => write({ type: "ping", at: Date.now() }), frame.pingEveryMs);
    silenceTimer = setTimeout(
      () => giveUp(`the router was silent for ${frame.silenceLimitMs} ms`),
      frame.silenceLimitMs,
    );
    events.onWelcome(frame);
  }

  function onMessage(data: RawData): void {
    silenceTimer?.refresh();
    let frame: RouterFrame;
    try {
      frame = parseRouterFrame(data.toString());
    } catch (error) {
      reason = error instanceof Error ? error.message : String(error);
      socket.close(closeCodes.badFrame, "bad frame");
      return;
    }
    switch (frame.type) {
      case "welcome":
        return onWelcome(frame);
      case "refused":
        return events.onRefused(`The router refused this worker: ${frame.error.message}`);
      case "ping":
        return write({ type: "pong", at: frame.at });
      case "pong":
        return;
      case "job-start":
      case "embed-start":
      case "job-cancel":
      case "job-ack":
      case "tokens-count":
      case "shutdown":
        return options.onFrame(frame);
    }
  }

  /** The upgrade was answered with an ordinary response. */
  async function onRejected(request: ClientRequest, response: IncomingMessage): Promise<void> {
    const said = readErrorMessage(await readBody(response));
    const status = response.statusCode ?? 0;
    reason = `HTTP ${status}${said === "" ? "" : `: ${said}`}`;
    if (status === 404) reason += " (is this the address of an Auxot router?)";
    if (status === 401 || status === 403) {
      const advice = said || "Check AUXOT_WORKER_KEY or make a new key.";
      events.onRefused(`The router refused this worker's key. ${advice}`);
    }
    request.destroy();
    socket.terminate();
  }

  socket.on("open", () => write(options.hello()));
  socket.on("message", onMessage);
  socket.on("error", (error) => {
    reason ||= describeError(error);
  });
  socket.on("unexpected-response", (request, response) => void onRejected(request, response));
  socket.on("close", (code, text) => {
    clearTimeout(connectTimer);
    clearInterval(pingTimer);
    clearTimeout(silenceTimer);
    const said = text.toString();
    if (code === closeCodes.refused)
      events.onRefused(`The router refused this worker: ${said || "its key is not valid"}`);
    events.onClosed(reason || `closed with code ${code}${said === "" ? "" : `: ${said}`}`, welcome !== undefined);
  });

  return {
    send(frame) {
      if (welcome === undefined || socket.readyState !== WebSocket.OPEN) return false;
      write(frame);
      return true;
    },
    close: (code, text) => socket.close(code, text),
  };
}

/** A refused connection to a name with several addresses is an AggregateError without a message. */
function describeError(error: Error & { readonly code?: string }): string {
  return error.message === "" ? (error.code ?? error.name) : error.message;
}

async function readBody(response: IncomingMessage): Promise<string> {
  let body = "";
  try {
    for await (const piece of response.setEncoding("utf8")) {
      body += String(piece);
      if (body.length > longestBody) break;
    }
  } catch {
    // What came until then is enough for a message.
  }
  return body.slice(0, longestBody);
}

/** Of a problem document (RFC 9457). */
function readErrorMessage(body: string): string {
  try {
    const { detail } = JSON.parse(body) as { readonly detail?: unknown };
    return typeof detail === "string" ? detail : "";
  } catch {
    return "";
  }
}
