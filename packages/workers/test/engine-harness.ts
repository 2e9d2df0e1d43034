// Starts the embedded engine with the demo models for tests, and reads whole answers from engines.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { foldEvents, type ChatEvent } from "@auxot/wire/chat-event";
import type { ChatRequest, ChatResult } from "@auxot/wire/chat";
import { createEmbeddedEngine, type EmbeddedEngine } from "../src/gpu/embedded/embedded-engine.ts";
import type { Engine } from "../src/engine.ts";
import { makeEchoModel } from "../src/gpu/models/echo-model.ts";
import { makeScriptModel } from "../src/gpu/models/script-model.ts";
import { createLog, type Log } from "../src/log.ts";

/** Silent unless DEBUG is set. */
export const testLog: Log = createLog({
  level: process.env["DEBUG"] === undefined ? "silent" : "debug",
  isTerminal: true,
  write: (line) => process.stderr.write(line),
  now: () => new Date(),
});

const directories: string[] = [];
process.on("exit", () => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

/** A fresh directory, removed at the end of the process. */
export function createTemporaryDirectory(): string {
  const directory = mkdtempSync(path.join(tmpdir(), "auxot-workers-"));
  directories.push(directory);
  return directory;
}

/** The demo and the echo model with two slots each, loaded. */
export async function startDemoEngine(contextTokens = 2048): Promise<EmbeddedEngine> {
  const directory = createTemporaryDirectory();
  const demo = path.join(directory, "demo.gguf");
  const echo = path.join(directory, "echo.gguf");
  writeFileSync(demo, makeScriptModel());
  writeFileSync(echo, makeEchoModel());
  const engine = createEmbeddedEngine({
    models: [
      { model: "auxot-demo", aliases: ["demo"], path: demo, contextTokens },
      { model: "auxot-echo", aliases: [], path: echo, contextTokens },
    ],
    slots: 2,
    threads: 1,
    gpu: "off",
    environment: process.env,
    log: testLog,
    restartDelaysMs: { first: 1, longest: 1 },
  });
  await engine.firstLoad;
  return engine;
}

/** A request to the demo model with one user message. */
export function ask(text: string, fields: Partial<ChatRequest> = {}): ChatRequest {
  return {
    model: "auxot-demo",
    messages: [{ role: "user", content: [{ type: "text", text }] }],
    tools: [],
    stream: true,
    ...fields,
  };
}

export async function readEvents(engine: Engine, request: ChatRequest, signal = neverAborted): Promise<ChatEvent[]> {
  const events: ChatEvent[] = [];
  for await (const batch of engine.run(request, signal)) events.push(...batch);
  return events;
}

export async function readResult(engine: Engine, request: ChatRequest): Promise<ChatResult> {
  return foldEvents(await readEvents(engine, request));
}

/** The text blocks of an answer, joined. */
export function textOf(result: ChatResult): string {
  return result.content.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("");
}

export const neverAborted = new AbortController().signal;
