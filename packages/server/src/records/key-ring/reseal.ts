// Owns sealing everything anew after a rotation: only data keys are wrapped again, texts are not opened. What is left to do
// is what the tables say, so that it goes on wherever it was stopped, and any number of routers may do it at once.

import { setImmediate as breathe } from "node:timers/promises";
import type { Log } from "../../platform/log.ts";
import { nameContext, type Envelope } from "../../platform/sealing.ts";
import type { SealedColumn } from "../../store/sealed-columns.ts";
import type { KeyRingStore } from "./store.ts";

export type ResealResult = {
  readonly resealed: number;
  /** Texts that could not be: their key is not here, or they are damaged. Each is in the log. */
  readonly failed: number;
};

const batchSize = 100;

/** One pass over all columns. Throws when the database does not answer. */
export async function resealAll(
  deps: {
    readonly store: KeyRingStore;
    readonly envelope: Envelope;
    readonly columns: readonly SealedColumn[];
    readonly log: Log;
  },
  keyId: string,
  signal: AbortSignal,
): Promise<ResealResult> {
  const { store, envelope, columns, log } = deps;
  let resealed = 0;
  let failed = 0;
  for (const column of columns) {
    let after: readonly string[] | undefined;
    while (!signal.aborted) {
      const batch = await store.readForeign(column, keyId, after, batchSize);
      for (const text of batch) {
        const row = text.key.join(" ");
        try {
          const sealed = await envelope.rewrap(text.sealed, nameContext(column.table, column.column, row), keyId);
          // Whoever replaced the text meanwhile has sealed it with the current key, or the next pass finds it.
          if (await store.replace(column, text, sealed)) resealed++;
        } catch (err) {
          failed++;
          log.error({ err, table: column.table, column: column.column, row }, "A stored secret cannot be sealed anew");
        }
      }
      after = batch.at(-1)?.key;
      if (batch.length < batchSize) break;
      await breathe();
    }
  }
  return { resealed, failed };
}
