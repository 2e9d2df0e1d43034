// Owns the way from a presented text to an identity: form, look-up value, cache, one question to the database.

import { AppError } from "@auxot/wire/errors";
import { createOrgCaller } from "../../platform/caller.ts";
import type { Clock } from "../../platform/clock.ts";
import { readKeyForm } from "../../platform/key-text.ts";
import type { Log } from "../../platform/log.ts";
import type { Pepper } from "../../platform/sealing.ts";
import { createIdentityCache } from "./identity-cache.ts";
import type { Identity } from "./identity.ts";
import type { FoundKey, KeyStore } from "./store.ts";

export type Identifier = {
  identify(text: string): Promise<Identity | undefined>;
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
  const cache = createIdentityCache<Identity>(clock);
  const underWay = new Map<string, Promise<Identity | undefined>>();
  // An answer asked for before a revocation must not count after it.
  let generation = 0;

  async function ask(lookup: string, hmac: Uint8Array): Promise<Identity | undefined> {
    const askedIn = generation;
    const found = await store.find(hmac);
    const identity = found === undefined ? undefined : toIdentity(found);
    if (askedIn !== generation) return ask(lookup, hmac);
    cache.set(lookup, identity);
    return identity;
  }

  return {
    async identify(text) {
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
          log.warn(
            { err: cause, keyId: cached.value.keyId },
            "The database does not answer; a known key is let through",
          );
          return cached.value;
        }
        throw new AppError("no_capacity", "Auxot cannot check keys now: its database does not answer. Try again.", {
          cause,
          retryAfterMs: 1000,
        });
      }
    },
    forget() {
      generation++;
      cache.clear();
      underWay.clear();
    },
  };
}

function toIdentity(found: FoundKey): Identity | undefined {
  const { id: keyId, name } = found;
  if (found.kind === "caller") return createOrgCaller(keyId, name, found.admin);
  const { provider } = found;
  // A worker key is worth as much as its provider: nothing once that was removed or became a cloud one.
  if (provider === null || provider.kind === "cloud") return undefined;
  return { kind: "worker", keyId, name, provider: { id: provider.id, name: provider.name, kind: provider.kind } };
}
