// Owns named secrets: values that agents and tools use and that nobody gets to see again. Each read is audited.

import { AppError } from "@auxot/wire/errors";
import { createId, idPrefixes } from "@auxot/wire/ids";
import type { Page } from "@auxot/wire/operations/page";
import type { SecretScope, SecretView } from "@auxot/wire/operations/secrets";
import { requireVersion, type Work } from "../../operations/handler.ts";
import type { AskedPage } from "../../operations/store.ts";
import { requireAccess, type Resource } from "../../platform/access/may.ts";
import type { AuditRecord } from "../../platform/audit-record.ts";
import type { Caller } from "../../platform/caller.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Log } from "../../platform/log.ts";
import { nameContext, type Sealing } from "../../platform/sealing.ts";
import { createSecret, type Secret } from "../../platform/secret-text.ts";
import type { Executor } from "../../store/database.ts";
import { createReadRecorder, type ReadReason } from "./read-recorder.ts";
import type { SecretFilter, SecretPlace, SecretRow, SecretStore, SecretUse } from "./store.ts";

export type SecretInput = {
  readonly name: string;
  readonly scope: SecretScope;
  readonly scopeId?: string | undefined;
  readonly value: string;
  readonly description?: string | undefined;
  /** 0: only when there is none. */
  readonly version?: number | undefined;
};

/** Whose secrets a name may mean. */
export type SecretHolder = { readonly userId: string | null; readonly teamId: string | null };

export type Secrets = {
  list(tx: Executor, caller: Caller, filter: SecretFilter, asked: AskedPage): Promise<Page<SecretView>>;
  /** `before` is null for a new one. Throws `forbidden`, `invalid_request`, `conflict`. */
  set(
    caller: Caller,
    input: SecretInput,
    work: Work,
  ): Promise<{ readonly before: SecretView | null; readonly after: SecretView }>;
  /** What was removed. Throws `not_found`, `forbidden`, `conflict`. */
  remove(caller: Caller, id: string, version: number | undefined, work: Work): Promise<SecretView>;
  /**
   * The value of the user's secret of that name, else the team's, else the organisation's. One statement, and an audit
   * record within a second. Throws `not_found`, and `internal` when its key is not here.
   */
  open(name: string, holder: SecretHolder, reason: ReadReason): Promise<Secret>;
  /** Writes what is to be told of reads. Never rejects. */
  close(): Promise<void>;
};

export type SecretsDeps = {
  readonly store: SecretStore;
  readonly sealing: Sealing;
  readonly note: (record: AuditRecord) => void;
  readonly clock: Clock;
  readonly log: Log;
};

const shownUses = 20;
/** Of a shorter value four characters would tell too much. */
const shortestShown = 12;

