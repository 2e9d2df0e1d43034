// Owns reasoning tokens: what callers get where vendors write the proof of a model's reasoning. A token holds the
// maker's own proof and says who made it, sealed, so that on its return it goes to the maker and to nobody else.

import { createHmac } from "node:crypto";
import type { DialectName } from "@auxot/wire/chat";
import { reasoningTokenPrefix, type ReasoningProof } from "@auxot/dialects/reasoning-proof";
import { decrypt, derive, encrypt } from "./encryption.ts";
import type { WorkingKeys } from "./working-keys.ts";

/** Who makes and takes back reasoning: a provider as it speaks now. Workers have no dialect. */
export type ReasoningOrigin = { readonly providerId: string; readonly dialect: DialectName | undefined };

/** Undefined: not one of ours. "foreign": made elsewhere, damaged, or sealed with another secret key. */
export type OpenedToken = ReasoningProof | "foreign" | undefined;

export type ReasoningTokens = {
  /** Starts with `axr1_`; about 4/3 as long as the proof and 40 characters more. */
  seal(proof: ReasoningProof, origin: ReasoningOrigin): string;
  open(text: string, origin: ReasoningOrigin): OpenedToken;
};

/** Tokens are made with the current key, and opened with every key there was: conversations outlive a rotation. */
export function createReasoningTokens(keys: WorkingKeys): ReasoningTokens {
  return {
    seal(proof, origin) {
      const kind = proof.redacted === undefined ? (proof.signature === undefined ? "-" : "s") : "r";
      const plain = Buffer.from(`${kind}${proof.redacted ?? proof.signature ?? ""}`, "utf8");
      const context = nameOrigin(origin);
      // Made of what is sealed: the same reasoning has the same token, streamed or whole, today and tomorrow.
      const { key } = keys.current("reasoning");
      const iv = createHmac("sha256", deriveIvKey(key)).update(`${context}\n`).update(plain).digest().subarray(0, 12);
      return `${reasoningTokenPrefix}${encrypt(key, plain, context, iv)}`;
    },
    open(text, origin) {
      if (!text.startsWith(reasoningTokenPrefix)) return undefined;
      const sealed = text.slice(reasoningTokenPrefix.length);
      for (const { key } of keys.all("reasoning")) {
        try {
          return readProof(decrypt(key, sealed, nameOrigin(origin)).toString("utf8"));
        } catch {
          // Made with an earlier key, or not by us.
        }
      }
      return "foreign";
    },
  };
}

const ivKeys = new WeakMap<Buffer, Buffer>();

function deriveIvKey(key: Buffer): Buffer {
  const ivKey = ivKeys.get(key) ?? derive(key, "auxot reasoning iv v1");
  ivKeys.set(key, ivKey);
  return ivKey;
}

function readProof(plain: string): ReasoningProof {
  const proof = plain.slice(1);
  if (plain[0] === "r") return { redacted: proof };
  return plain[0] === "s" ? { signature: proof } : {};
}

function nameOrigin({ providerId, dialect }: ReasoningOrigin): string {
  return `${providerId} ${dialect ?? ""}`;
}
