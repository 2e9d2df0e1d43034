// Owns the question who a browser's cookie belongs to, remembered for a few seconds, and the ending of sessions.

import { AppError } from "@auxot/wire/errors";
import { createBoundedMap } from "../../../platform/bounded-map.ts";
import type { GivenRights } from "../../../platform/caller.ts";
import type { Clock } from "../../../platform/clock.ts";
import { hashText } from "../../../platform/hash-text.ts";
import type { AuthPort } from "../auth-port.ts";
import { toTarget, type From, type Trail } from "../trail.ts";
import type { UserStore } from "../users/store.ts";
import type { SessionStore } from "./store.ts";

/** Who is signed in, as the rest of the router needs to know. */
export type Person = {
  readonly sessionId: string;
  readonly userId: string;
  readonly email: string;
  readonly name: string;
  readonly rights: GivenRights;
};

export type Sessions = {
  /** Undefined without a session that lasts. A session that ended elsewhere is known here for 5 s at most. */
  identify(cookieHeader: string | undefined): Promise<Person | undefined>;
  list(person: Person): Promise<readonly SessionView[]>;
  /** Throws `not_found` when it is not one of theirs. */
  revoke(person: Person, sessionId: string, from: From): Promise<void>;
  /** Every session, this one too. */
  endAll(person: Person, from: From): Promise<number>;
  /** What is remembered of people is not true any more, here and on other routers. */
  forget(): Promise<void>;
  /** As `forget`, here alone. */
  forgetHere(): void;
  close(): Promise<void>;
};

export type SessionView = {
  readonly id: string;
  readonly createdAt: string;
  readonly lastSeenAt: string;
  readonly expiresAt: string;
  readonly address: string | null;
  readonly browser: string | null;
  /** The one that asks. */
  readonly current: boolean;
};

const rememberMs = 5000;
const cookiePattern = /(?:^|;\s*)((?:__Secure-)?auxot\.session_token=[^;]+)/;

export async function createSessions(deps: {
  readonly engine: Pick<AuthPort, "readSession">;
  readonly store: SessionStore;
  readonly users: UserStore;
  readonly trail: Trail;
  readonly clock: Clock;
}): Promise<Sessions> {
  const { engine, store, users, trail, clock } = deps;
  const known = createBoundedMap<{ readonly person: Person | undefined }>({ maxEntries: 20_000, keepMs: rememberMs });
  // An answer asked for before the news must not count after it.
  let generation = 0;
  const forgetHere = (): void => {
    generation++;
    known.deleteWhere(() => true);
  };
  const unlisten = await store.listen(forgetHere);

  async function ask(cookie: string): Promise<Person | undefined> {
    const found = await engine.readSession(cookie);
    if (found === undefined) return undefined;
    const user = await users.find(found.userId);
    if (user === undefined || user.deactivatedAt !== null) return undefined;
    const { email, name } = user;
    return { sessionId: found.sessionId, userId: user.id, email, name, rights: await users.findRights(user.id) };
  }

  async function end({ userId: id, name }: Person, from: From, which: { readonly only?: string }): Promise<number> {
    return users.transaction(async (tx) => {
      const ended = await store.end(tx, id, which);
      const after = { ...(which.only === undefined ? {} : { session: which.only }), ended };
      const target = toTarget({ id, name });
      if (ended > 0) await trail.append(tx, [{ action: "users.end-sessions", by: target, from, target, after }]);
      return ended;
    });
  }

  return {
    async identify(cookieHeader) {
      const cookie = cookiePattern.exec(cookieHeader ?? "")?.[1];
      if (cookie === undefined) return undefined;
      const name = hashText(cookie);
      const remembered = known.get(name, clock.now());
      if (remembered !== undefined) return remembered.person;
      const askedIn = generation;
      try {
        const person = await ask(cookie);
        if (askedIn === generation) known.set(name, { person }, clock.now());
        return person;
      } catch (cause) {
        if (cause instanceof AppError) throw cause;
        throw new AppError("no_capacity", "Auxot cannot check sessions now: its database does not answer. Try again.", {
          cause,
          retryAfterMs: 1000,
        });
      }
    },
    async list(person) {
      const records = await store.listOf(person.userId, new Date(clock.now()));
      return records.map((record) => ({
        id: record.id,
        createdAt: record.createdAt.toISOString(),
        lastSeenAt: record.updatedAt.toISOString(),
        expiresAt: record.expiresAt.toISOString(),
        address: record.ipAddress === "" ? null : record.ipAddress,
        browser: record.userAgent === "" ? null : record.userAgent,
        current: record.id === person.sessionId,
      }));
    },
    async revoke(person, sessionId, from) {
      const ended = await end(person, from, { only: sessionId });
      if (ended === 0) throw new AppError("not_found", `You have no session "${sessionId}".`, { param: "id" });
      forgetHere();
    },
    async endAll(person, from) {
      const ended = await end(person, from, {});
      forgetHere();
      return ended;
    },
    forgetHere,
    async forget() {
      forgetHere();
      await store.announce();
    },
    close: unlisten,
  };
}
