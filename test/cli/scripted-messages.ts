// Anthropic's Messages API on loopback, whose model follows a script: what Claude Code asks is kept for the test to look at.

import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";

export type Block = { readonly type: string; readonly [field: string]: unknown };
export type Turn = { readonly role: string; readonly content: string | readonly Block[] };
export type MessagesBody = {
  readonly model: string;
  readonly max_tokens: number;
  readonly system?: readonly { readonly text: string }[];
  readonly messages: readonly Turn[];
  readonly tools?: readonly { readonly name: string; readonly description: string; readonly input_schema: object }[];
  readonly thinking?: { readonly type: string };
  readonly output_config?: { readonly effort?: string };
};

export type MessagesRequest = {
  readonly body: MessagesBody;
  readonly headers: IncomingHttpHeaders;
  /** Resolves when Claude Code closed the connection before the answer was complete. */
  readonly left: Promise<void>;
  isAnswered(): boolean;
};

export type Answer = {
  readonly blocks?: readonly { readonly start: object; readonly deltas: readonly object[] }[];
  readonly stop?: string;
  /** Between two deltas. */
  readonly pauseMs?: number;
  /** Nothing follows the first delta until it resolves. */
  readonly hold?: Promise<unknown>;
  /** Instead of blocks. */
  readonly error?: { readonly status: number; readonly type: string; readonly message: string };
  readonly headers?: Readonly<Record<string, string>>;
};

export type Script = (body: MessagesBody, request: MessagesRequest) => Answer;

export type ScriptedMessages = AsyncDisposable & {
  readonly url: string;
  readonly requests: readonly MessagesRequest[];
  play(script: Script): void;
};

/** Answers "Hello there." until it is told otherwise. */
export async function startScriptedMessages(): Promise<ScriptedMessages> {
  const requests: MessagesRequest[] = [];
  let script: Script = greet;
  const server = createServer(async (message, response) => {
    const parts: Buffer[] = [];
    for await (const part of message as AsyncIterable<Buffer>) parts.push(part);
    if (message.method !== "POST" || !/^\/v1\/messages(?:\?|$)/.test(message.url ?? "")) {
      response.writeHead(404).end();
      return;
    }
    const body = JSON.parse(Buffer.concat(parts).toString("utf8")) as MessagesBody;
    const left = new Promise<void>((resolve) => response.on("close", () => !response.writableFinished && resolve()));
    const request = { body, headers: message.headers, left, isAnswered: () => response.writableFinished };
    requests.push(request);
    await writeAnswer(response, script(body, request), body.model, requests.length);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    play(next) {
      script = next;
    },
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

function greet(): Answer {
  return { blocks: [words("Hello ", "there", ".")] };
}

/** The model has said something in this conversation. */
export function isSecond(messages: readonly Turn[]): boolean {
  return messages.some(({ role }) => role === "assistant");
}

export function words(...pieces: readonly string[]): { readonly start: object; readonly deltas: readonly object[] } {
  return { start: { type: "text", text: "" }, deltas: pieces.map((text) => ({ type: "text_delta", text })) };
}

export function thoughts(...pieces: readonly string[]): { readonly start: object; readonly deltas: readonly object[] } {
  const deltas = pieces.map((thinking) => ({ type: "thinking_delta", thinking }));
  const signature = { type: "signature_delta", signature: "c2lnbmF0dXJl" };
  return { start: { type: "thinking", thinking: "", signature: "" }, deltas: [...deltas, signature] };
}

export function call(id: string, name: string, input: object) {
  const pieces = JSON.stringify(input).match(/.{1,7}/g) ?? [];
  const deltas = pieces.map((partial_json) => ({ type: "input_json_delta", partial_json }));
  return { start: { type: "tool_use", id, name, input: {} }, deltas };
}

async function writeAnswer(response: ServerResponse, answer: Answer, model: string, id: number): Promise<void> {
  const { error, headers } = answer;
  if (error !== undefined) {
    response.writeHead(error.status, { "content-type": "application/json", ...headers });
    response.end(JSON.stringify({ type: "error", error: { type: error.type, message: error.message } }));
    return;
  }
  response.writeHead(200, { "content-type": "text/event-stream", ...headers });
  const write = (type: string, part: object = {}): boolean =>
    response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...part })}\n\n`);
  const used = { input_tokens: 10, cache_read_input_tokens: 100, cache_creation_input_tokens: 5 };
  const message = { id: `msg_${id}`, type: "message", role: "assistant", model, content: [] };
  write("message_start", {
    message: { ...message, stop_reason: null, stop_sequence: null, usage: { ...used, output_tokens: 1 } },
  });
  for (const [index, block] of (answer.blocks ?? []).entries()) {
    write("content_block_start", { index, content_block: block.start });
    for (const delta of block.deltas) {
      write("content_block_delta", { index, delta });
      await answer.hold;
      if (answer.pauseMs !== undefined) await pause(answer.pauseMs);
      if (response.destroyed) return;
    }
    write("content_block_stop", { index });
  }
  const stop = { stop_reason: answer.stop ?? "end_turn", stop_sequence: null };
  write("message_delta", { delta: stop, usage: { ...used, output_tokens: 40 } });
  write("message_stop");
  response.end();
}
