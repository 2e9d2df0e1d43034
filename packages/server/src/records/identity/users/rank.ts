// Decides who may act on whose account: nobody takes over, or lays hands on, somebody with more rights. Pure.

import { orgRoles } from "@auxot/wire/access";
import { AppError } from "@auxot/wire/errors";
import { findExcess } from "../../../platform/access/excess.ts";
import type { Caller } from "../../../platform/caller.ts";
import type { Rights } from "../../../store/rights.ts";
import type { User } from "./store.ts";

/** `take-away`: ends access. `change`: everything else. `take-over`: gives the caller a way to act as the person. */
export type ActOnPerson = "take-away" | "change" | "take-over";

/**
 * `rights`: of the person. Administrators end the access of everybody but owners, so that nobody who must go stays because of a
 * team or role. Everything else needs all that the person has; whoever could act as the person needs it within their key, too.
 * Throws `forbidden`.
 */
export function requireRank(caller: Caller, act: ActOnPerson, user: User, rights: Rights): void {
  const isSelf = caller.principal.type === "user" && caller.principal.id === user.id;
  if (isSelf && act !== "take-over") return;
  if (!isSelf && !isAtLeast(caller, user)) {
    throw new AppError("forbidden", `"${caller.name}" may not change ${user.name}, whose role is ${user.orgRole}.`);
  }
  if (act === "take-away" && caller.orgRole !== null && caller.orgRole !== "member") return;
  const excess =
    act === "take-over"
      ? findExcess(caller, rights)
      : findExcess({ ...caller, scopes: null }, { ...rights, scopes: administering });
  if (excess === undefined) return;
  throw new AppError(
    "forbidden",
    `"${caller.name}" may not ${act === "take-over" ? "make a way to act as" : "change"} ${user.name}, who may ${excess}: "${caller.name}" may not.`,
  );
}

const administering = ["admin:read", "admin:write"];

function isAtLeast({ orgRole }: Caller, user: User): boolean {
  if (user.orgRole === "member") return true;
  return orgRole !== null && orgRoles.indexOf(orgRole) <= orgRoles.indexOf(user.orgRole);
}
