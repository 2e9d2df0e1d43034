// One process of Claude Code from its start to its end, whichever way it is spoken to.

import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { Writable } from "node:stream";
import type { ChatEvent } from "@auxot/wire/chat-event";
import type { ChatRequest } from "@auxot/wire/chat";
import { AppError } from "@auxot/wire/errors";
import type { CliProcess, ProcessState, StartOptions, ToolResult, Turn } from "../adapter.ts";
import type { Sandbox } from "../sandbox.ts";
import { keepTail } from "../stderr-tail.ts";
import { createTurnQueue, type TurnQueue } from "../turn-queue.ts";
import { createAnswerReader, type AnswerEnd, type AnswerReader } from "./answer-reader.ts";
import { createCleaner, explainResult, explainRetry, isRefusedLogin, refusedRestMs } from "./claude-faults.ts";
import { credentialDescriptor, planCredential } from "./credential.ts";
import type { ClaudeChild, ConnectClaude } from "./claude-link.ts";
import { isResult, isRetry, isStreamEvent, listResults, readLimit, type ClaudeMessage } from "./claude-messages.ts";
import { buildArguments, buildEnvironment, planScratch, type LaunchOptions, type Scratch } from "./launch.ts";
import { buildPrompt } from "./prompt.ts";
import { writeSession } from "./session-file.ts";
import { createToolServer, type CallResult, type ToolServer } from "./tool-server.ts";

export type ClaudeOptions = Omit<LaunchOptions, "model" | "account"> & {
  readonly executable: string;
  readonly connect: ConnectClaude;
  readonly sandbox: Sandbox;
  /** Each process gets a directory in it. */
  readonly scratchRoot: string;
  readonly now: () => Date;
  readonly interruptLimitMs?: number;
};

/** After an interrupt Claude Code says its last word in tens of milliseconds. */
const interruptLimitMs = 1000;

