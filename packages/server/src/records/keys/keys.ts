// Owns keys: who a presented text is, and the making and revoking of keys. Key texts are never stored or logged.

import { builtInProvider } from "../../platform/built-in-provider.ts";
import type { Page } from "@auxot/wire/operations/page";
import type { Work } from "../../operations/handler.ts";
import type { Caller } from "../../platform/caller.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Log } from "../../platform/log.ts";
import type { Pepper } from "../../platform/sealing.ts";
import { readSecretFile, writeSecretFile } from "../../platform/secret-file.ts";
import { createSecret, type Secret } from "../../platform/secret-text.ts";
import { createIdentifier, toCaller } from "./identify.ts";
import type { Identity } from "./identity.ts";
import { createKeyMaker, type DeclaredKey, type NewKey } from "./make-key.ts";
import { followRevocations } from "./revocations.ts";
import type { Executor } from "../../store/database.ts";
import type { AskedKeys, KeyLimits, KeyRecord, KeyStore } from "./store.ts";
import { createUseRecorder } from "./use-recorder.ts";

export type Keys = {
  /** Undefined for anything that is not an unrevoked key; `from` is the address it came from. Throws `unauthenticated` with the reason for a key that expired, is used from a wrong address, or whose owner is disabled. Cached: 60 s when known, 5 s when not; a revocation ends it at once. */
  identify(text: string, from?: string | null): Promise<Identity | undefined>;
  /** This router asks for every key again, because rights changed. */
  forget(): void;
  /** The text is in the answer and nowhere else. Throws `invalid_request` when kind, admin and provider do not fit. */
  create(input: NewKey, work: KeyWork): Promise<{ readonly record: KeyRecord; readonly text: string }>;
  /** Those the caller may see, revoked ones included. */
  list(tx: Executor, caller: Caller, page: AskedKeys): Promise<Page<KeyRecord>>;
  get(tx: Executor, id: string): Promise<KeyRecord | undefined>;
  /** Until the end of the transaction nobody else changes it. */
  lock(tx: Executor, id: string): Promise<void>;
  /** Takes effect here with the commit, on other routers within moments. */
  update(before: KeyRecord, changes: KeyChanges, work: KeyWork): Promise<KeyRecord>;
  /** A new text; the old one works until `oldTextUntil`. */
  rotate(
    before: KeyRecord,
    oldTextUntil: Date,
    work: KeyWork,
  ): Promise<{ readonly record: KeyRecord; readonly text: string }>;
  /** Takes effect here with the commit, on other routers within moments. Revoking twice is fine. */
  revoke(before: KeyRecord, work: KeyWork): Promise<KeyRecord>;
  /** Those of people, service accounts and teams that are gone. */
  revokeOwned(owners: readonly string[], work: KeyWork): Promise<void>;
  /** Who comes with this key, and whether it is neither revoked nor expired; undefined for worker keys and where there is none. */
  findCaller(tx: Executor, id: string): Promise<{ readonly caller: Caller; readonly works: boolean } | undefined>;
  /** The ids of those that a file may declare: they work and were made by an operation, but for the bundled worker's. */
  listDeclarable(tx: Executor, caller: Caller): Promise<ReadonlySet<string>>;
  /** Makes the config-origin keys equal to the declared ones. After `providers.applyConfigured`. */
  applyConfigured(declared: readonly DeclaredKey[]): Promise<void>;
  /** `text` is AUXOT_BOOTSTRAP_KEY: an admin caller key, which replaces the one of an earlier value. Without it, and when no caller key works, one is made and returned. */
  ensureBootstrap(text: Secret | undefined): Promise<{ readonly created?: string }>;
  /** The key of the bundled worker, for the provider "gpu", kept in `file` (mode 0600); made anew when missing, unknown or revoked. */
  ensureBundledWorkerKey(file: string): Promise<Secret>;
  /** Called for each revoked key, whichever router revoked it; after a lost database link perhaps again. Returns the way to stop listening. */
  onRevoked(listener: (keyId: string) => void): () => void;
  /** Writes the last-used times and stops listening. */
  close(): Promise<void>;
};

export type KeyChanges = Partial<Pick<KeyRecord, "name" | "description" | keyof KeyLimits>>;

/** What a change of keys needs of an operation's run. */
export type KeyWork = Pick<Work, "tx" | "now" | "afterCommit">;

export type KeysDeps = {
  readonly store: KeyStore;
  readonly pepper: Pepper;
  readonly clock: Clock;
  readonly log: Log;
  /** How often last-used times are written; default 10 s. */
  readonly saveEveryMs?: number;
};

