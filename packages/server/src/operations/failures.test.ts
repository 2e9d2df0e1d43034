import assert from "node:assert/strict";
import { test } from "node:test";
import { AppError } from "@auxot/wire/errors";
import { createOrgCaller } from "../platform/caller.ts";
import type { Log } from "../platform/log.ts";
import type { AuditEntry } from "./audit-entry.ts";
import { createFailures } from "./failures.ts";

const log: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log };
const origin = { face: "api", requestId: "req_1", ip: null, userAgent: null } as const;

test("who is refused without end fills no log: the rest is counted, for each caller by itself", async () => {
  const told = Promise.withResolvers<AuditEntry>();
  const entries: AuditEntry[] = [];
  const state = { now: 0 };
  const database = { db: { transaction: (work: (tx: never) => Promise<void>) => work({} as never) } as never };
  const record = createFailures({
    database,
    appendAudit: async (_tx, [entry]) => {
      if (entry?.action === "audit.omitted") told.resolve(entry);
      else if (entry !== undefined) entries.push(entry);
    },
    clock: { now: () => state.now },
    log,
    maxKept: 3,
    windowMs: 50,
  });
  const [one, other] = [createOrgCaller("key_1", "one", false), createOrgCaller("key_2", "other", false)];
  const denied = new AppError("forbidden", "No.");
  for (let times = 0; times < 10; times++) await record("keys.create", one, origin, denied);
  await record("keys.create", other, origin, new Error("not for people"));
  assert.deepEqual(
    entries.map(({ caller, outcome }) => `${caller.name} ${outcome}`),
    ["one denied", "one denied", "one denied", "other failure"],
  );
  assert.match(entries[3]?.reason ?? "", /Something went wrong inside Auxot/);
  const awake = setInterval(() => {}, 1000);
  const omitted = await told.promise;
  clearInterval(awake);
  assert.match(omitted.reason ?? "", /^7 more changes of this caller were refused or failed/);
  assert.equal(omitted.caller.name, "one");
  state.now = 50;
  await record("keys.create", one, origin, denied);
  assert.equal(entries.length, 5, "the next minute is a new one");
});
