// Owns the way from a presented text to an identity: form, look-up value, cache, one question to the database.

import { AppError } from "@auxot/wire/errors";
import { createOrgCaller, createPrincipalCaller, type Caller } from "../../platform/caller.ts";
import type { Clock } from "../../platform/clock.ts";
import { readKeyForm } from "../../platform/key-text.ts";
import type { Log } from "../../platform/log.ts";
import type { Pepper } from "../../platform/sealing.ts";
import { createIdentityCache } from "./identity-cache.ts";
import type { Identity, KnownKey } from "./identity.ts";
import { createUseCheck } from "./key-use.ts";
import type { FoundKey, KeyStore } from "./store.ts";

export type Identifier = {
  /** `from`: the address it came from, null where nobody knows it. Throws `unauthenticated` with the reason for a key that does not work now or from there. */
  identify(text: string, from?: string | null): Promise<Identity | undefined>;
  /** Forgets everything, answers on their way included. */
  forget(): void;
};

const longestKey = 512;

export function createIdentifier(deps: {
  readonly store: Pick<KeyStore, "find">;
  readonly pepper: Pepper;
  readonly clock: Clock;
  readonly log: Log;
}): Identifier {
  const { store, pepper, clock, log } = deps;
  const cache = createIdentityCache<KnownKey>(clock);
  const underWay = new Map<string, Promise<KnownKey | undefined>>();
  // An answer asked for before a revocation must not count after it.
  let generation = 0;

  async function ask(lookup: string, hmac: Uint8Array): Promise<KnownKey | undefined> {
    const askedIn = generation;
    const found = await store.find(hmac);
    const known = found === undefined ? undefined : toKnown(found);
    if (askedIn !== generation) return ask(lookup, hmac);
    cache.set(lookup, known);
    return known;
  }

  async function find(text: string): Promise<KnownKey | undefined> {
    if (text.length > longestKey || readKeyForm(text) === "malformed") return undefined;
    const hmac = pepper.hmac(text);
    const lookup = hmac.toString("base64");
    const cached = cache.get(lookup);
    if (cached?.fresh) return cached.value;
    let answer = underWay.get(lookup);
    if (answer === undefined) {
      answer = ask(lookup, hmac).finally(() => {
        if (underWay.get(lookup) === answer) underWay.delete(lookup);
      });
      underWay.set(lookup, answer);
    }
    try {
      return await answer;
    } catch (cause) {
      // A short absence of the database must not lock out those who were let in a moment ago.
      if (cached?.value !== undefined && cached.usable) {
        cache.postpone(lookup);
        const { keyId } = cached.value.identity;
        log.warn({ err: cause, keyId }, "The database does not answer; a known key is let through");
        return cached.value;
      }
      throw new AppError("no_capacity", "Auxot cannot check keys now: its database does not answer. Try again.", {
        cause,
        retryAfterMs: 1000,
      });
    }
  }

  return {
    async identify(text, from = null) {
      const known = await find(text);
      known?.checkUse?.(clock.now(), from);
      return known?.identity;
    },
    forget() {
      generation++;
      cache.clear();
      underWay.clear();
    },
  };
}

function toKnown(found: FoundKey): KnownKey | undefined {
  const identity = toIdentity(found);
  if (identity === undefined) return undefined;
  const { name, expiresAt, textUntil, ipRanges, rights } = found;
  const isOwnerActive = rights === null || rights.active;
  const checkUse = createUseCheck({ name, expiresAt, textUntil, ipRanges, isOwnerActive });
  return checkUse === undefined ? { identity } : { identity, checkUse };
}

function toIdentity(found: FoundKey): Identity | undefined {
  if (found.kind === "caller") return toCaller(found);
  const { id: keyId, name, provider } = found;
  // A worker key is worth as much as its provider: nothing once that was removed or became a cloud one.
  if (provider === null || provider.kind === "cloud") return undefined;
  return { kind: "worker", keyId, name, provider: { id: provider.id, name: provider.name, kind: provider.kind } };
}

/** The caller that a caller key's requests come from. */
export function toCaller(
  found: Pick<FoundKey, "id" | "name" | "admin" | "holderId" | "rights" | "scopes" | "models">,
): Caller {
  const { id: keyId, name, admin, holderId, rights, scopes, models } = found;
  if (holderId === null || rights === null) return { ...createOrgCaller(keyId, name, admin), scopes, models };
  return createPrincipalCaller({ keyId, name, id: holderId, scopes, models }, rights);
}
