// A program that speaks Claude Code's stream-json protocol as recorded from 2.1.330, without a model: what it answers is
// decided by the last user text. Started by fake-program.ts; stands at the process edge and shares no code with the worker.

import { execSync } from "node:child_process";
import { appendFileSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";

type Block = { readonly type: string; readonly text?: string; readonly [field: string]: unknown };
type Turn = { readonly role: string; readonly content: readonly Block[] };
type Fields = Readonly<Record<string, unknown>>;
type Tool = { readonly name: string };
type Initialize = {
  readonly systemPrompt?: readonly string[];
  readonly settings?: { readonly env?: Fields; readonly apiKeyHelper?: string };
  readonly sdkMcpServers?: readonly string[];
  readonly jsonSchema?: object;
};

const options = process.argv.slice(2);
const option = (name: string): string =>
  options.find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1) ?? "";

if (options.includes("--version")) {
  process.stdout.write("2.1.330 (Claude Code)\n");
  process.exit(0);
}
if (process.env["FAKE_CLAUDE_LOG"] !== undefined) appendFileSync(process.env["FAKE_CLAUDE_LOG"], `${process.pid}\n`);
if (process.env["FAKE_CLAUDE_BROKEN"] !== undefined) {
  process.stderr.write("Error: not logged in\n");
  process.exit(1);
}

const turns: Turn[] = [];
const waiting = new Map<string, (response: Fields) => void>();
let setup: Initialize = {};
let credential = "";
let tools: readonly Tool[] = [];
let nextId = 1;
let interrupt: (() => void) | undefined;

function write(message: object): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

function event(body: object): void {
  write({ type: "stream_event", event: body, session_id: "s", parent_tool_use_id: null, uuid: `u${nextId++}` });
}

const usage = { input_tokens: 10, cache_read_input_tokens: 100, cache_creation_input_tokens: 5, output_tokens: 1 };

function startMessage(): void {
  const model = `claude-${option("--model")}-5`;
  const message = { id: `msg_${nextId++}`, type: "message", role: "assistant", model, content: [], usage };
  event({ type: "message_start", message: { ...message, stop_reason: null, stop_sequence: null } });
}

function endMessage(reason: string): void {
  const delta = { stop_reason: reason, stop_sequence: null };
  event({ type: "message_delta", delta, usage: { ...usage, output_tokens: 40 } });
  event({ type: "message_stop" });
}

function block(index: number, start: Block, deltas: readonly object[]): void {
  event({ type: "content_block_start", index, content_block: start });
  for (const delta of deltas) event({ type: "content_block_delta", index, delta });
  event({ type: "content_block_stop", index });
}

function text(index: number, whole: string): void {
  const pieces = whole.match(/[^]{1,6}/gu) ?? [];
  block(
    index,
    { type: "text", text: "" },
    pieces.map((piece) => ({ type: "text_delta", text: piece })),
  );
}

function result(fields: object = {}): void {
  write({ type: "result", subtype: "success", is_error: false, result: "", terminal_reason: "completed", ...fields });
}

function answer(words: string): void {
  startMessage();
  text(0, words);
  endMessage("end_turn");
  turns.push({ role: "assistant", content: [{ type: "text", text: words }] });
  result();
}

function fail(status: number, words: string, fields: object = {}): void {
  const content = [{ type: "text", text: words }];
  const message = { model: "<synthetic>", role: "assistant", content, stop_reason: "stop_sequence" };
  write({ type: "assistant", message, is_api_error_message: true, api_error_status: status });
  result({ is_error: true, terminal_reason: "api_error", api_error_status: status, result: words, ...fields });
}

async function callTool(id: string, name: string, input: object): Promise<unknown> {
  const request_id = `c${nextId++}`;
  const params = { name, arguments: input, _meta: { "claudecode/toolUseId": id, progressToken: nextId } };
  const message = { method: "tools/call", params, jsonrpc: "2.0", id: nextId++ };
  const response = new Promise<Fields>((resolve) => void waiting.set(request_id, resolve));
  write({ type: "control_request", request_id, request: { subtype: "mcp_message", server_name: "auxot", message } });
  const { mcp_response: reply } = (await response) as { readonly mcp_response: { readonly result: unknown } };
  return reply.result;
}

