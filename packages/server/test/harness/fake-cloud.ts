// A cloud provider at the edge of the process: a real HTTP server with a scripted answer.

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { DialectName } from "@auxot/wire/chat";
import { createSecret } from "../../src/platform/secret-text.ts";
import type { DeclaredProvider } from "../../src/records/providers/providers.ts";

export type CloudRequest = {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
  /** Resolves when the router closes the connection before the answer was complete. */
  readonly left: Promise<void>;
};

export type FakeCloud = AsyncDisposable & {
  readonly url: string;
  readonly requests: CloudRequest[];
  /** How the next requests are answered. */
  answer: (request: CloudRequest, response: ServerResponse) => Promise<void> | void;
  /** The next request that arrives. */
  nextRequest(): Promise<CloudRequest>;
  provider(part?: { name?: string; dialect?: DialectName; models?: readonly string[] }): DeclaredProvider;
};

export async function startFakeCloud(answer: FakeCloud["answer"]): Promise<FakeCloud> {
  const waiting: ((request: CloudRequest) => void)[] = [];
  const server = createServer(async (message, response) => {
    const parts: Buffer[] = [];
    for await (const part of message as AsyncIterable<Buffer>) parts.push(part);
    const left = new Promise<void>((resolve) => response.on("close", () => !response.writableFinished && resolve()));
    const request: CloudRequest = {
      method: message.method ?? "",
      path: message.url ?? "",
      headers: message.headers,
      body: Buffer.concat(parts).toString("utf8"),
      left,
    };
    if (request.method === "GET") {
      // Model discovery.
      response
        .writeHead(200, { "content-type": "application/json" })
        .end(JSON.stringify({ data: [{ id: "cloud-model" }] }));
      return;
    }
    cloud.requests.push(request);
    waiting.shift()?.(request);
    await cloud.answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const cloud: FakeCloud = {
    url,
    requests: [],
    answer,
    nextRequest: () => new Promise((resolve) => waiting.push(resolve)),
    provider: ({ name = "cloud", dialect = "openai-chat", models = ["cloud-model"] } = {}) => ({
      name,
      kind: "cloud",
      cloud: {
        dialect,
        baseUrl: dialect === "anthropic-messages" ? url : `${url}/v1`,
        apiKey: createSecret("sk-upstream-secret"),
        models: models.map((id) => ({ id, aliases: [] })),
        modelsDeclared: true,
        aliases: {},
      },
    }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return cloud;
}

/** Answers in OpenAI's format, streamed when asked for; each piece of `pieces` is one delta. */
export function answerOpenai(pieces: readonly string[]): FakeCloud["answer"] {
  return (request, response) => {
    const { stream, model } = JSON.parse(request.body) as { stream?: boolean; model: string };
    const usage = { prompt_tokens: 11, completion_tokens: pieces.length, total_tokens: 11 + pieces.length };
    if (stream !== true) {
      const message = { role: "assistant", content: pieces.join("") };
      response.writeHead(200, { "content-type": "application/json" });
      response.end(
        JSON.stringify({
          id: "chatcmpl-up",
          object: "chat.completion",
          created: 1,
          model,
          choices: [{ index: 0, message, finish_reason: "stop" }],
          usage,
        }),
      );
      return;
    }
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.end(openaiStream(model, pieces));
  };
}

/** The bytes of a whole stream in OpenAI's format. */
export function openaiStream(model: string, pieces: readonly string[]): string {
  const chunk = (delta: unknown, finish: string | null = null): string =>
    `data: ${JSON.stringify({ id: "chatcmpl-up", object: "chat.completion.chunk", created: 1, model, choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
  const usage = `data: ${JSON.stringify({ id: "chatcmpl-up", object: "chat.completion.chunk", created: 1, model, choices: [], usage: { prompt_tokens: 11, completion_tokens: pieces.length, total_tokens: 11 + pieces.length } })}\n\n`;
  return `${chunk({ role: "assistant", content: "" })}${pieces.map((content) => chunk({ content })).join("")}${chunk({}, "stop")}${usage}data: [DONE]\n\n`;
}
