// One WebSocket of a worker: hello first, frames in and out, pings and deadlines. Knows nothing of jobs or slots.

import { AppError, toErrorBody, type ErrorBody } from "@auxot/wire/errors";
import {
  closeCodes,
  encodeFrame,
  isFrameTooLarge,
  parseWorkerFrame,
  readHelloProtocol,
  protocolVersion,
  type HelloFrame,
  type RouterFrame,
  type WorkerFrame,
} from "@auxot/wire/worker-frames";
import type { WebSocket } from "ws";
import type { Log } from "../platform/log.ts";

export type SessionTimes = {
  /** A worker must say hello within this. */
  readonly helloWithinMs: number;
  readonly pingEveryMs: number;
  readonly silenceLimitMs: number;
};

export type SessionEvents = {
  /** Called once. Throws AppError to refuse the worker; otherwise the session is open and the callee sends `welcome`. */
  onHello(frame: HelloFrame): void;
  /** Every later frame but ping and pong. Throws AppError when the frame makes no sense; that ends the session. */
  onFrame(frame: Exclude<WorkerFrame, { type: "hello" | "ping" | "pong" }>): void;
  /** Called once, after an accepted hello only. */
  onClosed(): void;
};

export type Session = {
  /** False for a frame larger than the worker would take: its end closes the link on one. Nothing is sent then. */
  send(frame: RouterFrame): boolean;
  /** Tells the worker not to come back with this key, and closes. */
  refuse(error: ErrorBody): void;
  close(code: number, reason: string): void;
  /** Milliseconds since 1970 of the last frame. */
  lastSeenAt(): number;
};

/** Takes over an open socket. */
export function openSession(socket: WebSocket, events: SessionEvents, times: SessionTimes, log: Log): Session {
  let state: "new" | "open" | "closed" = "new";
  let lastSeenAt = Date.now();
  let lastSentAt = Date.now();

  const session: Session = {
    send(frame) {
      // What is sent to a lost link is made good when the worker is back.
      if (socket.readyState !== socket.OPEN) return true;
      const text = encodeFrame(frame);
      if (isFrameTooLarge(text)) return false;
      lastSentAt = Date.now();
      socket.send(text);
      return true;
    },
    refuse(error) {
      session.send({ type: "refused", error });
      session.close(closeCodes.refused, error.code);
    },
    close(code, reason) {
      leave();
      socket.close(code, reason);
      // A peer that never answers the close handshake must not keep the socket.
      setTimeout(() => socket.terminate(), times.pingEveryMs).unref();
    },
    lastSeenAt: () => lastSeenAt,
  };

  const helloTimer = setTimeout(() => session.close(closeCodes.silent, "no hello"), times.helloWithinMs);
  const pingTimer = setInterval(() => {
    const now = Date.now();
    if (now - lastSeenAt > times.silenceLimitMs) {
      log.warn({ silentMs: now - lastSeenAt }, "worker silent, link given up");
      leave();
      socket.terminate();
    } else if (now - lastSentAt >= times.pingEveryMs) session.send({ type: "ping", at: now });
  }, times.pingEveryMs / 2);
  pingTimer.unref();

  function leave(): void {
    clearTimeout(helloTimer);
    clearInterval(pingTimer);
    const wasOpen = state === "open";
    state = "closed";
    if (wasOpen) events.onClosed();
  }

  function onFirst(text: string): void {
    clearTimeout(helloTimer);
    try {
      // Before the schema: another version's hello may look different, and its worker is to be told why.
      const protocol = readHelloProtocol(text);
      if (protocol !== undefined && protocol !== protocolVersion) throw explainVersion(protocol);
      const frame = parseWorkerFrame(text);
      if (frame.type !== "hello") throw new AppError("invalid_request", "The first frame must be hello.");
      state = "open";
      events.onHello(frame);
    } catch (error) {
      state = "closed";
      log.warn({ err: error }, "worker refused");
      session.refuse(toErrorBody(error));
    }
  }

  socket.on("message", (data, isBinary) => {
    lastSeenAt = Date.now();
    if (state === "closed") return;
    try {
      if (isBinary) throw new AppError("invalid_request", "Frames are text messages.");
      if (state === "new") return onFirst(data.toString());
      const frame = parseWorkerFrame(data.toString());
      if (frame.type === "hello") throw new AppError("invalid_request", "hello came twice.");
      if (frame.type === "ping") session.send({ type: "pong", at: frame.at });
      else if (frame.type !== "pong") events.onFrame(frame);
    } catch (error) {
      log.warn({ err: error }, "bad frame from worker, link closed");
      session.close(closeCodes.badFrame, toErrorBody(error).message.slice(0, 120));
    }
  });
  socket.on("close", leave);
  socket.on("error", (error) => log.debug({ err: error }, "worker link failed"));
  return session;
}

function explainVersion(theirs: number): AppError {
  const older = theirs < protocolVersion ? "worker" : "router";
  return new AppError(
    "invalid_request",
    `The worker speaks protocol ${theirs}, this router speaks ${protocolVersion}. Upgrade the ${older}.`,
  );
}
