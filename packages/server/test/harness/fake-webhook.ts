// The receiver of a webhook at the edge of the process: a real HTTP server that answers as it is told, and checks signatures
// by the specification alone. https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md

import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { webhookBodySchema, type WebhookBody } from "@auxot/wire/webhook-event";
import { createSecret } from "../../src/platform/secret-text.ts";
import type { WebhookSettings } from "../../src/records/webhook/send.ts";

export type SeenEvent = {
  readonly id: string;
  readonly seconds: number;
  readonly body: WebhookBody;
  readonly contentType: string | undefined;
};

/** A status, or `hang`: it takes the request and answers nothing. */
export type WebhookReply = number | "hang" | { readonly status: number; readonly text: string };

export type FakeWebhook = AsyncDisposable & {
  /** Of each request in turn; then `otherwise`. */
  readonly replies: WebhookReply[];
  otherwise: WebhookReply;
  readonly settings: WebhookSettings;
  /** What was asked, whatever the answer. */
  readonly tried: readonly SeenEvent[];
  /** What was answered with 200 to 299. */
  readonly taken: readonly SeenEvent[];
  /** Resolves when so many were asked. */
  askedFor(count: number): Promise<void>;
};

const key = Buffer.from("a key of thirty-two bytes, really");
export const webhookSecret = `whsec_${key.toString("base64")}`;

export async function startFakeWebhook(replies: WebhookReply[] = []): Promise<FakeWebhook> {
  const tried: SeenEvent[] = [];
  const taken: SeenEvent[] = [];
  const waiting: { readonly count: number; resolve(): void }[] = [];
  const server = createServer(async (request, response) => {
    const { "webhook-id": id, "webhook-timestamp": seconds, "webhook-signature": signature } = request.headers;
    const body = await text(request);
    const isSigned = String(signature)
      .split(" ")
      .some((one) => isSignedRight(one, `${String(id)}.${String(seconds)}.${body}`));
    if (!isSigned || request.method !== "POST") {
      response.writeHead(401).end("wrong signature");
      return;
    }
    const seen: SeenEvent = {
      id: String(id),
      seconds: Number(seconds),
      body: webhookBodySchema.parse(JSON.parse(body)),
      contentType: request.headers["content-type"],
    };
    tried.push(seen);
    answer(replies.shift() ?? fake.otherwise, seen, response);
    for (const one of waiting) if (tried.length >= one.count) one.resolve();
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks/auxot?for=tests`;

  function answer(reply: WebhookReply, seen: SeenEvent, response: ServerResponse): void {
    if (reply === "hang") return;
    const { status, text: said } = typeof reply === "number" ? { status: reply, text: "" } : reply;
    if (status >= 200 && status <= 299) taken.push(seen);
    response.writeHead(status, status >= 300 && status <= 399 ? { location: "/elsewhere" } : {}).end(said);
  }

  const fake: FakeWebhook = {
    replies,
    otherwise: 204,
    settings: { url, secret: createSecret(webhookSecret) },
    tried,
    taken,
    askedFor(count) {
      const { promise, resolve } = Promise.withResolvers<void>();
      if (tried.length >= count) resolve();
      else waiting.push({ count, resolve });
      return promise;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return fake;
}

function isSignedRight(signature: string, signed: string): boolean {
  const [version, given = ""] = signature.split(",");
  const right = createHmac("sha256", key).update(signed).digest();
  const bytes = Buffer.from(given, "base64");
  return version === "v1" && bytes.length === right.length && timingSafeEqual(bytes, right);
}
