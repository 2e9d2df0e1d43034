// Does what wire/operations/org-members.ts declares.

import { AppError } from "@auxot/wire/errors";
import { listOrgMembers, setOrgMember, type OrgMemberView } from "@auxot/wire/operations/org-members";
import type { OrgRole } from "@auxot/wire/access";
import { typeOf, type Directory, type Holder } from "../../../operations/directory.ts";
import { eraseHandler, type AnyOperationHandler } from "../../../operations/handler.ts";
import { findExcess } from "../../../platform/access/excess.ts";
import { requireAccess } from "../../../platform/access/may.ts";
import type { Caller } from "../../../platform/caller.ts";
import type { Executor } from "../../../store/database.ts";
import { tellRights, type ForgetCallers } from "../rights-news.ts";
import { findOrgMember, hasOtherOrgOwner, listOrgMemberRows, lockOrgMembers, putOrgMember } from "./store.ts";

export type OrgMemberDeps = { readonly directory: Directory; readonly forgetCallers: ForgetCallers };

/** The handlers of `org-members.*`. */
export function createOrgMemberOperations({ directory, forgetCallers }: OrgMemberDeps): readonly AnyOperationHandler[] {
  return [
    eraseHandler({
      operation: listOrgMembers,
      async handle(caller, input, { tx }) {
        requireAccess(caller, "org-members.read");
        const { rows, nextCursor } = await listOrgMemberRows(tx, input);
        const names = await directory.nameAll(
          tx,
          rows.map(({ memberId }) => memberId),
        );
        return {
          items: rows.map(({ memberId, role }) => toView(memberId, names.get(memberId) ?? memberId, role)),
          nextCursor,
        };
      },
    }),
    eraseHandler({
      operation: setOrgMember,
      async handle(caller, { member, role: asked }, work) {
        requireAccess(caller, "org-members.edit");
        await lockOrgMembers(work.tx);
        const holder = await directory.require(work.tx, member, "member");
        const role = asked === "none" ? null : asked;
        requireFitting(holder, role);
        const before = (await findOrgMember(work.tx, member))?.role ?? (holder.type === "user" ? "member" : null);
        requireWithin(caller, role);
        requireWithin({ ...caller, scopes: null }, before);
        if (before === "owner" && role !== "owner") await requireAnotherOwner(work.tx, holder);
        await putOrgMember(work.tx, member, role, work.now);
        await tellRights(work, forgetCallers);
        const view = toView(member, holder.name, role);
        work.changed({
          kind: "org-member",
          id: member,
          name: holder.name,
          before: toView(member, holder.name, before),
          after: view,
        });
        return view;
      },
    }),
  ];
}

function requireFitting({ type, teamId, name }: Holder, role: OrgRole | null): void {
  if (type === "user" && role === null) {
    throw new AppError(
      "invalid_request",
      "role: people are members of the organisation at least; disable the account instead.",
      {
        param: "role",
      },
    );
  }
  if (type === "service" && teamId !== null && role !== null) {
    throw new AppError(
      "invalid_request",
      `member: ${name} belongs to a team, whose admins make its keys; it can have no role in the organisation.`,
      { param: "member" },
    );
  }
}

function requireWithin(caller: Caller, role: OrgRole | null): void {
  if (role === null) return;
  // Being a member of the organisation is nothing one hands out: everybody is.
  const excess =
    role === "member" ? undefined : findExcess(caller, { orgRole: role, teams: [], roles: [], scopes: orgScopes });
  if (excess === undefined) return;
  throw new AppError(
    "forbidden",
    `"${caller.name}" may not give or take the role ${role} in the organisation: it would let its holder ${excess}, which "${caller.name}" may not.`,
  );
}

const orgScopes = ["admin:read", "admin:write"];

async function requireAnotherOwner(tx: Executor, { id, name }: Holder): Promise<void> {
  if (await hasOtherOrgOwner(tx, id)) return;
  throw new AppError("conflict", `${name} is the last owner of the organisation. Make somebody else its owner first.`);
}

function toView(memberId: string, name: string, role: OrgRole | null): OrgMemberView {
  return { memberId, type: typeOf(memberId) === "service" ? "service" : "user", name, role: role ?? "none" };
}
