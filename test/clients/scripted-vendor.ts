// A cloud vendor, or an engine beside a worker, at the edge of the process: a real HTTP server whose model follows a
// script. Keeps every request for the test to look at.

import { createServer, type IncomingHttpHeaders } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import type { Conversation, Script, VendorFormat } from "./vendor.ts";

export type VendorRequest = {
  readonly headers: IncomingHttpHeaders;
  readonly body: Readonly<Record<string, unknown>>;
  readonly conversation: Conversation;
  /** Resolves when the router closes the connection before the answer was complete. */
  readonly left: Promise<void>;
};

export type ScriptedVendor = AsyncDisposable & {
  readonly url: string;
  readonly format: VendorFormat;
  /** What its model does from now on; `stalls`: the answers stop in the middle and do not end. */
  play(script: Script, options?: { readonly stalls?: boolean }): void;
  /** For an answer of the model, oldest first. */
  readonly requests: readonly VendorRequest[];
  /** What else was asked for, and requests the script refused, as sentences. */
  readonly complaints: readonly string[];
};

export type ScriptedVendorOptions = {
  readonly format: VendorFormat;
  readonly models: readonly string[];
};

export async function startScriptedVendor(options: ScriptedVendorOptions): Promise<ScriptedVendor> {
  const { format, models } = options;
  let script: Script | undefined;
  let stalls = false;
  const requests: VendorRequest[] = [];
  const complaints: string[] = [];
  const server = createServer(async (message, response) => {
    const parts: Buffer[] = [];
    for await (const part of message as AsyncIterable<Buffer>) parts.push(part);
    const { pathname } = new URL(message.url ?? "", "http://vendor");
    if (message.method === "GET" && pathname === "/v1/models") {
      const data = models.map((id) => ({ id, object: "model", type: "model", created: 1, display_name: id }));
      response.setHeader("content-type", "application/json").end(JSON.stringify({ object: "list", data }));
      return;
    }
    if (message.method !== "POST" || pathname !== format.path) {
      // The worker asks every engine for the pages of llama-server and Ollama too.
      if (!["/props", "/api/show"].includes(pathname)) complaints.push(`${message.method} ${message.url}`);
      response.writeHead(404).end();
      return;
    }
    try {
      const body = JSON.parse(Buffer.concat(parts).toString("utf8")) as VendorRequest["body"];
      const conversation = format.readConversation(body);
      const left = new Promise<void>((resolve) => response.on("close", () => !response.writableFinished && resolve()));
      requests.push({ headers: message.headers, body, conversation, left });
      if (!conversation.isStream) throw new Error("the request does not ask for a stream");
      if (script === undefined) throw new Error("no script is set");
      const { reasoning, ...step } = script(conversation);
      const withReasoning = reasoning === undefined || !conversation.wantsReasoning ? step : { reasoning, ...step };
      const frames = format.writeStream(conversation.model, withReasoning, String(requests.length));
      response.writeHead(200, { "content-type": "text/event-stream" });
      for (const frame of stalls ? frames.slice(0, -4) : frames) response.write(frame);
      if (!stalls) response.end();
    } catch (error) {
      complaints.push(String(error));
      response.writeHead(400, { "content-type": "application/json" });
      response.end(JSON.stringify({ type: "error", error: { type: "invalid_request_error", message: String(error) } }));
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    format,
    requests,
    complaints,
    play(next, playing = {}) {
      script = next;
      stalls = playing.stalls ?? false;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