async function useTools(): Promise<void> {
  startMessage();
  block(0, { type: "thinking", thinking: "", signature: "" }, [
    { type: "thinking_delta", thinking: "let me look" },
    { type: "signature_delta", signature: "c2ln" },
  ]);
  text(1, "I look.");
  const calls = tools.map(({ name }, i) => ({
    id: `toolu_${process.pid}_${nextId++}`,
    name,
    input: { city: `C${i}` },
  }));
  for (const [i, { id, name, input }] of calls.entries()) {
    const pieces = JSON.stringify(input).match(/.{1,5}/g) ?? [];
    const deltas = pieces.map((partial_json) => ({ type: "input_json_delta", partial_json }));
    block(i + 2, { type: "tool_use", id, name, input: {} }, deltas);
  }
  endMessage("tool_use");
  const results = await Promise.all(calls.map(({ id, name, input }) => callTool(id, name, input)));
  answer(JSON.stringify({ pid: process.pid, results }));
}

async function talkUntilInterrupted(): Promise<void> {
  startMessage();
  event({ type: "content_block_start", index: 0, content_block: { type: "text", text: "" } });
  const timer = setInterval(
    () => event({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "tick " } }),
    2,
  );
  await new Promise<void>((resolve) => void (interrupt = resolve));
  clearInterval(timer);
  result({
    is_error: true,
    subtype: "error_during_execution",
    terminal_reason: "aborted_streaming",
    errors: ["Aborted"],
  });
}

function readCredential(): string {
  const descriptor = process.env["CLAUDE_CODE_OAUTH_TOKEN_FILE_DESCRIPTOR"];
  if (descriptor !== undefined) return readFileSync(Number(descriptor), "utf8");
  const helper = setup.settings?.apiKeyHelper;
  return helper === undefined ? "" : execSync(helper, { encoding: "utf8" });
}

function report(): void {
  const state = {
    argv: options,
    env: process.env,
    cwd: process.cwd(),
    setup,
    tools,
    turns,
    pid: process.pid,
    credential,
  };
  answer(JSON.stringify(state));
}

const hour = 3600;

/** Claude Code tells times in seconds. */
function limit(status: string, utilization: number): void {
  const resetsAt = Math.floor(Date.now() / 1000) + hour;
  const unifiedWindows = { five_hour: { utilization, resetsAt }, seven_day: { utilization: 0.1, resetsAt } };
  write({
    type: "rate_limit_event",
    rate_limit_info: { status, resetsAt, rateLimitType: "five_hour", unifiedWindows },
  });
}

