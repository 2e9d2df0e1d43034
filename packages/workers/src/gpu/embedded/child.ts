// The child process that holds one model, so that a crash of native code takes no worker with it. Speaks child-messages.ts
// over Node's IPC channel and nothing else.

import type { ChatRequest } from "@auxot/wire/chat";
import { AppError, toErrorBody } from "@auxot/wire/errors";
import type { ChildMessage, LoadOptions, ParentMessage } from "./child-messages.ts";
import { generate } from "./generate.ts";
import { loadModel, type LoadedModel } from "./loaded-model.ts";
import { createSequencePool, type SequencePool } from "./sequence-pool.ts";

type Run = { readonly controller: AbortController; paused: boolean; resume: () => void };

const runs = new Map<number, Run>();
let ready: { readonly loaded: LoadedModel; readonly pool: SequencePool } | undefined;

function send(message: ChildMessage): void {
  if (process.connected) process.send?.(message);
}

async function load(options: LoadOptions): Promise<void> {
  try {
    const loaded = await loadModel(options, (level, message) => send({ type: "log", level, message }));
    ready = { loaded, pool: createSequencePool(loaded.context) };
    send({
      type: "loaded",
      info: {
        contextTokens: loaded.contextTokens,
        tools: loaded.template.toolFormat !== undefined,
        reasoning: loaded.template.reasoning,
        device: loaded.llama.gpu === false ? "cpu" : loaded.llama.gpu,
        hasTemplate: loaded.hasTemplate,
      },
    });
  } catch (error) {
    send({ type: "load-failed", message: error instanceof Error ? error.message : String(error) });
  }
}

async function start(id: number, request: ChatRequest): Promise<void> {
  const run: Run = { controller: new AbortController(), paused: false, resume: () => undefined };
  runs.set(id, run);
  try {
    if (ready === undefined) throw new AppError("source_failed", "The model is not loaded yet.");
    await generate(ready.loaded, ready.pool, request, {
      signal: run.controller.signal,
      async waitWhilePaused() {
        while (run.paused && !run.controller.signal.aborted) {
          await new Promise<void>((resolve) => {
            run.resume = resolve;
          });
        }
      },
      emit: (events) => send({ type: "events", id, events }),
    });
    send({ type: "done", id });
  } catch (error) {
    if (!(error instanceof AppError)) send({ type: "log", level: "error", message: String(error) });
    send({ type: "done", id, error: toErrorBody(error) });
  } finally {
    runs.delete(id);
  }
}

function count(id: number, request: ChatRequest): void {
  try {
    if (ready === undefined) throw new AppError("source_failed", "The model is not loaded yet.");
    send({ type: "counted", id, tokens: ready.loaded.encodePrompt(request).tokens.length });
  } catch (error) {
    send({ type: "done", id, error: toErrorBody(error) });
  }
}

function onMessage(message: ParentMessage): void {
  switch (message.type) {
    case "count":
      count(message.id, message.request);
      return;
    case "load":
      void load(message.options);
      return;
    case "run":
      void start(message.id, message.request);
      return;
    case "cancel":
      runs.get(message.id)?.controller.abort();
      runs.get(message.id)?.resume();
      return;
    case "pause":
    case "resume": {
      const run = runs.get(message.id);
      if (run === undefined) return;
      run.paused = message.type === "pause";
      if (!run.paused) run.resume();
      return;
    }
  }
}

process.on("message", onMessage);
// The worker is gone: nobody is left to answer to. No clean-up, as the system takes everything back.
process.on("disconnect", () => process.exit(0));
// The worker decides when to stop; a Ctrl-C in the terminal reaches the whole process group.
process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => undefined);
