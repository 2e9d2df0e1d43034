// Reasoning tokens in a Messages request of the passthrough lane -> what the upstream itself signed. All other fields
// stay as the caller wrote them.

import { isRecord, parseJsonBody } from "../reading/json.ts";
import type { Fields } from "../reading/read-fields.ts";
import type { OpenProof } from "../reasoning-proof.ts";
import { lacksThinking } from "./thinking-loop.ts";

/** `body` is a request that was parsed before. */
export function rewriteReasoning(body: Uint8Array, open: OpenProof): Uint8Array {
  const request = parseJsonBody(body);
  if (!isRecord(request) || !Array.isArray(request["messages"])) return body;
  const messages = request["messages"].flatMap((message: unknown) => rewriteMessage(message, open));
  const { thinking, ...rest } = request;
  const isLost = isRecord(thinking) && thinking["type"] === "enabled" && lacksThinking(messages.map(readTurn));
  return Buffer.from(JSON.stringify(isLost ? { ...rest, messages } : { ...request, messages }));
}

/** Nothing for a turn that held only foreign reasoning: the API refuses turns without content. */
function rewriteMessage(message: unknown, open: OpenProof): unknown[] {
  if (!isRecord(message) || message["role"] !== "assistant" || !Array.isArray(message["content"])) return [message];
  const content = message["content"].flatMap((block: unknown) => rewriteBlock(block, open));
  return content.length === 0 && message["content"].length > 0 ? [] : [{ ...message, content }];
}

function rewriteBlock(block: unknown, open: OpenProof): unknown[] {
  if (!isRecord(block) || block["type"] !== "thinking" || typeof block["signature"] !== "string") return [block];
  const proof = open(block["signature"]);
  if (proof === undefined) return [];
  if (proof.redacted !== undefined) return [{ type: "redacted_thinking", data: proof.redacted }];
  // What its maker did not sign goes back unsigned.
  return [{ ...block, signature: proof.signature ?? "" }];
}

function readTurn(message: unknown): { readonly role: unknown; readonly types: readonly unknown[] } {
  const { role, content }: Fields = isRecord(message) ? message : {};
  const blocks = Array.isArray(content) ? content : [];
  return { role, types: blocks.map((block: unknown) => (isRecord(block) ? block["type"] : undefined)) };
}
