// Reads what service accounts and teams are called, for all rooms that name them.

import type { Executor } from "./database.ts";
import { inArray } from "./drizzle.ts";
import { serviceAccount, team } from "./tables/people.ts";

export type NamedPrincipal = {
  readonly id: string;
  readonly type: "service" | "team";
  readonly name: string;
  /** The team a service account belongs to; of a team itself. */
  readonly teamId: string | null;
};

/** Those of the ids that are service accounts or teams. */
export async function findNamedPrincipals(
  executor: Executor,
  ids: readonly string[],
): Promise<ReadonlyMap<string, NamedPrincipal>> {
  const found = new Map<string, NamedPrincipal>();
  const services = ids.filter((id) => id.startsWith("svc_"));
  const teams = ids.filter((id) => id.startsWith("tem_"));
  if (services.length > 0) {
    const rows = await executor
      .select({ id: serviceAccount.id, name: serviceAccount.name, teamId: serviceAccount.teamId })
      .from(serviceAccount)
      .where(inArray(serviceAccount.id, services));
    for (const row of rows) found.set(row.id, { ...row, type: "service" });
  }
  if (teams.length > 0) {
    const rows = await executor.select({ id: team.id, name: team.name }).from(team).where(inArray(team.id, teams));
    for (const row of rows) found.set(row.id, { ...row, type: "team", teamId: row.id });
  }
  return found;
}
