// Holds one model in a child process: starts it, runs requests on it, starts it again after a crash.

import { fork, type ChildProcess } from "node:child_process";
import type { ChatEvent } from "@auxot/wire/chat-event";
import type { ChatRequest } from "@auxot/wire/chat";
import type { EmbedPart, EmbedRequest } from "@auxot/wire/embed";
import { AppError, fromErrorBody } from "@auxot/wire/errors";
import type { Log } from "../../log.ts";
import type { ChildMessage, LoadedInfo, LoadOptions, ParentMessage } from "./child-messages.ts";

export type ModelHost = {
  /** What the model can do, while it is loaded. */
  loaded(): LoadedInfo | undefined;
  /** As `Engine.run`. */
  run(request: ChatRequest, signal: AbortSignal): AsyncIterable<readonly ChatEvent[]>;
  /** As `Engine.embed`. */
  embed(request: EmbedRequest, signal: AbortSignal): AsyncIterable<EmbedPart>;
  /** As `Engine.countTokens`. */
  countTokens(request: ChatRequest): Promise<number>;
  /** Resolves when the model is loaded for the first time; rejects with what is wrong with it. */
  readonly firstLoad: Promise<void>;
  onChanged(listener: () => void): void;
  close(): Promise<void>;
  /** The child's process id, for tests and logs. */
  processId(): number | undefined;
};

