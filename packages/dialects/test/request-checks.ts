// Short ways to ask a dialect what it makes of a request.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { ChatMessage, ChatRequest, DialectName } from "@auxot/wire/chat";
import { AppError } from "@auxot/wire/errors";
import type { TraitsOverride } from "@auxot/wire/model-traits";
import { findTraits } from "@auxot/server/models/find-traits";
import { dialects } from "../src/dialects.ts";

/** A string is sent as it is, anything else as JSON. */
export function parse(name: DialectName, body: unknown): ChatRequest {
  return dialects[name].serve.parseRequest(Buffer.from(typeof body === "string" ? body : JSON.stringify(body)));
}

/** With what the model table knows of `model` at a server nobody knows; `override` as a provider's declaration has it. */
export function build(
  name: DialectName,
  request: Partial<ChatRequest>,
  model = "some-model",
  override: TraitsOverride = {},
) {
  const whole = { model: "asked", messages: [userSays("hi")], tools: [], stream: false, ...request };
  const traits = findTraits({ model, dialect: name, baseUrl: "https://models.example.test", override });
  const built = dialects[name].call.buildRequest(whole, { model, stream: false, traits, hash: hashText });
  return { ...built, body: JSON.parse(built.body) };
}

export function hashText(text: string): string {
  return createHash("sha256").update(text).digest("hex");
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
