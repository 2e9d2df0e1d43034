// Owns the one question "what was this person, service account or team given?", as SQL that other queries take in, and the
// news between routers that the answer changed. The only place that joins roles, teams and whether somebody is active.

import type { SQL } from "drizzle-orm";
import { isAction, type Action, type OrgRole, type TeamRole } from "@auxot/wire/access";
import type { Executor } from "./database.ts";
import { sql } from "./drizzle.ts";

/** What a principal was given. Of a team: what its keys may. */
export type Rights = {
  /** False: gone or disabled; its keys do not work. */
  readonly active: boolean;
  readonly orgRole: OrgRole | null;
  readonly teams: readonly { readonly id: string; readonly name: string; readonly role: TeamRole }[];
  readonly roles: readonly {
    readonly name: string;
    readonly actions: readonly Action[];
    readonly teamId: string | null;
  }[];
};

/** As the database gives it: actions that this version no longer knows included. */
type RawRights = Omit<Rights, "roles"> & {
  readonly roles: readonly {
    readonly name: string;
    readonly actions: readonly string[];
    readonly teamId: string | null;
  }[];
};

/** An expression that gives the rights of the principal with this id as jsonb, for `readRights`. */
export function selectRights(id: SQL): SQL {
  return sql`jsonb_build_object(
    'active', case
      when ${id} like 'svc\\_%' then exists (select 1 from service_account s where s.id = ${id} and s.disabled_at is null)
      when ${id} like 'tem\\_%' then exists (select 1 from team t where t.id = ${id})
      else exists (select 1 from user_account u where u.id = ${id} and u.deactivated_at is null) end,
    'orgRole', coalesce(
      (select o.role from org_member o where o.member_id = ${id}),
      case when ${id} like 'usr\\_%' then 'member' end),
    'teams', coalesce((
      select jsonb_agg(jsonb_build_object('id', t.id, 'name', t.name, 'role', m.role) order by t.name, t.id)
      from (
        select team_id, role from team_member where member_id = ${id}
        union all select ${id}, 'member' where ${id} like 'tem\\_%'
      ) m join team t on t.id = m.team_id), '[]'),
    'roles', coalesce((
      select jsonb_agg(jsonb_build_object('name', r.name, 'actions', to_jsonb(r.actions), 'teamId', r.team_id) order by r.name, r.id)
      from custom_role r where exists (
        select 1 from custom_role_holder h where h.role_id = r.id and (
          h.holder_id = ${id} or h.holder_id in (select team_id from team_member where member_id = ${id})))), '[]'))`;
}

/** What `selectRights` gave. */
export function readRights(raw: unknown): Rights {
  const { roles, ...rest } = raw as RawRights;
  return { ...rest, roles: roles.map((role) => ({ ...role, actions: role.actions.filter(isAction) })) };
}

/** Of a person, a service account or a team. */
export async function findRights(executor: Executor, id: string): Promise<Rights> {
  const [row] = await executor.execute<{ rights: unknown }>(sql`select ${selectRights(sql`${id}::text`)} as rights`);
  return readRights(row?.rights);
}

/** On this channel routers tell each other whose keys to ask for again. */
export const rightsChannel = "auxot_key_revoked";

/** With the commit every other router forgets what it knew of callers. `from`: who does not need to hear it. */
export async function announceRights(
  executor: Pick<Executor, "execute">,
  notice: { readonly from: string; readonly ids: readonly string[] },
): Promise<void> {
  await executor.execute(sql`select pg_notify(${rightsChannel}, ${JSON.stringify(notice)})`);
}
