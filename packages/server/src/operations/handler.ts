// Owns the pairing of a declared operation with the code that does it, and what that code is given.

import { AppError } from "@auxot/wire/errors";
import type { Change, Operation } from "@auxot/wire/operations/define-operation";
import { maxPageSize, type Page } from "@auxot/wire/operations/page";
import { requireAnywhere } from "../platform/access/may.ts";
import type { Caller } from "../platform/caller.ts";
import type { Executor } from "../store/database.ts";
import { readInput } from "./read-input.ts";

/** One run of an operation. */
export type Work = {
  /** Everything a write does to the database goes through it: one transaction, which a dry run rolls back. */
  readonly tx: Executor;
  readonly now: Date;
  /** What reaches beyond the database must not be done then. */
  readonly isDryRun: boolean;
  /** Tells what was done to one thing: the audit trail and the dry run's answer are made of it. Never holds a secret. */
  changed(change: Change): void;
  /** For caches and announcements: runs when the change is there for everybody, in order; never in a dry run. */
  afterCommit(effect: () => Promise<void> | void): void;
};

/**
 * `input` has passed `operation.input`, and the caller may do `operation.action` on something: whether on this thing is
 * for `handle` to ask (`requireAccess`). What it returns is cut to `operation.output`. Throws AppError.
 */
export type OperationHandler<Input, Output> = {
  readonly operation: Operation<Input, Output>;
  handle(caller: Caller, input: Input, work: Work): Promise<Output>;
};

/** A handler of any operation, as the faces keep them. */
export type AnyOperationHandler = {
  readonly operation: Operation;
  handle(caller: Caller, input: unknown, work: Work): Promise<unknown>;
};

/** Forgets the input type, safely: the input goes through `operation.input` first. */
export function eraseHandler<Input, Output>(handler: OperationHandler<Input, Output>): AnyOperationHandler {
  return {
    operation: handler.operation,
    handle: (caller, input, work) => handler.handle(caller, handler.operation.input.parse(input), work),
  };
}

/** One operation, for other operations to do as a part of theirs: in the same transaction, under the caller's own rights. */
export type ChosenOperation<Output, Sent> = {
  run(caller: Caller, input: Sent, work: Work): Promise<Output>;
  /** Of a list: everything it holds. */
  all(caller: Caller, input: Sent, work: Work): Promise<ItemsOf<Output>>;
};

type ItemsOf<Output> = Output extends { readonly items: infer Items } ? Items : never;

/** Throws an Error when nobody does it. */
export function chooseOperation<Input, Output, Sent>(
  handlers: readonly AnyOperationHandler[],
  operation: Operation<Input, Output, Sent>,
): ChosenOperation<Output, Sent> {
  const handler = handlers.find((one) => one.operation.name === operation.name);
  if (handler === undefined) throw new Error(`Nobody does ${operation.name}.`);
  const run = async (caller: Caller, input: unknown, work: Work): Promise<Output> => {
    requireAnywhere(caller, operation.action);
    return operation.output.parse(await handler.handle(caller, readInput(handler.operation, input), work));
  };
  return {
    run,
    async all(caller, input, work) {
      const items: unknown[] = [];
      let cursor: string | null = null;
      do {
        const asked: object = { ...input, limit: maxPageSize, ...(cursor === null ? {} : { cursor }) };
        const page = (await run(caller, asked, work)) as Page<unknown>;
        items.push(...page.items);
        cursor = page.nextCursor;
      } while (cursor !== null);
      return items as ItemsOf<Output>;
    },
  };
}

/** Throws `conflict` when the thing is no more as the caller saw it. `asked` undefined: the caller does not care. */
export function requireVersion(kind: string, current: number, asked: number | undefined): void {
  if (asked === undefined || asked === current) return;
  throw new AppError(
    "conflict",
    `Somebody else changed this ${kind} meanwhile: it is at version ${current}, not ${asked}. Read it again and repeat the change.`,
    { param: "version" },
  );
}
