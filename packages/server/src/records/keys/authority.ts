// Decides who may make and change which key: nobody makes one that acts for another person, that is wider than they are
// themselves, or wider than the key they make it with.

import { AppError } from "@auxot/wire/errors";
import { findExcess, findPatternExcess, findScopeExcess } from "../../platform/access/excess.ts";
import { requireAccess, type Resource } from "../../platform/access/may.ts";
import type { Caller } from "../../platform/caller.ts";
import { isRangeWithin } from "../../platform/ip-ranges.ts";
import type { Rights } from "../../store/rights.ts";
import type { KeyLimits, KeyOwner, KeyRecord } from "./store.ts";

/** A key as it is or would be. */
export type KeyShape = KeyOwner &
  KeyLimits & { readonly id: string; readonly kind: "caller" | "worker"; readonly admin: boolean };

/** What `may` asks of a key. */
export function toKeyResource({ id, ownerId, teamId }: KeyOwner & { readonly id: string }): Resource {
  return { kind: "key", id, ownerId, teamId };
}

/**
 * Whether the caller may have such a key's text in hand. `rights`: of the person, service account or team it acts for;
 * undefined: of the organisation. `own`: the key the caller asks with. Throws `forbidden`.
 */
export function requireMaker(
  caller: Caller,
  key: KeyShape,
  rights: Rights | undefined,
  own: KeyLimits | undefined,
): void {
  requireAccess(caller, "keys.edit", toKeyResource(key));
  if (key.kind === "worker") return requireUseWithinKey(key, own);
  if (key.ownerId?.startsWith("usr_") && key.ownerId !== caller.principal.id) {
    throw new AppError(
      "forbidden",
      "A personal key acts for the person it belongs to: only they make, change and rotate it. Others may revoke it.",
    );
  }
  if (key.ownerId === null || key.ownerId !== caller.principal.id) requireWithinCaller(caller, key, rights);
  requireWithinKey(caller, key, own);
}

function requireWithinCaller(caller: Caller, key: KeyShape, rights: Rights | undefined): void {
  const org = { orgRole: key.admin ? ("owner" as const) : null, teams: [], roles: [] };
  const excess = findExcess(caller, { ...(rights ?? org), scopes: key.scopes });
  if (excess === undefined) return;
  throw new AppError("forbidden", `This key could ${excess}, which "${caller.name}" may not. Hold it to fewer scopes.`);
}

/** A key must not be a way out of what the key it was made with is held to. */
function requireWithinKey(caller: Caller, key: KeyShape, own: KeyLimits | undefined): void {
  const scope = findScopeExcess(caller.scopes, key.scopes);
  if (scope !== undefined) throw explainWider("scopes", scope, caller.scopes);
  const model = findPatternExcess(caller.models, key.models);
  if (model !== undefined) throw explainWider("models", model, caller.models);
  if (own === undefined) return;
  const agent = findPatternExcess(own.agents, key.agents);
  if (agent !== undefined) throw explainWider("agents", agent, own.agents);
  requireUseWithinKey(key, own);
}

/** Where and until when, which counts for workers' keys too. */
function requireUseWithinKey(key: KeyShape, own: KeyLimits | undefined): void {
  if (own === undefined) return;
  const range = findRangeExcess(own.ipRanges, key.ipRanges);
  if (range !== undefined) throw explainWider("ipRanges", range, own.ipRanges);
  if (own.expiresAt !== null && (key.expiresAt === null || key.expiresAt > own.expiresAt)) {
    throw new AppError(
      "forbidden",
      `expiresAt: the key you ask with expires on ${own.expiresAt.toISOString()}, so this one must by then.`,
      { param: "expiresAt" },
    );
  }
}

function findRangeExcess(held: readonly string[] | null, asked: readonly string[] | null): string | undefined {
  if (held === null) return undefined;
  if (asked === null) return "everything";
  return asked.find((range) => !held.some((one) => isRangeWithin(range, one)));
}

function explainWider(param: keyof KeyLimits, excess: string, held: readonly string[] | null): AppError {
  return new AppError(
    "forbidden",
    `${param}: the key you ask with is held to ${held?.join(", ")}, so this one cannot have ${excess}.`,
    { param },
  );
}

/** What a new key is held to: what was asked for, else the same as the key it is made with, as far as its kind has it. */
export function inheritLimits(
  asked: Partial<KeyLimits>,
  own: KeyRecord | undefined,
  kind: KeyShape["kind"],
): KeyLimits {
  const ofCaller = kind === "caller" ? own : undefined;
  const { scopes = ofCaller?.scopes, models = ofCaller?.models, agents = ofCaller?.agents } = asked;
  const { ipRanges = own?.ipRanges, expiresAt = own?.expiresAt } = asked;
  return {
    scopes: scopes ?? null,
    models: models ?? null,
    agents: agents ?? null,
    ipRanges: ipRanges ?? null,
    expiresAt: expiresAt ?? null,
  };
}
