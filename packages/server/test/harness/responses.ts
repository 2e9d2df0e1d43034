// What is kept of responses, over a database of a test, for tests.

import { AppError } from "@auxot/wire/errors";
import { createLog } from "../../src/platform/log.ts";
import { createResponses, type NewResponse, type ResponsesDeps } from "../../src/records/responses/responses.ts";
import { createResponseStore } from "../../src/records/responses/store.ts";
import type { TestDatabase } from "./database.ts";

/** `keep` writes a small row of "key_1"; `time` is what the clock says. */
export function setUpResponses(database: TestDatabase, part: Partial<ResponsesDeps> = {}) {
  const lines: string[] = [];
  const time = { now: Date.parse("2026-01-01") };
  const responses = createResponses({
    store: createResponseStore(database),
    clock: { now: () => time.now },
    log: createLog("debug", (line) => void lines.push(line)),
    retentionDays: 30,
    ...part,
  });
  const keep = (id: string, more: Partial<NewResponse> = {}): Promise<void> =>
    responses.save({
      keyId: "key_1",
      id,
      status: "completed",
      background: false,
      provider: "gpu",
      model: "m",
      heldUpstream: false,
      createdAt: time.now,
      response: JSON.stringify({ id, output: [{ id: `out_${id}` }], text: "\u0000 é 🎉" }),
      input: JSON.stringify([{ id: `in_${id}` }]),
      itemIds: [`in_${id}`, `out_${id}`],
      ...more,
    });
  return { responses, keep, time, lines };
}

/** The database hangs until it is freed. */
export async function lockTable({ sql }: TestDatabase): Promise<{ free(): Promise<void> }> {
  const locked = Promise.withResolvers<void>();
  const freed = Promise.withResolvers<void>();
  const holding = sql.begin(async (own) => {
    await own`lock table stored_response`;
    locked.resolve();
    await freed.promise;
  });
  await locked.promise;
  return {
    async free() {
      freed.resolve();
      await holding;
    },
  };
}

/** For `assert.rejects`. */
export const is = (code: string, message: RegExp) => (error: unknown) =>
  error instanceof AppError && error.code === code && message.test(error.message);
