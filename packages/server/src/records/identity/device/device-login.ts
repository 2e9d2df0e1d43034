// Owns the letting-in of command lines: they show a code, somebody signed in approves it, they get a key of that person.
// OAuth 2.0 Device Authorization Grant (RFC 8628), with a key in place of a token.

import { randomInt } from "node:crypto";
import { AppError } from "@auxot/wire/errors";
import { createId, idPrefixes } from "@auxot/wire/ids";
import { z } from "zod";
import type { AppendAudit, Origin } from "../../../operations/audit-entry.ts";
import type { Clock } from "../../../platform/clock.ts";
import { hashText } from "../../../platform/hash-text.ts";
import { createOneTimeToken } from "../links/one-time-token.ts";
import { readInput } from "../read-input.ts";
import type { Person } from "../sessions/sessions.ts";
import type { From, Trail } from "../trail.ts";
import { createUserCaller } from "../users/caller.ts";
import type { PeopleWork } from "../users/deactivation.ts";
import type { UserStore } from "../users/store.ts";
import type { DeviceStore } from "./store.ts";

/** Makes a key that acts for the person and may not do more than they may. */
export type MintKey = (
  work: PeopleWork,
  key: { readonly userId: string; readonly name: string; readonly expiresAt: Date },
) => Promise<{ readonly text: string; readonly id: string }>;

/** RFC 8628 §3.5: what a poll gets while there is no key. */
export type PollRefusal = {
  readonly error: "authorization_pending" | "slow_down" | "access_denied" | "expired_token";
  readonly error_description: string;
};

export type DeviceLogin = {
  begin(input: unknown): Promise<Readonly<Record<string, unknown>>>;
  /** Throws `invalid_request` for a code that there is not. `from`: for the audit trail. */
  poll(
    input: unknown,
    from: Origin,
  ): Promise<{ readonly key: string; readonly keyId: string; readonly expiresAt: string } | PollRefusal>;
  /** What somebody must know before they approve. Throws `not_found`. */
  read(input: unknown): Promise<{ readonly client: string; readonly createdAt: string; readonly expiresAt: string }>;
  /** Throws `not_found` when there is nothing to decide any more. */
  decide(person: Person, input: unknown, from: From): Promise<"approved" | "denied">;
};

const lastsMs = 10 * 60 * 1000;
const keyLastsMs = 90 * 24 * 60 * 60 * 1000;
/** Letters that are not taken for others and make no words: RFC 8628 §6.1. */
const letters = "BCDFGHJKLMNPQRSTVWXZ";

const beginSchema = z.strictObject({ client: z.string().trim().min(1).max(100).default("a command line") });
const pollSchema = z.strictObject({ device_code: z.string().max(200) });
const userCodeSchema = z.string().transform((text) => text.toUpperCase().replace(/[^A-Z]/g, ""));
const readSchema = z.strictObject({ userCode: userCodeSchema });
const decideSchema = z.strictObject({ userCode: userCodeSchema, approve: z.boolean() });