/** Resolves when it hears of revocations made by other routers on the same database. */
export async function createKeys(deps: KeysDeps): Promise<Keys> {
  const { store, clock } = deps;
  const identifier = createIdentifier(deps);
  const usage = createUseRecorder(deps);
  const revocations = await followRevocations(deps, identifier);
  const maker = createKeyMaker(deps);

  return {
    async identify(text, from = null) {
      const identity = await identifier.identify(text, from);
      if (identity !== undefined) usage.note(identity.keyId, from);
      return identity;
    },
    forget: identifier.forget,
    async create(input, { tx, afterCommit }) {
      const { row, text } = maker.makeKey(input, await store.listProviders(tx));
      const record = await store.insert(tx, row);
      afterCommit(() => identifier.forget());
      return { record, text };
    },
    async list(tx, caller, asked) {
      const { rows, nextCursor } = await store.list(tx, caller, asked);
      return { items: [...rows], nextCursor };
    },
    async listDeclarable(tx, caller) {
      const ids = new Set<string>();
      let cursor: string | undefined;
      do {
        const page: Awaited<ReturnType<KeyStore["list"]>> = await store.list(tx, caller, {
          sort: "createdAt",
          limit: 200,
          cursor,
        });
        for (const record of page.rows) if (record.revokedAt === null && isDeclarable(record)) ids.add(record.id);
        cursor = page.nextCursor ?? undefined;
      } while (cursor !== undefined);
      return ids;
    },
    get: store.get,
    lock: store.lock,
    async update({ id }, changes, { tx, afterCommit }) {
      await store.update(tx, id, changes);
      afterCommit(() => identifier.forget());
      return requireRecord(await store.get(tx, id), id);
    },
    async rotate({ id, kind }, oldTextUntil, { tx, afterCommit }) {
      const { text, ...stored } = maker.makeText(kind);
      await store.replaceText(tx, id, stored, oldTextUntil);
      afterCommit(() => identifier.forget());
      return { record: requireRecord(await store.get(tx, id), id), text };
    },
    async revoke(before, { tx, now, afterCommit }) {
      const { id, revokedAt } = before;
      if (revokedAt !== null) return before;
      await store.revoke(tx, id, now);
      afterCommit(() => revocations.announce([id]));
      return { ...before, revokedAt: now };
    },
    async revokeOwned(owners, { tx, now, afterCommit }) {
      const ids = await store.revokeOwned(tx, owners, now);
      afterCommit(() => revocations.announce(ids));
    },
    async findCaller(tx, id) {
      const [found, record] = [await store.findById(tx, id), await store.get(tx, id)];
      if (found?.kind !== "caller") return undefined;
      const isExpired = found.expiresAt !== null && found.expiresAt <= clock.now();
      return { caller: toCaller(found), works: record?.revokedAt === null && !isExpired };
    },
    async applyConfigured(declared) {
      const providers = await store.listProviders();
      const rows = declared.map((entry) => maker.takeDeclared(entry, providers));
      revocations.announce(await store.replaceOrigin("config", rows, new Date(clock.now())));
    },
    async ensureBootstrap(text) {
      if (text !== undefined) {
        const row = maker.takeText({ name: "bootstrap", kind: "caller", admin: true }, text.reveal(), "bootstrap");
        revocations.announce(await store.replaceOrigin("bootstrap", [row], new Date(clock.now())));
        return {};
      }
      const made = maker.makeKey({ name: "first admin key", kind: "caller", admin: true }, []);
      return (await store.insertFirstCaller(made.row)) ? { created: made.text } : {};
    },
    async ensureBundledWorkerKey(file) {
      const kept = await readSecretFile(file);
      const identity = kept === undefined ? undefined : await identifier.identify(kept.reveal());
      if (kept !== undefined && identity?.kind === "worker" && identity.provider.name === builtInProvider) return kept;
      const input: NewKey = { name: bundledWorkerName, kind: "worker", admin: false, provider: builtInProvider };
      const { row, text } = maker.makeKey(input, await store.listProviders());
      await store.insert(undefined, row);
      const secret = createSecret(text);
      await writeSecretFile(file, secret);
      return secret;
    },
    onRevoked: revocations.onRevoked,
    async close() {
      await revocations.close();
      await usage.close();
    },
  };
}

function requireRecord(record: KeyRecord | undefined, id: string): KeyRecord {
  if (record === undefined) throw new Error(`Key ${id} is gone.`);
  return record;
}

const bundledWorkerName = "bundled worker";

function isDeclarable({ origin, kind, name }: KeyRecord): boolean {
  return origin === "created" && !(kind === "worker" && name === bundledWorkerName);
}
