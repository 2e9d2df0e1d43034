// Short ways to ask a dialect what it makes of a request.

import assert from "node:assert/strict";
import type { ChatMessage, ChatRequest, DialectName } from "@auxot/wire/chat";
import { AppError } from "@auxot/wire/errors";
import { dialects } from "../src/dialects.ts";

/** A string is sent as it is, anything else as JSON. */
export function parse(name: DialectName, body: unknown): ChatRequest {
  return dialects[name].serve.parseRequest(Buffer.from(typeof body === "string" ? body : JSON.stringify(body)));
}

export function build(name: DialectName, request: Partial<ChatRequest>, model = "some-model") {
  const whole = { model: "asked", messages: [userSays("hi")], tools: [], stream: false, ...request };
  const built = dialects[name].call.buildRequest(whole, { model, stream: false, defaultMaxOutputTokens: 4096 });
  return { body: JSON.parse(built.body), warnings: built.warnings };
}

export function userSays(text: string): ChatMessage {
  return { role: "user", content: [{ type: "text", text }] };
}

/** The request is refused with `invalid_request`, the field and a message that names it. */
export function refuses(name: DialectName, body: unknown, param: string, message?: RegExp): void {
  assert.throws(
    () => parse(name, body),
    (error) => {
      assert.ok(error instanceof AppError, String(error));
      assert.equal(error.code, "invalid_request");
      assert.equal(error.param, param);
      assert.ok(error.message.startsWith(`${param}: `), error.message);
      if (message !== undefined) assert.match(error.message, message);
      return true;
    },
  );
}
