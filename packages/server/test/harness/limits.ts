// Limits on a test's database, and admission as a router does it, without a router.

import type { Limit, NewLimit } from "@auxot/wire/limit";
import { openAdmission, type AdmissionDeps, type AdmissionRoom } from "../../src/admission/admission.ts";
import type { Demand } from "../../src/admission/estimate.ts";
import { createLeaseStore } from "../../src/admission/lease-store.ts";
import type { AlertRecord } from "../../src/records/limits/store.ts";
import { createLimitStore } from "../../src/records/limits/store.ts";
import { createOrgCaller, type Caller } from "../../src/platform/caller.ts";
import type { Database } from "../../src/store/database.ts";
import { quietLog } from "./quiet-log.ts";

export const orgSubject = { type: "org", id: "" } as const;

export const someKey: Caller = createOrgCaller("key_1", "app", false);

/** Puts a limit into the database; what is left out is a block for everybody. */
export async function insertLimit(
  database: Database,
  limit: Partial<NewLimit> & Pick<NewLimit, "measure" | "amount">,
  id = `lim_${Math.random().toString(36).slice(2)}`,
): Promise<Limit> {
  const whole: Limit = { subject: orgSubject, window: null, action: "block", model: null, id, ...limit };
  const now = new Date();
  await createLimitStore(database).insert(database.db, { ...whole, version: 1, createdAt: now, updatedAt: now });
  return whole;
}

export type TestAdmission = AdmissionRoom & AsyncDisposable & { readonly alerts: AlertRecord[] };

/** One router's admission. Unless said otherwise it shares the database, and a token costs a micro-dollar anywhere but on GPUs. */
export async function startAdmission(
  database: Database,
  options: Partial<AdmissionDeps> & { readonly ticks?: () => number; readonly now?: () => number } = {},
): Promise<TestAdmission> {
  const { ticks = () => performance.now(), now = () => Date.now(), ...deps } = options;
  const alerts: AlertRecord[] = [];
  const room = await openAdmission({
    limits: createLimitStore(database),
    leases: createLeaseStore(database),
    costOf: ({ tier }, usage) => (tier === "cloud" ? usage.inputTokens + usage.outputTokens : 0),
    clock: { now, ticks },
    log: quietLog,
    alone: false,
    waitMs: 1000,
    async writeAlert(alert) {
      const isNew = await createLimitStore(database).insertAlert(database.db, alert);
      if (isNew) alerts.push(alert);
      return isNew;
    },
    ...deps,
  });
  return { ...room, alerts, [Symbol.asyncDispose]: () => room.close() };
}

/** A request for a cloud model with a prompt of one token. */
export function demand(part: Partial<Demand> & { readonly outputTokens?: number } = {}): Demand {
  const { outputTokens = 9, ...rest } = part;
  return {
    candidates: [{ tier: "cloud", provider: "cloud", model: "cloud-model" }],
    inputTokens: 1,
    maxOutputTokens: outputTokens,
    answers: 1,
    ...rest,
  };
}

type Json = Readonly<Record<string, unknown>>;

/** What a router's administrative API answers. */
export async function administer(
  app: { readonly url: string; readonly key: string },
  method: string,
  path: string,
  body?: object,
  key = app.key,
): Promise<{ readonly status: number; readonly body: Json }> {
  const response = await fetch(app.url + path, {
    method,
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Json };
}

/** Sets a limit for everybody unless it says for whom. Its id. */
export async function setLimit(app: { readonly url: string; readonly key: string }, limit: object): Promise<string> {
  const { status, body } = await administer(app, "POST", "/api/limits", { subject: "org", ...limit });
  if (status !== 200) throw new Error(JSON.stringify(body));
  return String(body["id"]);
}

/** What is used of a limit, once it is what a test waits for. */
export async function waitForUse(
  app: { readonly url: string; readonly key: string },
  id: string,
  isEnough: (used: number) => boolean,
): Promise<number> {
  for (;;) {
    const { body } = await administer(app, "GET", `/api/limit-status?id=${id}`);
    const [status] = body["limits"] as readonly { readonly used: number }[];
    if (status !== undefined && isEnough(status.used)) return status.used;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
