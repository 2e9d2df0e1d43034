// Does what wire/operations/keys.ts declares.

import { AppError } from "@auxot/wire/errors";
import {
  createKey,
  getKey,
  listKeys,
  revokeKey,
  rotateKey,
  updateKey,
  type KeyView,
} from "@auxot/wire/operations/keys";
import type { Directory } from "../../operations/directory.ts";
import { eraseHandler, requireVersion, type AnyOperationHandler, type Work } from "../../operations/handler.ts";
import type { NamedResource } from "../../operations/resources.ts";
import { listGrants } from "../../operations/store.ts";
import { requireAccess } from "../../platform/access/may.ts";
import type { Caller } from "../../platform/caller.ts";
import type { Executor } from "../../store/database.ts";
import { findRights } from "../../store/rights.ts";
import { inheritLimits, requireMaker, toKeyResource, type KeyShape } from "./authority.ts";
import { describeOwners, toView } from "./describe.ts";
import type { Keys } from "./keys.ts";
import type { KeyLimits, KeyOwner, KeyRecord } from "./store.ts";

export type KeyOperationsDeps = { readonly keys: Keys; readonly directory: Directory };

/** The handlers of `keys.*`. */
export function createKeyOperations(deps: KeyOperationsDeps): readonly AnyOperationHandler[] {
  const { keys, directory } = deps;
  return [
    createHandler(deps),
    eraseHandler({
      operation: listKeys,
      async handle(caller, input, { tx }) {
        const { items, nextCursor } = await keys.list(tx, caller, input);
        const nameOwner = await describeOwners(tx, directory, items);
        return { items: items.map((record) => toView(record, nameOwner(record))), nextCursor };
      },
    }),
    eraseHandler({
      operation: getKey,
      async handle(caller, { id }, { tx }) {
        const record = await findKeyFor(keys, tx, caller, "keys.read", id);
        return show(tx, directory, record);
      },
    }),
    updateHandler(deps),
    rotateHandler(deps),
    eraseHandler({
      operation: revokeKey,
      async handle(caller, { id }, work) {
        await keys.lock(work.tx, id);
        const before = await findKeyFor(keys, work.tx, caller, "keys.edit", id);
        return tell(work, directory, before, await keys.revoke(before, work));
      },
    }),
  ];
}

function createHandler({ keys, directory }: KeyOperationsDeps): AnyOperationHandler {
  return eraseHandler({
    operation: createKey,
    async handle(caller, { owner, expiresAt, scopes, models, agents, ipRanges, ...input }, work) {
      const asked = withoutAbsent({ scopes, models, agents, ipRanges, expiresAt: readMoment(expiresAt, work.now) });
      const own = caller.keyId === "" ? undefined : await keys.get(work.tx, caller.keyId);
      const limits = inheritLimits(asked, own, input.kind);
      const held = await findOwner(directory, work.tx, caller, input.kind, owner);
      requireFitting({ ...input, ...limits }, held);
      const shape = { id: "", kind: input.kind, admin: input.admin, ...held, ...limits };
      requireMaker(caller, shape, await findOwnerRights(work.tx, shape), own);
      const { record, text } = await keys.create({ ...input, ...held, ...limits }, work);
      return { ...(await tell(work, directory, null, record)), key: text };
    },
  });
}

function updateHandler({ keys, directory }: KeyOperationsDeps): AnyOperationHandler {
  return eraseHandler({
    operation: updateKey,
    async handle(caller, { id, version, expiresAt, ...rest }, work) {
      await keys.lock(work.tx, id);
      const before = await findKeyFor(keys, work.tx, caller, "keys.edit", id);
      requireVersion("key", before.version, version);
      requireMade(before);
      const changes = withoutAbsent({ ...rest, expiresAt: readMoment(expiresAt, work.now) });
      const own = caller.keyId === "" ? undefined : await keys.get(work.tx, caller.keyId);
      requireFitting({ ...before, ...changes }, before);
      requireMaker(caller, { ...before, ...changes }, await findOwnerRights(work.tx, before), own);
      return tell(work, directory, before, await keys.update(before, changes, work));
    },
  });
}

