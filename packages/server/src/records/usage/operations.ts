// Does what wire/operations/usage.ts declares.

import { listUsageRecords as listOperation, queryUsage } from "@auxot/wire/operations/usage";
import { eraseHandler, type AnyOperationHandler } from "../../operations/handler.ts";
import { answerUsage } from "./query.ts";
import type { UsageQueryStore } from "./query-store.ts";
import type { ListUsageRecords } from "./records-store.ts";
import { findVisibleUsage } from "./visible-usage.ts";

/** The handlers of `usage.query` and `usage.records`: everybody sees their own, team admins their team's, admins all. */
export function createUsageOperations(deps: {
  readonly store: UsageQueryStore;
  readonly list: ListUsageRecords;
}): readonly AnyOperationHandler[] {
  return [
    eraseHandler({
      operation: queryUsage,
      handle: (caller, input, { now }) => answerUsage(deps.store, input, findVisibleUsage(caller), now),
    }),
    eraseHandler({
      operation: listOperation,
      async handle(caller, input, { tx }) {
        const { items, nextCursor } = await deps.list(tx, input, findVisibleUsage(caller));
        return { items: [...items], nextCursor };
      },
    }),
  ];
}
