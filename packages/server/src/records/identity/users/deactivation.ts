// Owns the end of a person's access, whoever asks for it: sessions, keys, and the links they made for others end with the same
// transaction.

import { AppError } from "@auxot/wire/errors";
import type { Work } from "../../../operations/handler.ts";
import type { AnnounceRights, OrganisationStore } from "../organisation/store.ts";
import type { Sessions } from "../sessions/sessions.ts";
import type { SessionStore } from "../sessions/store.ts";
import type { TakeSeat } from "./seats.ts";
import type { User, UserStore } from "./store.ts";

/** What a change of people needs of an operation's run. */
export type PeopleWork = Pick<Work, "tx" | "now" | "afterCommit">;

/** Ends what the keys of these people can do, with the transaction. */
export type RevokeKeysOf = (userIds: readonly string[], work: PeopleWork) => Promise<void>;

export type Deactivation = {
  /** Throws `conflict` for the last owner. Twice is fine. */
  deactivate(work: PeopleWork, before: User): Promise<User>;
  /** Throws `forbidden` when there may be no more people. */
  activate(work: PeopleWork, before: User): Promise<User>;
};

export function createDeactivation(deps: {
  readonly users: UserStore;
  readonly organisation: OrganisationStore;
  readonly sessions: Pick<Sessions, "forget">;
  readonly sessionStore: Pick<SessionStore, "end">;
  readonly revokeKeysOf: RevokeKeysOf;
  readonly announceRights: AnnounceRights;
  readonly takeSeat: TakeSeat;
}): Deactivation {
  const { users, organisation, sessions, sessionStore, revokeKeysOf } = deps;

  async function set({ tx, now, afterCommit }: PeopleWork, id: string, deactivatedAt: Date | null): Promise<User> {
    const after = await users.update(tx, id, { deactivatedAt }, now);
    if (after === undefined) throw new Error(`The account ${id} is gone.`);
    await deps.announceRights(tx);
    afterCommit(() => sessions.forget());
    return after;
  }

  return {
    async deactivate(work, asked) {
      await organisation.lock(work.tx);
      // Whoever had the lock may have made them the last owner.
      const before = (await users.find(asked.id, work.tx)) ?? asked;
      if (before.orgRole === "owner" && (await organisation.countOwners(work.tx, before.id)) === 0) {
        throw new AppError("conflict", `${before.name} is the last owner. Make somebody else an owner first.`);
      }
      await sessionStore.end(work.tx, before.id);
      await revokeKeysOf([before.id], work);
      await users.revokeLinksOf(work.tx, before.id, work.now);
      return before.deactivatedAt === null ? set(work, before.id, work.now) : before;
    },
    async activate(work, before) {
      if (before.deactivatedAt === null) return before;
      await deps.takeSeat(work.tx);
      return set(work, before.id, null);
    },
  };
}