export function createSecrets({ store, sealing, note, clock, log }: SecretsDeps): Secrets {
  const recorder = createReadRecorder({ saveUses: store.saveUses, note, clock, log });

  async function toViews(tx: Executor, rows: readonly SecretRow[]): Promise<SecretView[]> {
    const uses = await store.listUses(
      tx,
      rows.map(({ id }) => id),
      shownUses,
    );
    return rows.map((row) =>
      toView(
        row,
        uses.filter(({ secretId }) => secretId === row.id),
      ),
    );
  }

  async function toOneView(tx: Executor, row: SecretRow): Promise<SecretView> {
    const [view] = await toViews(tx, [row]);
    return view ?? toView(row, []);
  }

  return {
    async list(tx, caller, filter, asked) {
      const { rows, nextCursor } = await store.list(tx, caller, filter, asked);
      return { items: await toViews(tx, rows), nextCursor };
    },
    async set(caller, input, { tx, now }) {
      const place = readPlace(caller, input);
      const found = await store.findPlaced(tx, place);
      const id = found?.id ?? createId(idPrefixes.secret);
      requireAccess(caller, "secrets.edit", toResource({ ...place, id }));
      requireVersion("secret", found?.version ?? 0, input.version);
      const row: SecretRow = {
        ...place,
        id,
        description: input.description ?? found?.description ?? "",
        valueSealed: await sealing.seal(createSecret(input.value), contextOf(id)),
        last4: input.value.length < shortestShown ? "" : input.value.slice(-4),
        version: (found?.version ?? 0) + 1,
        createdAt: found?.createdAt ?? now,
        updatedAt: now,
        updatedBy: caller.name,
        lastReadAt: found?.lastReadAt ?? null,
      };
      if (found !== undefined) {
        await store.update(tx, row);
        const [before, after] = [await toOneView(tx, found), await toOneView(tx, row)];
        return { before, after };
      }
      if (await store.insert(tx, row)) return { before: null, after: toView(row, []) };
      throw new AppError("conflict", `Somebody else set the secret "${place.name}" at the same moment. Try again.`);
    },
    async remove(caller, id, version, { tx }) {
      const found = await store.findById(tx, id);
      requireAccess(caller, "secrets.edit", toResource(found ?? { id, scope: "org", scopeId: "" }));
      if (found === undefined)
        throw new AppError("not_found", `There is no secret with the id "${id}".`, { param: "id" });
      requireVersion("secret", found.version, version);
      const view = await toOneView(tx, found);
      await store.remove(tx, id);
      return view;
    },
    async open(name, { userId, teamId }, reason) {
      const row = await store.resolve(name, userId, teamId);
      if (row === undefined) {
        throw new AppError(
          "not_found",
          `There is no secret named "${name}" for this user, its team or the organisation.`,
        );
      }
      try {
        const value = await sealing.open(row.valueSealed, contextOf(row.id));
        recorder.record({ secret: row, reason });
        return value;
      } catch (error) {
        recorder.record({
          secret: row,
          reason,
          failure: error instanceof AppError ? error.message : "It cannot be opened.",
        });
        throw error;
      }
    },
    close: () => recorder.close(),
  };
}

function contextOf(id: string): string {
  return nameContext("secret", "value_sealed", id);
}

function readPlace({ principal }: Caller, { name, scope, scopeId }: SecretInput): SecretPlace {
  switch (scope) {
    case "org":
      if (scopeId === undefined) return { name, scope, scopeId: "" };
      throw new AppError("invalid_request", "A secret of the organisation has no scopeId. Leave it out.", {
        param: "scopeId",
      });
    case "team":
      if (scopeId?.startsWith(teamPrefix) === true) return { name, scope, scopeId };
      throw new AppError("invalid_request", "scopeId must be the id of the team (tem_…).", { param: "scopeId" });
    case "user": {
      const isPerson = principal.type === "user" || principal.type === "service";
      const own = scopeId ?? (isPerson ? principal.id : undefined);
      if (own !== undefined && /^(?:usr|svc)_/.test(own)) return { name, scope, scopeId: own };
      throw new AppError(
        "invalid_request",
        "scopeId must be the id of the user (usr_… or svc_…): this key belongs to nobody.",
        {
          param: "scopeId",
        },
      );
    }
  }
}

const teamPrefix = "tem_";

/** A user's are the user's own. A team's are for its admins: a key of the team is no more than a member. */
function toResource({ id, scope, scopeId }: Pick<SecretRow, "id" | "scope" | "scopeId">): Resource {
  return { kind: "secret", id, ownerId: scope === "user" ? scopeId : null, teamId: scope === "team" ? scopeId : null };
}

function toView(row: SecretRow, uses: readonly SecretUse[]): SecretView {
  const { id, name, scope, description, last4, version, updatedBy } = row;
  return {
    id,
    name,
    scope,
    scopeId: row.scopeId === "" ? null : row.scopeId,
    description,
    last4,
    version,
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
    updatedBy,
    lastReadAt: row.lastReadAt?.toISOString() ?? null,
    usedBy: uses.map((use) => ({
      kind: use.kind,
      id: use.id,
      name: use.name,
      reads: use.reads,
      lastReadAt: use.lastReadAt.toISOString(),
    })),
  };
}
