// Owns what is remembered of reads of secrets: counted for a second, then written as one audit record and one count for each
// reader. A router that is killed loses that second.

import { setTimeout as wait } from "node:timers/promises";
import { createAuditRecord, type AuditActor, type AuditRecord } from "../../platform/audit-record.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Log } from "../../platform/log.ts";
import type { SecretPlace, SecretStore, SecretUse } from "./store.ts";

/** What reads a secret, for whom and what for. */
export type ReadReason = {
  /** An agent, a tool server, a provider. */
  readonly reader: { readonly kind: string; readonly id: string; readonly name: string };
  /** On whose behalf; the router itself when it is for nobody. */
  readonly actor: AuditActor;
  /** A few words: "to call the tool server search". */
  readonly purpose: string;
  /** Of several reads within a second the first one's is kept. */
  readonly requestId: string | null;
};

export type SecretRead = {
  readonly secret: SecretPlace & { readonly id: string };
  readonly reason: ReadReason;
  /** Absent: it was opened. */
  readonly failure?: string;
};

export type ReadRecorder = {
  /** Never throws and never waits. */
  record(read: SecretRead): void;
  flush(): Promise<void>;
  /** Flushes for 5 s at most. Never rejects. */
  close(): Promise<void>;
};

type Counted = { readonly read: SecretRead; readonly firstAt: number; lastAt: number; reads: number };

const flushEveryMs = 1000;
const maxReaders = 1000;
const maxWaitingUses = 10_000;

export function createReadRecorder(deps: {
  readonly saveUses: SecretStore["saveUses"];
  readonly note: (record: AuditRecord) => void;
  readonly clock: Clock;
  readonly log: Log;
}): ReadRecorder {
  const { saveUses, note, clock, log } = deps;
  let counted = new Map<string, Counted>();
  let uses: SecretUse[] = [];
  let timer: NodeJS.Timeout | undefined;

  function tell(): void {
    clearTimeout(timer);
    timer = undefined;
    for (const { read, firstAt, lastAt, reads } of counted.values()) {
      note(toRecord(read, firstAt, reads));
      if (read.failure !== undefined || uses.length >= maxWaitingUses) continue;
      uses.push({ secretId: read.secret.id, ...read.reason.reader, reads, lastReadAt: new Date(lastAt) });
    }
    counted = new Map();
  }

  async function flush(): Promise<void> {
    tell();
    const batch = mergeUses(uses);
    uses = [];
    try {
      await saveUses(batch);
    } catch (err) {
      // The audit log has them all the same; only the counts come later.
      uses = [...batch, ...uses];
      log.warn({ err, waiting: uses.length }, "Cannot write which secrets were read; trying again");
      schedule();
    }
  }

  function schedule(): void {
    timer ??= setTimeout(() => void flush(), flushEveryMs).unref();
  }

  return {
    record(read) {
      const { reader, actor } = read.reason;
      const name = JSON.stringify([
        read.secret.id,
        reader.kind,
        reader.id,
        actor.type,
        actor.id,
        actor.keyId,
        read.failure,
      ]);
      const known = counted.get(name);
      if (known === undefined) counted.set(name, { read, firstAt: clock.now(), lastAt: clock.now(), reads: 1 });
      else {
        known.reads++;
        known.lastAt = clock.now();
      }
      if (counted.size >= maxReaders) tell();
      schedule();
    },
    flush,
    async close() {
      const limit = new AbortController();
      await Promise.race([flush(), wait(5000, undefined, { signal: limit.signal }).catch(() => {})]);
      limit.abort();
      clearTimeout(timer);
    },
  };
}

function toRecord({ secret, reason, failure }: SecretRead, at: number, reads: number): AuditRecord {
  const { reader, actor, purpose, requestId } = reason;
  return createAuditRecord({
    at: new Date(at),
    actor,
    action: "secrets.open",
    target: { kind: "secret", id: secret.id, name: secret.name },
    outcome: failure === undefined ? "success" : "failure",
    reason: failure ?? purpose,
    requestId,
    after: { scope: secret.scope, scopeId: secret.scopeId, reader, reads },
  });
}

/** One row each, as a statement takes it. */
function mergeUses(uses: readonly SecretUse[]): SecretUse[] {
  const merged = new Map<string, SecretUse>();
  for (const use of uses) {
    const name = JSON.stringify([use.secretId, use.kind, use.id]);
    const known = merged.get(name);
    merged.set(name, known === undefined ? use : { ...use, reads: known.reads + use.reads });
  }
  return [...merged.values()];
}