function rotateHandler({ keys, directory }: KeyOperationsDeps): AnyOperationHandler {
  return eraseHandler({
    operation: rotateKey,
    async handle(caller, { id, overlapHours }, work) {
      await keys.lock(work.tx, id);
      const before = await findKeyFor(keys, work.tx, caller, "keys.edit", id);
      requireMade(before);
      if (before.revokedAt !== null) {
        throw new AppError("conflict", `The key "${before.name}" was revoked. Make a new one.`);
      }
      const own = caller.keyId === "" || caller.keyId === id ? undefined : await keys.get(work.tx, caller.keyId);
      requireMaker(caller, before, await findOwnerRights(work.tx, before), own);
      const oldTextUntil = new Date(work.now.getTime() + overlapHours * 3_600_000);
      const { record, text } = await keys.rotate(before, oldTextUntil, work);
      return { ...(await tell(work, directory, before, record)), key: text };
    },
  });
}

/** Throws `forbidden` or `not_found`. */
async function findKeyFor(
  keys: Keys,
  tx: Executor,
  caller: Caller,
  action: "keys.read" | "keys.edit",
  id: string,
): Promise<KeyRecord> {
  const record = await keys.get(tx, id);
  const resource = toKeyResource(record ?? { id, ownerId: null, teamId: null });
  requireAccess(caller, action, { ...resource, grants: await listGrants(tx, "key", id) });
  if (record === undefined) throw new AppError("not_found", `There is no key with the id "${id}".`, { param: "id" });
  return record;
}

/** What `may` asks of a key; undefined: there is none. */
export async function findKeyResource(keys: Keys, tx: Executor, id: string): Promise<NamedResource | undefined> {
  const record = await keys.get(tx, id);
  return record && { ...toKeyResource(record), grants: await listGrants(tx, "key", id), name: record.name };
}

/** Left out, a key belongs to whoever makes it. */
async function findOwner(
  directory: Directory,
  tx: Executor,
  caller: Caller,
  kind: "caller" | "worker",
  asked: string | undefined,
): Promise<KeyOwner> {
  const { type, id } = caller.principal;
  const owner = asked ?? (type === "system" || kind === "worker" ? "org" : id);
  if (owner === "org") return { ownerId: null, teamId: null };
  const holder = await directory.require(tx, owner, "owner");
  return holder.type === "team" ? { ownerId: null, teamId: holder.id } : { ownerId: holder.id, teamId: holder.teamId };
}

function requireFitting(
  { kind, admin, ...limits }: Omit<KeyShape, keyof KeyOwner | "id">,
  { ownerId, teamId }: KeyOwner,
): void {
  for (const param of ["scopes", "models", "agents"] as const) {
    if (kind === "caller" || limits[param] === null) continue;
    throw new AppError("invalid_request", `${param}: are for caller keys; a worker key only connects workers.`, {
      param,
    });
  }
  if (ownerId === null && teamId === null) return;
  if (kind === "worker") {
    throw new AppError("invalid_request", "owner: worker keys belong to their provider. Leave it out.", {
      param: "owner",
    });
  }
  if (!admin) return;
  throw new AppError(
    "invalid_request",
    "admin: is for keys of the organisation; others may what their owner may. Leave it out, or set owner to org.",
    { param: "admin" },
  );
}

async function findOwnerRights(tx: Executor, { ownerId, teamId }: KeyOwner) {
  const holderId = ownerId ?? teamId;
  return holderId === null ? undefined : findRights(tx, holderId);
}

/** Throws `conflict` for keys that the configuration declares. */
function requireMade({ origin, name }: KeyRecord): void {
  if (origin === "created") return;
  const place = origin === "config" ? "in auxot.yaml" : "by AUXOT_BOOTSTRAP_KEY";
  throw new AppError("conflict", `The key "${name}" is declared ${place}. Change it there.`);
}

function readMoment(text: string | null | undefined, now: Date): Date | null | undefined {
  if (text === null || text === undefined) return text;
  const moment = new Date(text);
  if (moment > now) return moment;
  throw new AppError("invalid_request", `expiresAt: ${text} is over already.`, { param: "expiresAt" });
}

type Present<Fields> = { readonly [name in keyof Fields]?: Exclude<Fields[name], undefined> };

function withoutAbsent<Fields extends Partial<KeyLimits> | object>(fields: Fields): Present<Fields> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Present<Fields>;
}

async function show(tx: Executor, directory: Directory, record: KeyRecord): Promise<KeyView> {
  return toView(record, (await describeOwners(tx, directory, [record]))(record));
}

async function tell(work: Work, directory: Directory, before: KeyRecord | null, after: KeyRecord): Promise<KeyView> {
  const nameOwner = await describeOwners(work.tx, directory, [after]);
  const view = toView(after, nameOwner(after));
  work.changed({
    kind: "key",
    id: after.id,
    name: after.name,
    before: before && toView(before, nameOwner(before)),
    after: view,
  });
  return view;
}
