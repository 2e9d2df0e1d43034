// Owns what a key looks like to those who administer it.

import type { KeyView } from "@auxot/wire/operations/keys";
import { typeOf, type Directory } from "../../operations/directory.ts";
import type { Executor } from "../../store/database.ts";
import type { KeyRecord } from "./store.ts";

/** Tells whom each of the keys belongs to. */
export async function describeOwners(
  executor: Executor,
  directory: Directory,
  records: readonly KeyRecord[],
): Promise<(record: KeyRecord) => KeyView["owner"]> {
  const ids = records.map(({ ownerId, teamId }) => ownerId ?? teamId).filter((id) => id !== null);
  const names = await directory.nameAll(executor, ids);
  return ({ ownerId, teamId }) => {
    const id = ownerId ?? teamId;
    if (id === null) return { type: "org", id, name: names.get("org") ?? "org" };
    return { type: typeOf(id), id, name: names.get(id) ?? id };
  };
}

export function toView(record: KeyRecord, owner: KeyView["owner"]): KeyView {
  const { id, name, description, kind, admin, masked, version } = record;
  return {
    id,
    name,
    description,
    kind,
    owner,
    admin,
    provider: record.provider?.name ?? null,
    masked,
    scopes: copy(record.scopes),
    models: copy(record.models),
    agents: copy(record.agents),
    ipRanges: copy(record.ipRanges),
    createdAt: record.createdAt.toISOString(),
    expiresAt: tellTime(record.expiresAt),
    oldTextUntil: tellTime(record.previousUntil),
    lastUsedAt: tellTime(record.lastUsedAt),
    lastUsedFrom: record.lastUsedFrom,
    revokedAt: tellTime(record.revokedAt),
    version,
  };
}

function copy(list: readonly string[] | null): string[] | null {
  return list && [...list];
}

function tellTime(time: Date | null): string | null {
  return time?.toISOString() ?? null;
}
