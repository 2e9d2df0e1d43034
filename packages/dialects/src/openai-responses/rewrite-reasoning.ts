// Reasoning tokens in a Responses request of the passthrough lane -> what the upstream itself encrypted. All other fields
// stay as the caller wrote them.

import { isRecord, parseJsonBody } from "../reading/json.ts";
import { splitResponsesSignature, type OpenProof } from "../reasoning-proof.ts";

/** `body` is a request that was parsed before. */
export function rewriteReasoning(body: Uint8Array, open: OpenProof): Uint8Array {
  const request = parseJsonBody(body);
  if (!isRecord(request) || !Array.isArray(request["input"])) return body;
  const input = request["input"].flatMap((item: unknown) => rewriteItem(item, open));
  return Buffer.from(JSON.stringify({ ...request, input }));
}

function rewriteItem(item: unknown, open: OpenProof): unknown[] {
  if (!isRecord(item) || item["type"] !== "reasoning" || typeof item["encrypted_content"] !== "string") return [item];
  const proof = open(item["encrypted_content"]);
  if (proof?.signature === item["encrypted_content"]) return [item];
  const own = proof?.signature === undefined ? undefined : splitResponsesSignature(proof.signature);
  if (own === undefined) return [];
  const { id: _, ...rest } = item;
  return [{ ...rest, ...(own.id === "" ? {} : { id: own.id }), encrypted_content: own.encrypted }];
}
