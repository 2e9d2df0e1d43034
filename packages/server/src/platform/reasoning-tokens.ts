// Owns reasoning tokens: what callers get where vendors write the proof of a model's reasoning. A token holds the
// maker's own proof and says who made it, sealed, so that on its return it goes to the maker and to nobody else.

import { createHmac } from "node:crypto";
import type { DialectName } from "@auxot/wire/chat";
import { reasoningTokenPrefix, type ReasoningProof } from "@auxot/dialects/reasoning-proof";
import { decrypt, derive, encrypt } from "./sealing.ts";
import type { Secret } from "./secret-text.ts";

/** Who makes and takes back reasoning: a provider as it speaks now. Workers have no dialect. */
export type ReasoningOrigin = { readonly providerId: string; readonly dialect: DialectName | undefined };

/** Undefined: not one of ours. "foreign": made elsewhere, damaged, or sealed with another secret key. */
export type OpenedToken = ReasoningProof | "foreign" | undefined;

export type ReasoningTokens = {
  /** Starts with `axr1_`; about 4/3 as long as the proof and 40 characters more. */
  seal(proof: ReasoningProof, origin: ReasoningOrigin): string;
  open(text: string, origin: ReasoningOrigin): OpenedToken;
};

export function createReasoningTokens(secretKey: Secret): ReasoningTokens {
  const key = derive(secretKey, "auxot reasoning v1");
  const ivKey = derive(secretKey, "auxot reasoning iv v1");
  return {
    seal(proof, origin) {
      const kind = proof.redacted === undefined ? (proof.signature === undefined ? "-" : "s") : "r";
      const plain = Buffer.from(`${kind}${proof.redacted ?? proof.signature ?? ""}`, "utf8");
      const context = nameOrigin(origin);
      // Made of what is sealed: the same reasoning has the same token, streamed or whole, today and tomorrow.
      const iv = createHmac("sha256", ivKey).update(`${context}\n`).update(plain).digest().subarray(0, 12);
      return `${reasoningTokenPrefix}${encrypt(key, plain, context, iv)}`;
    },
    open(text, origin) {
      if (!text.startsWith(reasoningTokenPrefix)) return undefined;
      try {
        const plain = decrypt(key, text.slice(reasoningTokenPrefix.length), nameOrigin(origin)).toString("utf8");
        return readProof(plain);
      } catch {
        return "foreign";
      }
    },
  };
}

function readProof(plain: string): ReasoningProof {
  const proof = plain.slice(1);
  if (plain[0] === "r") return { redacted: proof };
  return plain[0] === "s" ? { signature: proof } : {};
}

function nameOrigin({ providerId, dialect }: ReasoningOrigin): string {
  return `${providerId} ${dialect ?? ""}`;
}
