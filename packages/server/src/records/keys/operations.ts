// Does what wire/operations/keys.ts declares.

import { eraseHandler, type AnyOperationHandler } from "../../platform/operation-handler.ts";
import { createKey, listKeys, revokeKey } from "@auxot/wire/operations/keys";
import type { Keys } from "./keys.ts";

/** The handlers of `keys.create`, `keys.list` and `keys.revoke`. */
export function createKeyOperations(keys: Keys): readonly AnyOperationHandler[] {
  return [
    eraseHandler({ operation: createKey, handle: (_caller, input) => keys.create(input) }),
    eraseHandler({ operation: listKeys, handle: async () => ({ keys: [...(await keys.list())] }) }),
    eraseHandler({ operation: revokeKey, handle: (_caller, input) => keys.revoke(input.id) }),
  ];
}