async function respond(): Promise<void> {
  const last = turns.at(-1)?.content ?? [];
  const asked = last.map((one) => one.text ?? "").join("");
  const words = asked.split(" ")[0] ?? "";
  write({
    type: "system",
    subtype: "init",
    session_id: "s",
    model: option("--model"),
    tools: tools.map(({ name }) => name),
  });
  switch (words) {
    case "REPORT":
      return report();
    case "TOOLS":
      return useTools();
    case "GIVEUP": {
      startMessage();
      block(0, { type: "tool_use", id: "toolu_g", name: "weather", input: {} }, [
        { type: "input_json_delta", partial_json: "{}" },
      ]);
      const given = { type: "tool_result", tool_use_id: "toolu_g", content: "No such tool", is_error: true };
      write({ type: "user", message: { role: "user", content: [given] }, parent_tool_use_id: null });
      endMessage("tool_use");
      return answer("I do without.");
    }
    case "TALK":
      return talkUntilInterrupted();
    case "CRASH":
      startMessage();
      event({ type: "content_block_start", index: 0, content_block: { type: "text", text: "" } });
      event({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "half" } });
      process.stderr.write(`fatal: boom with ${credential}\n`, () => process.exit(3));
      return;
    case "LIMIT":
      limit("rejected", 1.01);
      return fail(429, "You've hit your 5-hour limit", { api_error: "usage_limit_reached" });
    case "USED":
      limit("allowed", 0.83);
      return answer("used");
    case "BUSY":
      write({
        type: "system",
        subtype: "api_retry",
        attempt: 1,
        max_retries: 2,
        retry_delay_ms: 8000,
        error_status: 429,
      });
      return;
    case "LOGIN":
      if (credential.endsWith("one")) return fail(401, "API Error: 401 invalid bearer token");
      return answer("logged in");
    case "REFUSED":
      return fail(400, "API Error: 400 messages.1: bad thing", { api_error_type: "invalid_request_error" });
    case "LENGTH":
      startMessage();
      text(0, "cut off");
      endMessage("max_tokens");
      return answer("and on it goes");
    case "SCHEMA":
      startMessage();
      block(0, { type: "tool_use", id: "toolu_s", name: "StructuredOutput", input: {} }, [
        { type: "input_json_delta", partial_json: '{"a":' },
        { type: "input_json_delta", partial_json: "1}" },
      ]);
      endMessage("tool_use");
      return result();
    case "OWN":
      // A tool of the agent's own runs between two messages of the model.
      startMessage();
      text(0, "I search. ");
      block(1, { type: "tool_use", id: "toolu_w", name: "WebSearch", input: {} }, [
        { type: "input_json_delta", partial_json: "{}" },
      ]);
      endMessage("tool_use");
      return answer("Found.");
    default:
      return answer(`You said: ${asked}`);
  }
}

function readSession(): void {
  const lines = readFileSync(option("--resume"), "utf8").split("\n").filter(Boolean);
  const messages = lines.map((line) => (JSON.parse(line) as { readonly message: Turn }).message);
  const last = messages.pop();
  if (last?.content.length !== 0) throw new Error("the session does not end with an empty prompt");
  turns.push(...messages);
}

async function onControl(id: unknown, request: Fields): Promise<void> {
  const reply = (response: object = {}): void =>
    write({ type: "control_response", response: { subtype: "success", request_id: id, response } });
  if (request["subtype"] === "interrupt") {
    reply();
    interrupt?.();
    return;
  }
  if (request["subtype"] !== "initialize") return;
  setup = request as Initialize;
  credential = readCredential();
  for (const server_name of readServers()) tools = await listTools(server_name);
  readSession();
  reply({ commands: [], models: [], settings_applied: true, mcp_servers_applied: true });
  await respond();
}

/** Servers that are named only in the setup come too late for the first turn. */
function readServers(): string[] {
  const { mcpServers } = JSON.parse(option("--mcp-config")) as { readonly mcpServers: object };
  return Object.keys(mcpServers).filter((name) => setup.sdkMcpServers?.includes(name));
}

async function listTools(server_name: string): Promise<readonly Tool[]> {
  const request_id = `c${nextId++}`;
  const message = { method: "tools/list", jsonrpc: "2.0", id: nextId++ };
  const response = new Promise<Fields>((resolve) => void waiting.set(request_id, resolve));
  write({ type: "control_request", request_id, request: { subtype: "mcp_message", server_name, message } });
  const { mcp_response: reply } = (await response) as {
    readonly mcp_response: { readonly result: { readonly tools: readonly Tool[] } };
  };
  return reply.result.tools;
}

createInterface({ input: process.stdin })
  .on("line", (line) => {
    const message = JSON.parse(line) as Fields & {
      readonly response?: { readonly request_id: string; readonly response: Fields };
    };
    if (message["type"] === "control_request") {
      void onControl(message["request_id"], message["request"] as Fields);
    } else if (message["type"] === "control_response" && message.response !== undefined) {
      waiting.get(message.response.request_id)?.(message.response.response);
    } else if (message["type"] === "user") {
      if (message["client_composed"] !== true) throw new Error("a prompt that may hold commands");
      turns.push(message["message"] as Turn);
      void respond();
    }
  })
  .on("close", () => process.exit(0));
