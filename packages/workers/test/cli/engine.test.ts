// The CLI engine over a fake Claude Code that speaks the recorded protocol: what callers get, and what the process is given.

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { foldEvents, type ChatEvent } from "@auxot/wire/chat-event";
import type { ChatMessage, ChatRequest } from "@auxot/wire/chat";
import { AppError } from "@auxot/wire/errors";
import type { Engine } from "../../src/engine.ts";
import { ask as askDemo, readEvents, readResult, textOf } from "../engine-harness.ts";
import { startCliTest } from "./cli-harness.ts";

type Report = {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly setup: { readonly systemPrompt: readonly string[]; readonly settings: object; readonly jsonSchema?: object };
  readonly tools: readonly object[];
  readonly turns: readonly { readonly role: string; readonly content: readonly object[] }[];
  readonly pid: number;
  readonly credential: string;
};

const model = "claude-code/sonnet";
const pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

function ask(text: string, fields: Partial<ChatRequest> = {}): ChatRequest {
  return askDemo(text, { model, ...fields });
}

function user(text: string): ChatMessage {
  return { role: "user", content: [{ type: "text", text }] };
}

async function readReport(engine: Engine, request: ChatRequest): Promise<Report> {
  return JSON.parse(textOf(await readResult(engine, request))) as Report;
}

async function failureOf(work: Promise<unknown>): Promise<AppError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof AppError, String(error));
  return error;
}

test("an answer comes piece by piece, with the vendor's model and usage", async () => {
  await using cli = startCliTest();
  const events = await readEvents(cli.engine, ask("hello there"));
  assert.deepEqual(events[0], { type: "start", model: "claude-sonnet-5" });
  assert.ok(events.filter(({ type }) => type === "text-delta").length > 2, "token by token");
  const result = foldEvents(events);
  assert.equal(textOf(result), "You said: hello there");
  assert.equal(result.stopReason, "stop");
  assert.deepEqual(result.usage, {
    inputTokens: 115,
    outputTokens: 40,
    cachedInputTokens: 100,
    cacheWriteTokens: 5,
    reasoningTokens: 0,
  });
});

test("the conversation reaches the agent exactly as it was sent, commands and file names included", async () => {
  await using cli = startCliTest();
  const { turns, setup } = await readReport(cli.engine, {
    ...ask(""),
    messages: [
      { role: "system", content: [{ type: "text", text: "Be brief." }] },
      user("/clear @/etc/passwd"),
      {
        role: "assistant",
        content: [
          { type: "reasoning", text: "hm", signature: "c2ln" },
          { type: "text", text: "No." },
          { type: "tool-call", id: "toolu_1", name: "look", arguments: '{"at":"x"}' },
        ],
      },
      {
        role: "tool",
        callId: "toolu_1",
        content: [
          { type: "text", text: "seen" },
          { type: "image", source: { type: "base64", mediaType: "image/png", data: pixel } },
        ],
        isError: true,
      },
      user("REPORT"),
    ],
  });
  const image = { type: "image", source: { type: "base64", media_type: "image/png", data: pixel } };
  assert.deepEqual(
    turns.map(({ role, content }) => ({ role, content })),
    [
      { role: "user", content: [{ type: "text", text: "/clear @/etc/passwd" }] },
      {
        role: "assistant",
        content: [
          { type: "thinking", thinking: "hm", signature: "c2ln" },
          { type: "text", text: "No." },
          { type: "tool_use", id: "toolu_1", name: "look", input: { at: "x" } },
        ],
      },
      {
        role: "user",
        content: [
          {
            type: "tool_result",
            tool_use_id: "toolu_1",
            content: [{ type: "text", text: "seen" }, image],
            is_error: true,
          },
          { type: "text", text: "REPORT" },
        ],
      },
    ],
  );
  assert.deepEqual(setup.systemPrompt, ["Be brief."]);
});

test("limit, effort and thinking hold for the one process; what Claude Code decides itself is told", async () => {
  await using cli = startCliTest();
  const request = ask("REPORT", {
    maxOutputTokens: 77,
    temperature: 0.2,
    seed: 4,
    reasoning: { effort: "low" },
    responseFormat: { type: "json-schema", name: "x", schema: { type: "object" } },
  });
  const events = await readEvents(cli.engine, request);
  const warnings = events.flatMap((event) => (event.type === "warning" ? [event.message] : []));
  assert.match(warnings.join("\n"), /temperature: .*not sent[^]*seed: .*not sent[^]*response_format: /);
  const { setup } = JSON.parse(textOf(foldEvents(events))) as Report;
  const { apiKeyHelper: _helper, ...settings } = setup.settings as { readonly apiKeyHelper: string };
  assert.deepEqual(settings, {
    attribution: { commit: "", pr: "" },
    env: { CLAUDE_CODE_MAX_OUTPUT_TOKENS: "77", CLAUDE_CODE_EFFORT_LEVEL: "low" },
  });
  assert.ok(setup.jsonSchema !== undefined);
  const { setup: silent } = await readReport(cli.engine, ask("REPORT", { reasoning: { effort: "none" } }));
  assert.equal((silent.settings as { readonly alwaysThinkingEnabled?: boolean }).alwaysThinkingEnabled, false);
});

