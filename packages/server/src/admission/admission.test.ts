import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Limit } from "@auxot/wire/limit";
import { createOrgCaller } from "../platform/caller.ts";
import { createLog } from "../platform/log.ts";
import { openAdmission } from "./admission.ts";

const caller = createOrgCaller("key_1", "app", false);
const limit: Limit = {
  id: "lim_1",
  subject: { type: "org", id: "" },
  measure: "requests",
  window: "day",
  amount: 1,
  action: "block",
  model: null,
};

describe("admission", () => {
  it("keeps the limits it read last, when an older answer of the database comes after them", async () => {
    const answers: PromiseWithResolvers<readonly Limit[]>[] = [];
    const stamps = ["none", "before", "after"];
    const room = await openAdmission({
      limits: {
        readStamp: async () => stamps.shift() ?? "after",
        listAll() {
          const answer = Promise.withResolvers<readonly Limit[]>();
          answers.push(answer);
          // The first is the one at the start.
          if (answers.length === 1) answer.resolve([]);
          return answer.promise;
        },
      },
      leases: { sync: async () => [], readSpent: async () => 0, endAll: async () => {}, forget: async () => 0 },
      costOf: () => 0,
      clock: { now: () => Date.now(), ticks: () => performance.now() },
      log: createLog("fatal"),
      alone: true,
      waitMs: 0,
      writeAlert: async () => false,
    });
    const [early, late] = [room.reload(), room.reload()];
    while (answers.length < 3) await Promise.resolve();
    answers[2]?.resolve([limit]);
    await late;
    answers[1]?.resolve([]);
    await early;
    assert.deepEqual(room.findIdsFor(caller), ["lim_1"]);
    await room.close();
  });
});
