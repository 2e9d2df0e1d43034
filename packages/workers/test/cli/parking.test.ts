// Processes that wait with a conversation: for the results of tool calls, or for the next message.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { ChatMessage, ChatRequest, ChatResult, ToolCallPart, ToolDefinition, UserPart } from "@auxot/wire/chat";
import type { Engine } from "../../src/engine.ts";
import { ask as askDemo, readResult, textOf } from "../engine-harness.ts";
import { startCliTest } from "./cli-harness.ts";

const pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const tools: readonly ToolDefinition[] = ["weather", "Bash"].map((name) => ({
  name,
  description: `Asks for ${name}.`,
  parameters: { type: "object", properties: { city: { type: "string" } } },
}));

function ask(text: string, fields: Partial<ChatRequest> = {}): ChatRequest {
  return askDemo(text, { model: "claude-code/sonnet", tools, ...fields });
}

function user(text: string): ChatMessage {
  return { role: "user", content: [{ type: "text", text }] };
}

function callsOf(result: ChatResult): readonly ToolCallPart[] {
  return result.content.flatMap((part) => (part.type === "tool-call" ? [part] : []));
}

/** The request that brings the results of all calls of `answer`, the last one first. */
function follow(
  request: ChatRequest,
  answer: ChatResult,
  results: readonly { readonly content: readonly UserPart[]; readonly isError?: true }[],
): ChatRequest {
  const answered = callsOf(answer).map(({ id }, i): ChatMessage => ({
    role: "tool",
    callId: id,
    content: [],
    ...results[i],
  }));
  const messages = [...request.messages, { role: "assistant", content: answer.content } as const];
  return { ...request, messages: [...messages, ...answered.toReversed()] };
}

const sunny = { content: [{ type: "text", text: "sunny" }] } as const;
const failed = { content: [{ type: "text", text: "no" }], isError: true } as const;

async function callTools(engine: Engine): Promise<{ readonly request: ChatRequest; readonly answer: ChatResult }> {
  const request = ask("TOOLS");
  return { request, answer: await readResult(engine, request) };
}

async function untilGivenUp(engine: Engine, callIds: readonly string[]): Promise<void> {
  while (engine.isParked?.(callIds) === true) await new Promise((resolve) => void setImmediate(resolve));
}

test("the caller gets all calls together, by its own names, and the process waits for exactly these", async () => {
  await using cli = startCliTest();
  const { answer } = await callTools(cli.engine);
  assert.equal(answer.stopReason, "tool-calls");
  assert.deepEqual(
    answer.content.map((part) => (part.type === "tool-call" ? [part.name, part.arguments] : part)),
    [
      { type: "reasoning", text: "let me look", signature: "c2ln" },
      { type: "text", text: "I look." },
      ["weather", '{"city":"C0"}'],
      ["Bash", '{"city":"C1"}'],
    ],
  );
  const ids = callsOf(answer).map(({ id }) => id);
  assert.equal(cli.engine.isParked?.(ids.toReversed()), true);
  assert.equal(cli.engine.isParked?.(ids.slice(1)), false);
});

test("the results go into the waiting process, whatever their order, and it goes on", async () => {
  await using cli = startCliTest();
  const { request, answer } = await callTools(cli.engine);
  const next = await readResult(cli.engine, follow(request, answer, [sunny, failed]));
  assert.deepEqual(JSON.parse(textOf(next)), {
    pid: cli.started()[0],
    results: [
      { content: [{ type: "text", text: "sunny" }] },
      { content: [{ type: "text", text: "no" }], isError: true },
    ],
  });
  assert.equal(cli.started().length, 1);
  assert.equal(cli.engine.isParked?.(callsOf(answer).map(({ id }) => id)), false);
});

test("clients that drop reasoning or split an answer into two messages are known again", async () => {
  await using cli = startCliTest();
  const { request, answer } = await callTools(cli.engine);
  const [text, calls] = [answer.content.filter(({ type }) => type === "text"), callsOf(answer)];
  const whole = follow(request, answer, [sunny, sunny]);
  const messages: ChatMessage[] = [
    ...request.messages,
    { role: "assistant", content: text },
    { role: "assistant", content: calls },
    ...whole.messages.slice(-2),
  ];
  await readResult(cli.engine, { ...whole, messages });
  assert.equal(cli.started().length, 1);
});

