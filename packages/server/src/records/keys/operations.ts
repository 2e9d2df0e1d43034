// Does what wire/operations/keys.ts declares.

import { createKey, listKeys, revokeKey, type KeyView } from "@auxot/wire/operations/keys";
import { eraseHandler, type AnyOperationHandler, type Work } from "../../operations/handler.ts";
import { requireAccess } from "../../platform/access/may.ts";
import type { Keys } from "./keys.ts";

/** The handlers of `keys.create`, `keys.list` and `keys.revoke`. */
export function createKeyOperations(keys: Keys): readonly AnyOperationHandler[] {
  return [
    eraseHandler({
      operation: createKey,
      async handle(caller, input, work) {
        requireAccess(caller, createKey.action);
        const { key, ...view } = await keys.create(input, work);
        tell(work, null, view);
        return { ...view, key };
      },
    }),
    eraseHandler({ operation: listKeys, handle: (caller, input, { tx }) => keys.list(tx, caller, input) }),
    eraseHandler({
      operation: revokeKey,
      async handle(caller, { id }, work) {
        requireAccess(caller, revokeKey.action);
        const { before, after } = await keys.revoke(id, work);
        tell(work, before, after);
        return after;
      },
    }),
  ];
}

function tell(work: Work, before: KeyView | null, after: KeyView): void {
  work.changed({ kind: "key", id: after.id, name: after.name, before, after });
}
