// The acts on live workers.

import { listWorkers } from "@auxot/wire/operations/workers";
import { eraseHandler, type AnyOperationHandler } from "../operations/handler.ts";
import type { Hub } from "./hub.ts";

export function createWorkerOperations(hub: Pick<Hub, "workers">): readonly AnyOperationHandler[] {
  return [
    eraseHandler({
      operation: listWorkers,
      handle: () => Promise.resolve({ items: [...hub.workers()], nextCursor: null }),
    }),
  ];
}