export function startClaudeProcess(options: ClaudeOptions, start: StartOptions): CliProcess {
  const scratch = planScratch(path.join(options.scratchRoot, randomUUID()));
  const clean = createCleaner(Object.values(start.account.environment));
  const { child, link: openLink, problem, credential } = launch(options, start, scratch);
  const stderr = keepTail(child.stderr, clean);
  const gone = Promise.withResolvers<void>();
  let state: ProcessState = "fresh";
  let settle = Promise.withResolvers<void>();
  settle.resolve();
  let turn: TurnQueue | undefined;
  let reader: AnswerReader | undefined;
  let tools: ToolServer | undefined;
  let toolNames: ReadonlySet<string> = new Set();
  let hasSchema = false;
  let restMs: number | undefined;
  let keyFile = credential.file?.path;
  let hasSpoken = false;
  /** It answered a call of the caller's by itself. */
  let hasGivenUp = false;

  const link = openLink({ onMessage, onFailure: (reason) => endTurn(new AppError("source_failed", clean(reason))) });

  child.on("error", (error) => end(problem(error)));
  child.on("close", (code, signal) => end(describeEnd(code, signal, stderr.tail())));

  function end(reason: string): void {
    state = "spent";
    turn?.fail(new AppError("source_failed", reason));
    settle.resolve();
    rmSync(scratch.directory, { recursive: true, force: true, maxRetries: 3 });
    gone.resolve();
  }

  function onMessage(message: ClaudeMessage): void {
    hasSpoken = true;
    if (isStreamEvent(message)) forgetKey();
    const limit = readLimit(message);
    if (limit !== undefined) {
      if (limit.isRejected && limit.resetsAt !== undefined) {
        restMs = Math.max(0, limit.resetsAt - options.now().getTime());
      }
      start.onLimit(limit);
    }
    hasGivenUp ||= listResults(message).some((id) => reader?.hasCall(id));
    if (state === "waiting" && (hasGivenUp || isResult(message))) kill();
    if (state !== "running") return;
    try {
      read(message);
    } catch (error) {
      endTurn(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** The vendor answers, so the key has been read; the agent's own tools are not to find it. */
  function forgetKey(): void {
    if (keyFile !== undefined) rmSync(keyFile, { force: true });
    keyFile = undefined;
  }

  function read(message: ClaudeMessage): void {
    if ((isRetry(message) || isResult(message)) && isRefusedLogin(message)) {
      start.onLimit({ isRejected: true, resetsAt: options.now().getTime() + refusedRestMs });
    }
    if (isRetry(message) && reader?.hasContent() === false) {
      const fault = explainRetry(message);
      if (fault !== undefined) throw fault;
    }
    if (isResult(message)) return onResult(message);
    const step = reader?.push(message);
    if (step === undefined || turn === undefined) return;
    turn.push(step.events);
    if (step.end !== undefined) onAnswerEnd(step.end);
  }

  function onAnswerEnd(how: AnswerEnd): void {
    turn?.finish();
    if (how === "calls" && !hasGivenUp) toState("waiting");
    // It would ask the model again, with words of its own.
    else if (how !== "whole") kill();
  }

  function onResult(message: Parameters<typeof explainResult>[0]): void {
    if (turn?.isOver() === false) {
      const error = message.is_error ? explainResult(message, clean, restMs) : undefined;
      if (error !== undefined) throw error;
      turn.push([{ type: "end", stopReason: "stop" }] satisfies ChatEvent[]);
      turn.finish();
    }
    if (message.is_error) kill();
    else toState("idle");
  }

  function toState(next: ProcessState): void {
    state = next;
    settle.resolve();
  }

  /** With an error the process is of no more use. */
  function endTurn(error: Error): void {
    turn?.fail(error);
    kill();
  }

  function kill(): void {
    toState("spent");
    child.kill("SIGKILL");
  }

  function interrupt(): void {
    if (state !== "running") return kill();
    link.interrupt();
    const limit = setTimeout(kill, options.interruptLimitMs ?? interruptLimitMs);
    const stop = (): void => {
      clearTimeout(limit);
      kill();
    };
    void settle.promise.then(stop);
  }

  /** `act` tells the process; the events of what it then says are the turn. */
  function startTurn(act: () => void): Turn {
    settle = Promise.withResolvers<void>();
    turn = createTurnQueue({ onFull: (isFull) => link.pause(isFull) });
    reader = createAnswerReader({ toolNames, hasSchema });
    if (state === "spent") {
      turn.fail(new AppError("source_failed", describeEnd(child.exitCode, child.signalCode, stderr.tail())));
      settle.resolve();
    } else {
      state = "running";
      try {
        act();
      } catch (error) {
        endTurn(error instanceof Error ? error : new Error(String(error)));
      }
    }
    const current = turn;
    return current.read(() => !current.isOver() && interrupt());
  }

  function begin(request: ChatRequest): Turn {
    const prompt = buildPrompt(request, start.model);
    const server = createToolServer(prompt.tools);
    tools = server;
    toolNames = new Set(prompt.tools.map(({ name }) => name));
    hasSchema = prompt.jsonSchema !== undefined;
    return startTurn(() => {
      const place = { sessionId: randomUUID(), directory: scratch.work, model: start.model };
      writeFileSync(scratch.sessionFile, writeSession(prompt.turns, place, options.now), { mode: 0o600 });
      link.initialize({
        system: prompt.system,
        settings: {
          ...prompt.settings,
          ...credential.settings,
          env: { ...prompt.settings.env, ...credential.settings.env },
        },
        tools: server,
        ...(prompt.jsonSchema === undefined ? {} : { jsonSchema: prompt.jsonSchema }),
      });
    });
  }

  return {
    pid: child.pid,
    account: start.account,
    model: start.model,
    state: () => state,
    settled: () => settle.promise,
    hasSpoken: () => hasSpoken,
    begin,
    answer(results) {
      const read = results.map(readResult);
      if (state !== "waiting" || tools === undefined || read.includes(undefined)) return undefined;
      const server = tools;
      return startTurn(() => {
        for (const [i, result] of read.entries())
          if (result !== undefined) server.answer(results[i]?.callId ?? "", result);
      });
    },
    say({ content }) {
      if (state !== "idle" || !content.every((part) => part.type === "text" && part.text.trim() !== ""))
        return undefined;
      const blocks = content.flatMap((part) => (part.type === "text" ? [{ type: "text", text: part.text }] : []));
      return startTurn(() => link.say(blocks));
    },
    interrupt,
    kill,
    ended: gone.promise,
  };
}

/** Starts it in a directory of its own. */
function launch(options: ClaudeOptions, start: StartOptions, scratch: Scratch) {
  for (const directory of [scratch.home, scratch.work, scratch.temporary]) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  }
  const launchOptions = { ...options, model: start.model, account: start.account };
  const arguments_ = buildArguments(launchOptions, scratch);
  const credential = planCredential(start.account, scratch);
  const environment = { ...buildEnvironment(launchOptions, scratch), ...credential.environment };
  if (credential.file !== undefined) writeFileSync(credential.file.path, credential.file.text, { mode: 0o600 });
  const writable = [scratch.directory, ...(start.account.configDirectory ? [start.account.configDirectory] : [])];
  const command = options.sandbox.wrap({ file: options.executable, arguments: arguments_ }, scratch.work, writable);
  const child = spawn(command.file, command.arguments, {
    cwd: scratch.work,
    env: environment,
    stdio: ["pipe", "pipe", "pipe", credential.piped === undefined ? "ignore" : "pipe"],
  }) as ClaudeChild;
  if (credential.piped !== undefined) pipeCredential(child, credential.piped);
  const launched = { executable: options.executable, arguments: arguments_, environment, directory: scratch.work };
  return {
    child,
    link: (events: Parameters<ConnectClaude>[2]) => options.connect(child, launched, events),
    credential,
    problem: (error: Error) => `Claude Code cannot be started (${command.file}): ${error.message}.`,
  };
}

function pipeCredential(child: ClaudeChild, text: string): void {
  const pipe = child.stdio[credentialDescriptor];
  if (!(pipe instanceof Writable)) return;
  // A process that is gone is heard of by its end.
  pipe.on("error", () => undefined);
  pipe.end(text);
}

/** Undefined for what Claude Code would not pass on as it is (measured): then the history carries it, which does. */
function readResult({ content, isError }: ToolResult): CallResult | undefined {
  const [part, ...more] = content;
  if (part?.type !== "text" || more.length > 0 || part.text.trim() === "") return undefined;
  return { text: part.text, isError: isError === true };
}

function describeEnd(code: number | null, signal: NodeJS.Signals | null, said: string): string {
  const how = signal === null ? `with code ${code}` : `by ${signal}`;
  return `Claude Code ended ${how} before its answer was complete${said === "" ? "." : `: ${said}`}`;
}