for (const [what, change] of [
  ["another history", (one: ChatRequest) => ({ ...one, messages: [user("TOOLS other"), ...one.messages.slice(1)] })],
  ["other tools", (one: ChatRequest) => ({ ...one, tools: tools.slice(0, 1) })],
  ["a message beside the results", (one: ChatRequest) => ({ ...one, messages: [...one.messages, user("REPORT")] })],
  ["a result that is missing", (one: ChatRequest) => ({ ...one, messages: one.messages.slice(0, -1) })],
] as const) {
  test(`with ${what} the conversation is given to another process whole`, async () => {
    await using cli = startCliTest();
    const { request, answer } = await callTools(cli.engine);
    await readResult(cli.engine, change(follow(request, answer, [sunny, sunny])));
    assert.equal(cli.started().length, 2);
  });
}

test("a result with an image is given to another process, which can take it as it is", async () => {
  await using cli = startCliTest();
  const { request, answer } = await callTools(cli.engine);
  const image: UserPart = { type: "image", source: { type: "base64", mediaType: "image/png", data: pixel } };
  const report = follow(request, answer, [{ content: [image] }, sunny]);
  await readResult(cli.engine, report);
  assert.equal(cli.started().length, 2);
});

test("a process that answered a call by itself does not wait for the result", async () => {
  await using cli = startCliTest();
  const request = ask("GIVEUP");
  const answer = await readResult(cli.engine, request);
  assert.deepEqual([answer.stopReason, callsOf(answer).map(({ name }) => name)], ["tool-calls", ["weather"]]);
  assert.equal(cli.engine.isParked?.(["toolu_g"]), false);
  await readResult(cli.engine, follow(request, answer, [sunny]));
  assert.equal(cli.started().length, 2);
});

test("a process waits for a bounded time, and only so many do", async () => {
  await using cli = startCliTest({ parkTimeoutMs: 60_000, maxParked: 1 });
  const first = await callTools(cli.engine);
  const second = await callTools(cli.engine);
  assert.equal(cli.engine.isParked?.(callsOf(first.answer).map(({ id }) => id)), false, "the oldest gave way");
  assert.equal(cli.engine.isParked?.(callsOf(second.answer).map(({ id }) => id)), true);
  await using brief = startCliTest({ parkTimeoutMs: 1 });
  const { request, answer } = await callTools(brief.engine);
  const ids = callsOf(answer).map(({ id }) => id);
  await untilGivenUp(brief.engine, ids);
  await readResult(brief.engine, follow(request, answer, [sunny, sunny]));
  assert.equal(brief.started().length, 2);
});

test("a process that dies while it waits is not missed", async () => {
  await using cli = startCliTest();
  const { request, answer } = await callTools(cli.engine);
  const ids = callsOf(answer).map(({ id }) => id);
  process.kill(cli.started()[0] ?? 0, "SIGKILL");
  await untilGivenUp(cli.engine, ids);
  await readResult(cli.engine, follow(request, answer, [sunny, sunny]));
  assert.equal(cli.started().length, 2);
});

test("the next message of a conversation goes to the process that has it; another conversation does not", async () => {
  await using cli = startCliTest();
  const request = ask("hello", { tools: [] });
  const answer = await readResult(cli.engine, request);
  const said: ChatMessage = { role: "assistant", content: answer.content };
  const next = await readResult(cli.engine, { ...request, messages: [...request.messages, said, user("/more")] });
  assert.equal(textOf(next), "You said: /more");
  assert.equal(cli.started().length, 1);
  const other: ChatMessage = { role: "assistant", content: [{ type: "text", text: "Something else" }] };
  await readResult(cli.engine, { ...request, messages: [...request.messages, other, user("more")] });
  assert.equal(cli.started().length, 2);
});

test("without tools to choose from, none are offered; a choice that cannot be forced is asked for in words", async () => {
  await using cli = startCliTest();
  const none = await readResult(cli.engine, ask("REPORT", { toolChoice: { type: "none" } }));
  assert.deepEqual((JSON.parse(textOf(none)) as { readonly tools: readonly object[] }).tools, []);
  const forced = await readResult(cli.engine, ask("REPORT", { toolChoice: { type: "tool", name: "Bash" } }));
  const { setup, tools: given } = JSON.parse(textOf(forced)) as {
    readonly setup: { readonly systemPrompt: readonly string[] };
    readonly tools: readonly { readonly name: string; readonly inputSchema: object; readonly description: string }[];
  };
  assert.deepEqual(setup.systemPrompt, ["Answer by calling the tool Bash."]);
  assert.deepEqual(
    given.map(({ name, description, inputSchema }) => ({ name, description, parameters: inputSchema })),
    tools,
  );
  assert.match(forced.warnings?.join() ?? "", /tool_choice: /);
});
