// Does operations on a database as the router does them, without its HTTP edge.

import type { Operation } from "@auxot/wire/operations/define-operation";
import type { AuditEntry, Origin } from "../../src/operations/audit-entry.ts";
import type { AnyOperationHandler } from "../../src/operations/handler.ts";
import { createRunOperation, type RunOptions } from "../../src/operations/run.ts";
import { createOrgCaller, type Caller } from "../../src/platform/caller.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { createPepper } from "../../src/platform/sealing.ts";
import { createSealing } from "./one-key.ts";
import { createSecret } from "../../src/platform/secret-text.ts";
import type { Database } from "../../src/store/database.ts";
import { quietLog } from "./quiet-log.ts";

export const orgOwner = createOrgCaller("key_owner", "owner", true);

export const testOrigin: Origin = { face: "api", requestId: "req_test", ip: null, userAgent: null };

export type TestOperations = {
  /** By the organisation's owner unless a caller is given. */
  run<Input, Output, Sent>(
    operation: Operation<Input, Output, Sent>,
    input: object,
    options?: Partial<RunOptions> & { readonly caller?: Caller },
  ): Promise<Output>;
  readonly audited: readonly AuditEntry[];
};

export function createTestOperations(
  database: Database,
  handlers: readonly AnyOperationHandler[],
  secretKey = createSecret("a secret key of thirty-two letters"),
): TestOperations {
  const audited: AuditEntry[] = [];
  const runOperation = createRunOperation({
    database,
    sealing: createSealing(secretKey),
    pepper: createPepper(secretKey),
    appendAudit: async (_tx, entries) => void audited.push(...entries),
    clock: systemClock,
    log: quietLog,
  });
  return {
    audited,
    async run<Input, Output, Sent>(
      operation: Operation<Input, Output, Sent>,
      input: object,
      { caller = orgOwner, ...options }: Partial<RunOptions> & { readonly caller?: Caller } = {},
    ) {
      const handler = handlers.find((one) => one.operation.name === operation.name);
      if (handler === undefined) throw new Error(`Nobody does ${operation.name}.`);
      return (await runOperation(handler, caller, input, { origin: testOrigin, ...options })) as Output;
    },
  };
}