export function createDeviceLogin(deps: {
  readonly store: DeviceStore;
  readonly users: UserStore;
  readonly mintKey: MintKey;
  readonly appendAudit: AppendAudit;
  readonly trail: Trail;
  /** A command line asks this often. */
  readonly pollEveryMs: number;
  origins(): readonly string[];
  readonly clock: Clock;
}): DeviceLogin {
  const { store, users, mintKey, pollEveryMs, clock } = deps;

  async function redeem(hash: string, origin: Origin) {
    const effects: (() => Promise<void> | void)[] = [];
    const made = await store.transaction(async (tx) => {
      const now = new Date(clock.now());
      const grant = await store.redeem(tx, hash, now);
      const user = grant?.userId == null ? undefined : await users.find(grant.userId, tx);
      if (grant === undefined || user === undefined || user.deactivatedAt !== null) return undefined;
      const expiresAt = new Date(now.getTime() + keyLastsMs);
      const work: PeopleWork = { tx, now, afterCommit: (effect) => void effects.push(effect) };
      const name = `auxot login: ${grant.client}`.slice(0, 100);
      const { text, id } = await mintKey(work, { userId: user.id, name, expiresAt });
      const caller = createUserCaller({
        userId: user.id,
        name: user.name,
        rights: await users.findRights(user.id, tx),
      });
      const after = { name, expiresAt: expiresAt.toISOString(), client: grant.client };
      const act = { at: now, caller, origin, action: "keys.create", outcome: "success", reason: null } as const;
      await deps.appendAudit(tx, [{ ...act, target: { kind: "key", id, name }, before: null, after }]);
      return { key: text, keyId: id, expiresAt: expiresAt.toISOString() };
    });
    for (const effect of effects) await effect();
    return made;
  }

  return {
    async begin(input) {
      const { client } = readInput(beginSchema, input);
      const { token, hash } = createOneTimeToken();
      const createdAt = new Date(clock.now());
      const expiresAt = new Date(clock.now() + lastsMs);
      let userCode = makeUserCode();
      const grant = { deviceCodeHash: hash, client, createdAt, expiresAt };
      while (!(await store.insert({ id: createId(idPrefixes.deviceGrant), userCode, ...grant })))
        userCode = makeUserCode();
      const shown = `${userCode.slice(0, 4)}-${userCode.slice(4)}`;
      const page = `${deps.origins()[0]}/device`;
      return {
        device_code: token,
        user_code: shown,
        verification_uri: page,
        verification_uri_complete: `${page}?code=${shown}`,
        expires_in: lastsMs / 1000,
        interval: pollEveryMs / 1000,
      };
    },
    async poll(input, from) {
      const hash = hashText(readInput(pollSchema, input).device_code);
      const grant = await store.find(hash);
      if (grant === undefined || grant.status === "redeemed") {
        throw new AppError("invalid_request", "device_code: there is no such sign-in, or it gave its key already.", {
          param: "device_code",
        });
      }
      const now = clock.now();
      if (grant.status === "denied") return refuse("access_denied", "The sign-in was denied.");
      if (grant.expiresAt.getTime() <= now)
        return refuse("expired_token", "Nobody approved the sign-in in time. Start again.");
      // A clock's tick less: programs that wait exactly as long as told are in time.
      if (!(await store.notePoll(grant.id, new Date(now), new Date(now - pollEveryMs + 500)))) {
        return refuse("slow_down", `Ask every ${pollEveryMs / 1000} s at most.`);
      }
      if (grant.status === "pending") return refuse("authorization_pending", "Nobody approved the sign-in yet.");
      return (await redeem(hash, from)) ?? refuse("access_denied", "The account cannot be used.");
    },
    async read(input) {
      const { userCode } = readInput(readSchema, input);
      const grant = await store.findPending(userCode, new Date(clock.now()));
      if (grant === undefined) throw explainGone();
      return {
        client: grant.client,
        createdAt: grant.createdAt.toISOString(),
        expiresAt: grant.expiresAt.toISOString(),
      };
    },
    async decide({ userId, name }, input, from) {
      const { userCode, approve } = readInput(decideSchema, input);
      const status = approve ? "approved" : "denied";
      await store.transaction(async (tx) => {
        const grant = await store.decide(tx, userCode, status, userId, new Date(clock.now()));
        if (grant === undefined) throw explainGone();
        const action = approve ? "device-logins.approve" : "device-logins.deny";
        const target = { kind: "device-login", id: grant.id, name: grant.client };
        await deps.trail.append(tx, [{ action, by: { id: userId, name }, from, target }]);
      });
      return status;
    },
  };
}

function makeUserCode(): string {
  return Array.from({ length: 8 }, () => letters[randomInt(letters.length)]).join("");
}

function refuse(error: PollRefusal["error"], error_description: string): PollRefusal {
  return { error, error_description };
}

function explainGone(): AppError {
  return new AppError("not_found", "There is no sign-in with this code to approve. Compare it, or start again.", {
    param: "userCode",
  });
}
