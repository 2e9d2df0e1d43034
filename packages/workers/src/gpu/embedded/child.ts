// The child process that holds one model, so that a crash of native code takes no worker with it. Speaks child-messages.ts
// over Node's IPC channel and nothing else.

import type { ChatRequest } from "@auxot/wire/chat";
import type { EmbedRequest } from "@auxot/wire/embed";
import { AppError, toErrorBody } from "@auxot/wire/errors";
import type { ChildMessage, LoadOptions, ParentMessage } from "./child-messages.ts";
import { createEmbedder, isEmbeddingModel, type Embedder } from "./embedder.ts";
import { generate } from "./generate.ts";
import { openModel, prepareChat, type LoadedModel } from "./loaded-model.ts";
import { createSequencePool, type SequencePool } from "./sequence-pool.ts";

type Run = { readonly controller: AbortController; paused: boolean; resume: () => void };

const runs = new Map<number, Run>();
type Ready =
  | { readonly kind: "chat"; readonly loaded: LoadedModel; readonly pool: SequencePool }
  | { readonly kind: "embeddings"; readonly embedder: Embedder };
let ready: Ready | undefined;

function send(message: ChildMessage): void {
  if (process.connected) process.send?.(message);
}

async function load(options: LoadOptions): Promise<void> {
  try {
    const opened = await openModel(options, (level, message) => send({ type: "log", level, message }));
    const device = opened.llama.gpu === false ? "cpu" : opened.llama.gpu;
    if (isEmbeddingModel(opened.model)) {
      const embedder = await createEmbedder(opened, options);
      ready = { kind: "embeddings", embedder };
      const { contextTokens, dimensions } = embedder;
      const cannot = { tools: false, reasoning: false, infill: false, hasTemplate: true };
      return send({ type: "loaded", info: { ...cannot, contextTokens, dimensions, device } });
    }
    const loaded = await prepareChat(opened, options);
    ready = { kind: "chat", loaded, pool: createSequencePool(loaded.context) };
    const { contextTokens, template, hasTemplate, infill } = loaded;
    const tools = template.toolFormat !== undefined;
    const { reasoning } = template;
    send({
      type: "loaded",
      info: { contextTokens, tools, reasoning, infill: infill !== undefined, device, hasTemplate },
    });
  } catch (error) {
    send({ type: "load-failed", message: error instanceof Error ? error.message : String(error) });
  }
}

function getChat(model: string): Extract<Ready, { readonly kind: "chat" }> {
  if (ready === undefined) throw new AppError("source_failed", "The model is not loaded yet.");
  if (ready.kind === "chat") return ready;
  throw new AppError("invalid_request", `model: "${model}" makes embeddings and cannot chat.`, { param: "model" });
}

function getEmbedder(model: string): Embedder {
  if (ready === undefined) throw new AppError("source_failed", "The model is not loaded yet.");
  if (ready.kind === "embeddings") return ready.embedder;
  throw new AppError("invalid_request", `model: "${model}" chats and cannot make embeddings.`, { param: "model" });
}

type Control = { readonly signal: AbortSignal; waitWhilePaused(): Promise<void> };

/** Does the work of one run and says when it is over. */
async function start(id: number, work: (control: Control) => Promise<void>): Promise<void> {
  const run: Run = { controller: new AbortController(), paused: false, resume: () => undefined };
  runs.set(id, run);
  try {
    await work({
      signal: run.controller.signal,
      async waitWhilePaused() {
        while (run.paused && !run.controller.signal.aborted) {
          await new Promise<void>((resolve) => {
            run.resume = resolve;
          });
        }
      },
    });
    send({ type: "done", id });
  } catch (error) {
    if (!(error instanceof AppError)) send({ type: "log", level: "error", message: String(error) });
    send({ type: "done", id, error: toErrorBody(error) });
  } finally {
    runs.delete(id);
  }
}

async function chat(id: number, request: ChatRequest, control: Control): Promise<void> {
  const { loaded, pool } = getChat(request.model);
  await generate(loaded, pool, request, { ...control, emit: (events) => send({ type: "events", id, events }) });
}

async function embed(id: number, request: EmbedRequest, control: Control): Promise<void> {
  await getEmbedder(request.model).embed(request, {
    ...control,
    emit: (part) => send({ type: "part", id, part }),
  });
}

function count(id: number, request: ChatRequest): void {
  try {
    send({ type: "counted", id, tokens: getChat(request.model).loaded.encodePrompt(request).tokens.length });
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
      void start(message.id, (control) => chat(message.id, message.request, control));
      return;
    case "embed":
      void start(message.id, (control) => embed(message.id, message.request, control));
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
