// Does what wire/operations/users.ts declares. Nobody acts on those who have more rights than themselves.

import { AppError } from "@auxot/wire/errors";
import {
  activateUser,
  deactivateUser,
  endUserSessions,
  getUser,
  listUsers,
  removeUserFactors,
  resetUserPassword,
  updateUser,
  type UserView,
} from "@auxot/wire/operations/users";
import { eraseHandler, requireVersion, type AnyOperationHandler, type Work } from "../../../operations/handler.ts";
import { requireAccess } from "../../../platform/access/may.ts";
import type { Caller } from "../../../platform/caller.ts";
import type { Executor } from "../../../store/database.ts";
import { toMaker } from "../links/maker.ts";
import type { PasswordResets } from "../links/password-resets.ts";
import type { Sessions } from "../sessions/sessions.ts";
import type { SessionStore } from "../sessions/store.ts";
import type { Deactivation } from "./deactivation.ts";
import { requireRank, type ActOnPerson } from "./rank.ts";
import type { User, UserStore } from "./store.ts";

export type UserOperationsDeps = {
  readonly users: UserStore;
  readonly sessions: Pick<Sessions, "forget">;
  readonly sessionStore: SessionStore;
  readonly deactivation: Deactivation;
  readonly passwordResets: Pick<PasswordResets, "create">;
};

export function createUserOperations(deps: UserOperationsDeps): readonly AnyOperationHandler[] {
  const { users, sessions, sessionStore, deactivation, passwordResets } = deps;

  async function findFor(tx: Executor, caller: Caller, act: ActOnPerson | "read", id: string): Promise<User> {
    const user = await users.find(id, tx);
    const ownerId = user === undefined ? null : id;
    requireAccess(caller, act === "read" ? "users.read" : "users.edit", { kind: "user", id, ownerId, teamId: null });
    if (user === undefined)
      throw new AppError("not_found", `There is no account with the id "${id}".`, { param: "id" });
    if (act !== "read") requireRank(caller, act, user, await users.findRights(id, tx));
    return user;
  }

  return [
    eraseHandler({
      operation: listUsers,
      async handle(caller, input, { tx }) {
        const { rows, nextCursor } = await users.list(tx, caller, input);
        return { items: rows.map(toView), nextCursor };
      },
    }),
    eraseHandler({
      operation: getUser,
      handle: async (caller, { id }, { tx }) => toView(await findFor(tx, caller, "read", id)),
    }),
    eraseHandler({
      operation: updateUser,
      async handle(caller, { id, version, name }, work) {
        const before = await findFor(work.tx, caller, "change", id);
        requireVersion("account", before.version, version);
        const after = await users.update(work.tx, id, { name }, work.now, before.version);
        if (after === undefined)
          throw new AppError("conflict", "Somebody else changed this account meanwhile. Read it again.");
        work.afterCommit(() => sessions.forget());
        return tell(work, before, after);
      },
    }),
    eraseHandler({
      operation: deactivateUser,
      async handle(caller, { id }, work) {
        const before = await findFor(work.tx, caller, "take-away", id);
        return tell(work, before, await deactivation.deactivate(work, before));
      },
    }),
    eraseHandler({
      operation: activateUser,
      async handle(caller, { id }, work) {
        const before = await findFor(work.tx, caller, "change", id);
        return tell(work, before, await deactivation.activate(work, before));
      },
    }),
    eraseHandler({
      operation: endUserSessions,
      async handle(caller, { id }, work) {
        const user = await findFor(work.tx, caller, "take-away", id);
        const ended = await sessionStore.end(work.tx, id);
        work.afterCommit(() => sessions.forget());
        const view = toView(user);
        work.changed({ kind: "user", id, name: user.name, before: view, after: { ...view, sessionsEnded: ended } });
        return { ended };
      },
    }),
    eraseHandler({
      operation: removeUserFactors,
      async handle(caller, { id }, work) {
        const before = await findFor(work.tx, caller, "take-over", id);
        const removed = await users.removeFactors(work.tx, id, work.now);
        await sessionStore.end(work.tx, id);
        work.afterCommit(() => sessions.forget());
        const after = toView((await users.find(id, work.tx)) ?? before);
        const { name } = before;
        work.changed({ kind: "user", id, name, before: toView(before), after: { ...after, factorsRemoved: removed } });
        return after;
      },
    }),
    eraseHandler({
      operation: resetUserPassword,
      async handle(caller, { id }, work) {
        const user = await findFor(work.tx, caller, "take-over", id);
        if (user.deactivatedAt !== null)
          throw new AppError("conflict", `${user.name} is deactivated. Activate the account first.`);
        const { url, expiresAt } = await passwordResets.create(work.tx, user, toMaker(caller));
        const view = toView(user);
        work.changed({ kind: "user", id, name: user.name, before: view, after: { ...view, passwordLinkMade: true } });
        return { url, expiresAt: expiresAt.toISOString() };
      },
    }),
  ];
}

function tell(work: Work, before: User, after: User): UserView {
  const view = toView(after);
  work.changed({ kind: "user", id: after.id, name: after.name, before: toView(before), after: view });
  return view;
}

export function toView(user: User): UserView {
  const { id, email, name, orgRole: role, origin, version } = user;
  return {
    id,
    email,
    name,
    role,
    origin,
    managed: user.managed,
    twoFactor: user.twoFactorEnabled,
    version,
    createdAt: user.createdAt.toISOString(),
    lastSignInAt: user.lastSignInAt?.toISOString() ?? null,
    deactivatedAt: user.deactivatedAt?.toISOString() ?? null,
  };
}