export type ModelHostOptions = {
  /** The offered name. */
  readonly model: string;
  readonly load: LoadOptions;
  /** The environment of the child; holds no secret of the worker. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
  readonly restartDelaysMs?: { readonly first: number; readonly longest: number };
};

type OutputMessage = Extract<ChildMessage, { readonly type: "events" | "part" }>;
/** `take` keeps what a message holds and gives the number of items that wait. */
type Run = {
  take(message: OutputMessage): number;
  paused: boolean;
  ended: boolean;
  error?: AppError;
  wake: () => void;
};

/** Events that may wait for the reader before the child is told to pause, and when it may go on. */
const pauseAtEvents = 256;
const resumeAtEvents = 32;
const stableAfterMs = 60_000;
const stderrLength = 2000;

export function createModelHost(options: ModelHostOptions): ModelHost {
  const { model, log } = options;
  const delays = options.restartDelaysMs ?? { first: 500, longest: 30_000 };
  const listeners: (() => void)[] = [];
  const runs = new Map<number, Run>();
  const counts = new Map<number, PromiseWithResolvers<number>>();
  const first = Promise.withResolvers<void>();
  let child: ChildProcess | undefined;
  let info: LoadedInfo | undefined;
  let nextId = 0;
  let crashes = 0;
  let closing = false;
  let restart: NodeJS.Timeout | undefined;

  function send(message: ParentMessage): void {
    if (child?.connected === true) child.send(message);
  }

  function setLoaded(next: LoadedInfo | undefined): void {
    if (info === next) return;
    info = next;
    for (const listener of listeners) listener();
  }

  function start(): void {
    const started = fork(new URL("child.ts", import.meta.url), [], {
      serialization: "advanced",
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      env: options.environment,
    });
    child = started;
    const startedAt = performance.now();
    let stderr = "";
    started.stderr?.setEncoding("utf8").on("data", (text: string) => {
      stderr = (stderr + text).slice(-stderrLength);
    });
    started.on("message", (message) => onMessage(message as ChildMessage));
    started.on("error", (cause) => log.error("engine process failed", { model, reason: cause.message }));
    // `close` comes after the last message and the last of stderr were read, `exit` may come before.
    started.on("close", (code, signal) => {
      if (performance.now() - startedAt > stableAfterMs) crashes = 0;
      onGone(signal ?? `exit code ${code}`, stderr.trim());
    });
    send({ type: "load", options: options.load });
  }

  function onMessage(message: ChildMessage): void {
    switch (message.type) {
      case "loaded":
        if (!message.info.hasTemplate) log.warn("the model file has no chat template; ChatML is used", { model });
        log.info("model loaded", { model, device: message.info.device, contextTokens: message.info.contextTokens });
        setLoaded(message.info);
        first.resolve();
        return;
      case "load-failed":
        first.reject(new AppError("invalid_request", `The model ${model} cannot be loaded: ${message.message}`));
        child?.kill("SIGKILL");
        return;
      case "log":
        log.debug(`llama.cpp: ${message.message}`, { model });
        return;
      case "events":
      case "part": {
        const run = runs.get(message.id);
        if (run === undefined) return;
        const waiting = run.take(message);
        if (!run.paused && waiting >= pauseAtEvents) {
          run.paused = true;
          send({ type: "pause", id: message.id });
        }
        run.wake();
        return;
      }
      case "counted":
        counts.get(message.id)?.resolve(message.tokens);
        counts.delete(message.id);
        return;
      case "done":
        if (message.error !== undefined) endCount(message.id, fromErrorBody(message.error));
        endRun(message.id, message.error === undefined ? undefined : fromErrorBody(message.error));
        return;
    }
  }

  function endRun(id: number, error: AppError | undefined): void {
    const run = runs.get(id);
    if (run === undefined) return;
    runs.delete(id);
    run.ended = true;
    if (error !== undefined) run.error = error;
    run.wake();
  }

  function endCount(id: number, error: AppError): void {
    counts.get(id)?.reject(error);
    counts.delete(id);
  }

  function onGone(reason: string, stderr: string): void {
    child = undefined;
    setLoaded(undefined);
    const message = `The engine process of ${model} crashed (${reason}); it is being restarted.`;
    for (const id of runs.keys()) endRun(id, new AppError("source_failed", message));
    for (const id of counts.keys()) endCount(id, new AppError("source_failed", message));
    if (closing) return;
    // Without effect unless the very first load crashed.
    first.reject(
      new AppError("source_failed", `The engine process of ${model} crashed while loading (${reason}). ${stderr}`),
    );
    const delayMs = Math.min(delays.longest, delays.first * 2 ** crashes++);
    log.error("engine process crashed", { model, reason, restartInMs: delayMs, ...(stderr === "" ? {} : { stderr }) });
    restart = setTimeout(start, delayMs);
  }

  function countTokens(request: ChatRequest): Promise<number> {
    if (info === undefined) return Promise.reject(explainAway());
    const id = nextId++;
    const counted = Promise.withResolvers<number>();
    counts.set(id, counted);
    send({ type: "count", id, request });
    return counted.promise;
  }

  function explainAway(): AppError {
    return new AppError("source_failed", `The model ${model} is not loaded; its engine process is being restarted.`);
  }

  /** Runs one request in the child. `read` gives the items of a message. */
  async function* stream<Item>(
    begin: (id: number) => ParentMessage,
    read: (message: OutputMessage) => readonly Item[],
    signal: AbortSignal,
  ): AsyncIterable<readonly Item[]> {
    if (info === undefined) throw explainAway();
    const id = nextId++;
    let items: Item[] = [];
    const current: Run = {
      take(message) {
        for (const item of read(message)) items.push(item);
        return items.length;
      },
      paused: false,
      ended: false,
      wake: () => undefined,
    };
    const cancel = (): void => send({ type: "cancel", id });
    runs.set(id, current);
    send(begin(id));
    if (signal.aborted) cancel();
    signal.addEventListener("abort", cancel, { once: true });
    const waitForMore = (): Promise<void> =>
      new Promise((resolve) => {
        current.wake = resolve;
      });
    try {
      for (;;) {
        if (items.length > 0) {
          const batch = items;
          items = [];
          yield batch;
        } else if (current.ended) {
          if (current.error !== undefined) throw current.error;
          return;
        } else {
          await waitForMore();
        }
        if (current.paused && items.length < resumeAtEvents) {
          current.paused = false;
          send({ type: "resume", id });
        }
      }
    } finally {
      signal.removeEventListener("abort", cancel);
      if (!current.ended) cancel();
      while (!current.ended) await waitForMore();
    }
  }

  async function* embed(request: EmbedRequest, signal: AbortSignal): AsyncIterable<EmbedPart> {
    const begin = (id: number): ParentMessage => ({ type: "embed", id, request });
    for await (const parts of stream(begin, (message) => (message.type === "part" ? [message.part] : []), signal)) {
      yield* parts;
    }
  }

  // Nobody may be waiting for it when it fails.
  first.promise.catch(() => undefined);
  start();
  return {
    loaded: () => info,
    run: (request, signal) =>
      stream(
        (id) => ({ type: "run", id, request }),
        (message) => (message.type === "events" ? message.events : []),
        signal,
      ),
    embed,
    countTokens,
    firstLoad: first.promise,
    onChanged: (listener) => void listeners.push(listener),
    async close() {
      closing = true;
      clearTimeout(restart);
      if (child === undefined) return;
      const gone = new Promise((resolve) => child?.once("close", resolve));
      child.kill("SIGKILL");
      await gone;
    },
    processId: () => child?.pid,
  };
}
