// Does operations, whichever face they came through: permission, input, one transaction, dry run, repeated creates, audit.

import { AppError } from "@auxot/wire/errors";
import { isWrite, type Change, type Preview } from "@auxot/wire/operations/define-operation";
import { requireAnywhere } from "../platform/access/may.ts";
import type { Caller } from "../platform/caller.ts";
import type { Clock } from "../platform/clock.ts";
import type { Log } from "../platform/log.ts";
import { nameContext, type Pepper, type Sealing } from "../platform/sealing.ts";
import { createSecret } from "../platform/secret-text.ts";
import { createTakeTurn } from "../platform/take-turns.ts";
import type { Database, Executor } from "../store/database.ts";
import type { AppendAudit, AuditEntry, Origin } from "./audit-entry.ts";
import { createFailures } from "./failures.ts";
import type { AnyOperationHandler, Work } from "./handler.ts";
import { readInput } from "./read-input.ts";
import { forgetIdempotentAnswers, keepIdempotentAnswer, takeIdempotentKey } from "./store.ts";

export type RunOptions = {
  readonly origin: Origin;
  /** Only says what a write would change. */
  readonly dryRun?: boolean;
  /** The same write with the same key is done once in 24 h; later ones get the first one's answer. */
  readonly idempotencyKey?: string | undefined;
};

export type RunOperation = (
  handler: AnyOperationHandler,
  caller: Caller,
  sent: unknown,
  options: RunOptions,
) => Promise<unknown>;

export type RunDeps = {
  readonly database: Pick<Database, "db">;
  readonly sealing: Sealing;
  readonly pepper: Pick<Pepper, "hmac">;
  readonly appendAudit: AppendAudit;
  readonly clock: Clock;
  readonly log: Log;
};

const keptForMs = 24 * 60 * 60 * 1000;
/**
 * Of the ten connections a router has. An operation may read beside its transaction, with a second one: were all ten taken by
 * transactions that each wait for another, nothing would ever go on.
 */
const atOnce = {
  maxRunning: 3,
  maxWaiting: 1000,
  refusal: "Too many changes are being made. Make this one again in a moment.",
};

/** Resolves with the operation's output, or a `Preview`. Throws AppError; a write that was refused or failed is audited too. */
export function createRunOperation(deps: RunDeps): RunOperation {
  const takeTurn = createTakeTurn(atOnce);
  const auditFailure = createFailures(deps);
  return async (handler, caller, sent, options) => {
    const { operation } = handler;
    if (!isWrite(operation) && operation.audited !== true) {
      requireAnywhere(caller, operation.action);
      const work = createWork(deps.database.db, new Date(deps.clock.now()), false);
      return operation.output.parse(await handler.handle(caller, readInput(operation, sent), work));
    }
    try {
      requireAnywhere(caller, operation.action);
      const input = readInput(operation, sent);
      return await takeTurn(() => write(deps, handler, caller, input, options));
    } catch (error) {
      if (options.dryRun !== true) await auditFailure(operation.name, caller, options.origin, error);
      throw error;
    }
  };
}

async function write(
  deps: RunDeps,
  handler: AnyOperationHandler,
  caller: Caller,
  input: unknown,
  options: RunOptions,
): Promise<unknown> {
  const { database, appendAudit, clock } = deps;
  const now = new Date(clock.now());
  const repeat = createRepeat(deps, handler, caller, input, options, now);
  const preview = new Error("Rolled back: only tried.");
  let work: RecordingWork | undefined;
  try {
    const output = await database.db.transaction(async (tx) => {
      const earlier = await repeat?.find(tx);
      if (earlier !== undefined) return earlier.output;
      work = createWork(tx, now, options.dryRun === true);
      const result = handler.operation.output.parse(await handler.handle(caller, input, work));
      if (options.dryRun === true) throw preview;
      await appendAudit(tx, describe(work.changes, handler, caller, options.origin, now));
      await repeat?.keep(tx, result);
      return result;
    });
    for (const effect of work?.effects ?? []) await effect();
    return output;
  } catch (error) {
    if (error !== preview) throw error;
    return { dryRun: true, changes: [...(work?.changes ?? [])] } satisfies Preview;
  }
}

type RecordingWork = Work & {
  readonly changes: readonly Change[];
  readonly effects: readonly (() => Promise<void> | void)[];
};

function createWork(tx: Executor, now: Date, isDryRun: boolean): RecordingWork {
  const changes: Change[] = [];
  const effects: (() => Promise<void> | void)[] = [];
  return {
    tx,
    now,
    isDryRun,
    changes,
    effects,
    changed: (change) => void changes.push(change),
    afterCommit: (effect) => void effects.push(effect),
  };
}

function describe(
  changes: readonly Change[],
  { operation }: AnyOperationHandler,
  caller: Caller,
  origin: Origin,
  at: Date,
): AuditEntry[] {
  const common = { at, caller, origin, action: operation.name, outcome: "success", reason: null } as const;
  if (changes.length === 0) return [{ ...common, target: null, before: null, after: null }];
  return changes.map(({ kind, id, name, before, after }) => ({ ...common, target: { kind, id, name }, before, after }));
}

type Repeat = {
  find(tx: Executor): Promise<{ readonly output: unknown } | undefined>;
  keep(tx: Executor, output: unknown): Promise<void>;
};

function createRepeat(
  { sealing, pepper }: RunDeps,
  { operation }: AnyOperationHandler,
  caller: Caller,
  input: unknown,
  { idempotencyKey: key, dryRun }: RunOptions,
  now: Date,
): Repeat | undefined {
  // What is only read may change or end meanwhile, and each reading that is audited is one.
  if (key === undefined || dryRun === true || !isWrite(operation)) return undefined;
  const id = { callerId: caller.keyId === "" ? caller.principal.id : caller.keyId, key };
  // An input may hold a secret: who has the database alone must not be able to try what it was.
  const fingerprint = pepper.hmac(JSON.stringify([operation.name, input]));
  const context = nameContext("idempotent_answer", "answer", `${id.callerId} ${key}`);
  return {
    async find(tx) {
      await forgetIdempotentAnswers(tx, new Date(now.getTime() - keptForMs));
      const found = await takeIdempotentKey(tx, id);
      if (found === undefined) return undefined;
      if (!fingerprint.equals(found.fingerprint)) {
        throw new AppError("conflict", "This Idempotency-Key was used for another request. Use a new one.");
      }
      return { output: JSON.parse((await sealing.open(found.answer, context)).reveal()) as unknown };
    },
    async keep(tx, output) {
      const answer = await sealing.seal(createSecret(JSON.stringify(output)), context);
      await keepIdempotentAnswer(tx, { ...id, fingerprint, answer, createdAt: now });
    },
  };
}