test("the process is given its account's credential, unseen, and nothing else of ours; it may use the tools that are allowed", async () => {
  await using cli = startCliTest({ allowedTools: ["WebSearch"] });
  const { argv, env, cwd, credential } = await readReport(cli.engine, ask("REPORT"));
  assert.equal(credential, "sk-ant-api03-the-secret");
  assert.ok(!JSON.stringify(env).includes("secret"));
  for (const name of Object.keys(process.env)) {
    if (!["PATH", "HOME", "TMPDIR", "PWD", "SHLVL", "_"].includes(name)) assert.equal(env[name], undefined, name);
  }
  assert.ok(cwd.startsWith(cli.scratchRoot) && env["HOME"]?.startsWith(cli.scratchRoot));
  assert.ok(!argv.join(" ").includes("secret"));
  assert.ok(argv.includes("--tools=WebSearch") && argv.includes("--allowedTools=mcp__auxot,WebSearch"));
  assert.ok(argv.includes("--permission-mode=dontAsk"));
  assert.ok(!argv.some((one) => /skip-permissions|bypass/.test(one)));
});

test("several answers run at once, each in a process and a directory of its own", async () => {
  await using cli = startCliTest();
  const texts = ["a", "b", "c", "d", "e", "f"];
  const answers = await Promise.all(texts.map((text) => readResult(cli.engine, ask(text))));
  assert.deepEqual(
    answers.map(textOf),
    texts.map((text) => `You said: ${text}`),
  );
  assert.equal(new Set(cli.started()).size, 6);
});

test("a JSON schema's answer is text", async () => {
  await using cli = startCliTest();
  const responseFormat = { type: "json-schema", name: "x", schema: { type: "object" } } as const;
  const result = await readResult(cli.engine, ask("SCHEMA", { responseFormat }));
  assert.deepEqual([textOf(result), result.stopReason], ['{"a":1}', "stop"]);
});

test("what the agent's own tools do stays inside, and the answer is one", async () => {
  await using cli = startCliTest({ allowedTools: ["WebSearch"] });
  const events = await readEvents(cli.engine, ask("OWN"));
  const result = foldEvents(events);
  assert.deepEqual(result.content, [
    { type: "text", text: "I search. " },
    { type: "text", text: "Found." },
  ]);
  assert.equal(result.usage?.outputTokens, 80);
  assert.equal(events.filter(({ type }) => type === "start").length, 1);
});

test("an answer that reaches its limit ends there, though the agent would go on", async () => {
  await using cli = startCliTest();
  const result = await readResult(cli.engine, ask("LENGTH"));
  assert.deepEqual([textOf(result), result.stopReason], ["cut off", "length"]);
});

test("a stop sequence ends the answer, also when it comes in pieces", async () => {
  await using cli = startCliTest();
  const result = await readResult(cli.engine, ask("one two three four", { stop: ["o three"] }));
  assert.deepEqual(
    [textOf(result), result.stopReason, result.stopSequence],
    ["You said: one tw", "stop-sequence", "o three"],
  );
});

test("a cancelled answer stops within a second, and leaves no process", async () => {
  await using cli = startCliTest();
  const controller = new AbortController();
  const seen: ChatEvent[] = [];
  const run = (async () => {
    for await (const batch of cli.engine.run(ask("TALK"), controller.signal)) {
      seen.push(...batch);
      if (seen.some(({ type }) => type === "text-delta")) controller.abort();
    }
  })();
  const { code } = await failureOf(run);
  assert.equal(code, "cancelled");
  await readResult(cli.engine, ask("next"));
  await cli.engine.close();
  assert.deepEqual(readdirSync(cli.scratchRoot), []);
});

test("a process that dies in the middle is told with its last words, without secrets, and the next one is fine", async () => {
  await using cli = startCliTest();
  const error = await failureOf(readResult(cli.engine, ask("CRASH")));
  assert.equal(error.code, "source_failed");
  assert.equal(
    error.message,
    "Claude Code ended with code 3 before its answer was complete: fatal: boom with [secret]",
  );
  assert.equal(textOf(await readResult(cli.engine, ask("again"))), "You said: again");
});

test("a program that cannot start says why", async () => {
  await using cli = startCliTest({ environment: { FAKE_CLAUDE_BROKEN: "1" } });
  const error = await failureOf(readResult(cli.engine, ask("hello")));
  assert.equal(error.message, "Claude Code ended with code 1 before its answer was complete: Error: not logged in");
});

test("what the API refuses is refused in its words", async () => {
  await using cli = startCliTest();
  const error = await failureOf(readResult(cli.engine, ask("REFUSED")));
  assert.deepEqual([error.code, error.message], ["invalid_request", "messages.1: bad thing"]);
});

test("a busy account gives the job back at once, and rests", async () => {
  await using cli = startCliTest();
  const error = await failureOf(readResult(cli.engine, ask("BUSY")));
  assert.deepEqual([error.code, error.retryAfterMs], ["rate_limited", 8000]);
  assert.ok((cli.engine.offers()[0]?.restsUntil ?? 0) > Date.now() + 7000);
});

test("what Claude Code cannot do at all is refused by name", async () => {
  await using cli = startCliTest();
  const prefill: ChatMessage = { role: "assistant", content: [{ type: "text", text: "Sure" }] };
  const error = await failureOf(readResult(cli.engine, ask("x", { messages: [user("x"), prefill] })));
  assert.deepEqual([error.code, error.param], ["invalid_request", "messages"]);
  assert.equal((await failureOf(readResult(cli.engine, ask("x", { model: "other" })))).code, "model_not_found");
});

test("a process that was started ahead answers, and another one takes its place", async () => {
  await using cli = startCliTest({ warm: 1 });
  const { pid } = await readReport(cli.engine, ask("REPORT"));
  assert.equal(pid, cli.started()[0]);
  const second = await readReport(cli.engine, ask("REPORT again"));
  assert.notEqual(second.pid, pid);
});

test("with room for one process, requests take turns", async () => {
  await using cli = startCliTest({ maxProcesses: 1, warm: 1 });
  const answers = await Promise.all(["a", "b", "c"].map((text) => readResult(cli.engine, ask(text))));
  assert.deepEqual(answers.map(textOf), ["You said: a", "You said: b", "You said: c"]);
});
