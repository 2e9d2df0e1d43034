// Owns keys: who a presented text is, and the making and revoking of keys. Key texts are never stored or logged.

import { builtInProvider } from "../../platform/built-in-provider.ts";
import { AppError } from "@auxot/wire/errors";
import type { KeyView } from "@auxot/wire/operations/keys";
import type { Page } from "@auxot/wire/operations/page";
import type { Work } from "../../operations/handler.ts";
import type { Caller } from "../../platform/caller.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Log } from "../../platform/log.ts";
import type { Pepper } from "../../platform/sealing.ts";
import { readSecretFile, writeSecretFile } from "../../platform/secret-file.ts";
import { createSecret, type Secret } from "../../platform/secret-text.ts";
import { createIdentifier } from "./identify.ts";
import type { Identity } from "./identity.ts";
import { createKeyMaker, type DeclaredKey, type NewKey } from "./make-key.ts";
import { followRevocations } from "./revocations.ts";
import type { Executor } from "../../store/database.ts";
import type { AskedKeys, KeyRecord, KeyStore } from "./store.ts";
import { createUseRecorder } from "./use-recorder.ts";

export type Keys = {
  /** Undefined for anything that is not a valid, unrevoked key. Cached: 60 s when known, 5 s when not; a revocation ends it at once. */
  identify(text: string): Promise<Identity | undefined>;
  /** The text is in the answer and nowhere else. Throws `invalid_request` when kind, admin and provider do not fit. */
  create(input: NewKey, work: KeyWork): Promise<KeyView & { readonly key: string }>;
  /** Those the caller may see, revoked ones included. */
  list(tx: Executor, caller: Caller, page: AskedKeys): Promise<Page<KeyView>>;
  /** Takes effect here with the commit, on other routers within moments. Revoking twice is fine. Throws `not_found`. */
  revoke(id: string, work: KeyWork): Promise<{ readonly before: KeyView; readonly after: KeyView }>;
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
    async identify(text) {
      const identity = await identifier.identify(text);
      if (identity !== undefined) usage.note(identity.keyId);
      return identity;
    },
    async create(input, { tx, afterCommit }) {
      const { row, text } = maker.makeKey(input, await store.listProviders());
      const record = await store.insert(tx, row);
      afterCommit(() => identifier.forget());
      return { ...toView(record), key: text };
    },
    async list(tx, caller, asked) {
      const { rows, nextCursor } = await store.list(tx, caller, asked);
      return { items: rows.map(toView), nextCursor };
    },
    async revoke(id, { tx, now, afterCommit }) {
      const before = await store.get(tx, id);
      if (before === undefined)
        throw new AppError("not_found", `There is no key with the id "${id}".`, { param: "id" });
      if (before.revokedAt !== null) return { before: toView(before), after: toView(before) };
      await store.revoke(tx, id, now);
      afterCommit(() => revocations.announce([id]));
      return { before: toView(before), after: toView({ ...before, revokedAt: now }) };
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
      const input: NewKey = { name: "bundled worker", kind: "worker", admin: false, provider: builtInProvider };
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

function toView(record: KeyRecord): KeyView {
  return {
    id: record.id,
    name: record.name,
    kind: record.kind,
    admin: record.admin,
    provider: record.provider?.name ?? null,
    masked: record.masked,
    createdAt: record.createdAt.toISOString(),
    revokedAt: record.revokedAt?.toISOString() ?? null,
  };
}
