// Decides whether a known key may be used now and from here. Pure: asked with every request, from what is remembered of the key.

import { AppError } from "@auxot/wire/errors";
import { createRangeCheck } from "../../platform/ip-ranges.ts";

/** What a look-up knows of when and where a key works. */
export type UseRules = {
  readonly name: string;
  /** Milliseconds since 1970; null: for ever. */
  readonly expiresAt: number | null;
  /** Until when the presented text works, where the key has a newer one. */
  readonly textUntil: number | null;
  readonly ipRanges: readonly string[] | null;
  /** False: the person or service account it belongs to is gone or disabled. */
  readonly isOwnerActive: boolean;
};

/** Throws `unauthenticated` with the reason. `from` is null where nobody knows the address. */
export type CheckUse = (now: number, from: string | null) => void;

/** Undefined: nothing limits the key. */
export function createUseCheck(rules: UseRules): CheckUse | undefined {
  const { name, expiresAt, textUntil, ipRanges, isOwnerActive } = rules;
  if (isOwnerActive && expiresAt === null && textUntil === null && ipRanges === null) return undefined;
  const isInRange = createRangeCheck(ipRanges ?? []);
  return (now, from) => {
    if (!isOwnerActive) throw refuse(`The API key "${name}" does not work: whom it belongs to is disabled or gone.`);
    if (expiresAt !== null && now >= expiresAt) {
      throw refuse(
        `The API key "${name}" expired on ${formatMoment(expiresAt)}. Make a new one, or let it be extended.`,
      );
    }
    if (textUntil !== null && now >= textUntil) {
      throw refuse(
        `This is an old text of the API key "${name}", which stopped working on ${formatMoment(textUntil)}. Use the new one.`,
      );
    }
    if (ipRanges !== null && (from === null || !isInRange(from))) {
      throw refuse(`The API key "${name}" may not be used from ${from ?? "an unknown address"}.`);
    }
  };
}

function refuse(message: string): AppError {
  return new AppError("unauthenticated", message);
}

function formatMoment(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
