// Reasoning tokens in a Chat Completions request of the passthrough lane -> what the upstream itself made. All other
// fields stay as the caller wrote them.

import { isRecord, parseJsonBody } from "../reading/json.ts";
import type { OpenProof } from "../reasoning-proof.ts";

/** `body` is a request that was parsed before. */
export function rewriteReasoning(body: Uint8Array, open: OpenProof): Uint8Array {
  const request = parseJsonBody(body);
  if (!isRecord(request) || !Array.isArray(request["messages"])) return body;
  const messages = request["messages"].map((message: unknown) => rewriteMessage(message, open));
  return Buffer.from(JSON.stringify({ ...request, messages }));
}

function rewriteMessage(message: unknown, open: OpenProof): unknown {
  if (!isRecord(message)) return message;
  const { thinking_blocks: blocks, reasoning_content: text, reasoning, ...rest } = message;
  if (!Array.isArray(blocks)) return message;
  const opened = blocks.map((block: unknown) => openBlock(block, open));
  if (opened.every((proof) => proof === undefined)) return rest;
  const kept = blocks.flatMap((block: unknown, at) => rewriteBlock(block, opened[at]));
  // Servers that sign nothing know their reasoning by its text.
  const words = {
    ...(text === undefined ? {} : { reasoning_content: text }),
    ...(reasoning === undefined ? {} : { reasoning }),
  };
  return { ...rest, ...words, ...(kept.length === 0 ? {} : { thinking_blocks: kept }) };
}

type Opened = ReturnType<OpenProof>;

function openBlock(block: unknown, open: OpenProof): Opened {
  if (!isRecord(block)) return undefined;
  return typeof block["signature"] === "string" ? open(block["signature"]) : {};
}

function rewriteBlock(block: unknown, proof: Opened): unknown[] {
  if (proof === undefined || !isRecord(block)) return [];
  if (typeof block["signature"] !== "string") return [block];
  if (proof.redacted !== undefined) return [{ type: "redacted_thinking", data: proof.redacted }];
  return proof.signature === undefined ? [] : [{ ...block, signature: proof.signature }];
}
