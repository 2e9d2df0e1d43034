// `npm run bench:admission`: what admission costs a request in processor time, with five nested limits, beside what deciding
// where it goes costs without. No sockets, no database: the store of leases answers from memory.

import { parseArgs } from "node:util";
import { openAdmission, type AdmissionRoom } from "../packages/server/src/admission/admission.ts";
import type { LeaseStore } from "../packages/server/src/admission/lease-store.ts";
import { readDemand } from "../packages/server/src/inference/admit.ts";
import { openRules } from "../packages/server/src/inference/route-rules.ts";
import { readNeeds } from "../packages/server/src/inference/needs.ts";
import { planRoute } from "../packages/server/src/inference/plan.ts";
import type { Caller } from "../packages/server/src/platform/caller.ts";
import { createLog } from "../packages/server/src/platform/log.ts";
import type { Offer } from "../packages/server/src/sources/source.ts";
import type { ChatRequest } from "@auxot/wire/chat";
import type { Limit } from "@auxot/wire/limit";
import { findMedian } from "./statistics.ts";

const { values: flags } = parseArgs({ options: { json: { type: "boolean", default: false } } });

const rounds = 9;
const requestsPerRound = 20_000;
const targetMicroseconds = 50;

const request: ChatRequest = {
  model: "auto",
  messages: [
    { role: "user", content: [{ type: "text", text: "Please tell me about the harbour at night. ".repeat(18) }] },
  ],
  tools: [],
  maxOutputTokens: 500,
  stream: true,
};
const usage = { inputTokens: 200, outputTokens: 300, cachedInputTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 };

/** Twenty models: four on GPUs, sixteen of clouds. */
const offers: readonly Offer[] = Array.from({ length: 20 }, (_, at) => ({
  tier: at < 4 ? "gpu" : "cloud",
  providerId: `prv_${at % 4}`,
  provider: `provider-${at % 4}`,
  model: `model-${at}`,
  aliases: [],
  abilities: { tools: true, images: false, reasoning: false },
  contextTokens: 100_000,
  freeSlots: 4,
}));

const caller: Caller = {
  kind: "caller",
  keyId: "key_1",
  name: "bench",
  principal: { type: "user", id: "usr_1" },
  orgRole: "member",
  teams: [{ id: "tem_1", name: "Team", role: "member" }],
  roles: [],
  scopes: null,
  models: null,
};

const plenty = 1_000_000_000_000;
const base = { action: "block", model: null, amount: plenty } as const;
/** One of each kind, nested: key, person, team, everybody, and one of a model. */
const limits: readonly Limit[] = [
  { ...base, id: "lim_1", subject: { type: "key", id: "key_1" }, measure: "requests", window: "minute" },
  { ...base, id: "lim_2", subject: { type: "user", id: "usr_1" }, measure: "tokens", window: "minute" },
  { ...base, id: "lim_3", subject: { type: "user", id: "usr_1" }, measure: "concurrency", window: null },
  { ...base, id: "lim_4", subject: { type: "team", id: "tem_1" }, measure: "money", window: "month" },
  { ...base, id: "lim_5", subject: { type: "org", id: "" }, measure: "money", window: "day", model: "provider-1/*" },
];

const leases: LeaseStore = {
  sync: async (asks) => asks.map(({ holderId }) => ({ holderId, granted: plenty, open: 0, spentElsewhere: 0 })),
  readSpent: async () => 0,
  endAll: async () => {},
  forget: async () => 0,
};

const signal = new AbortController().signal;
const place = { tier: "cloud", provider: "provider-1", model: "model-5" } as const;

await main();

async function main(): Promise<void> {
  const lanes = [
    { name: "no admission", room: undefined },
    { name: "no limits", room: await open([]) },
    { name: "five nested limits", room: await open(limits) },
  ];
  const times = new Map<string, number[]>();
  for (let round = 0; round <= rounds; round++) {
    for (const { name, room } of lanes) {
      const microseconds = await measure(room);
      // The first is for warming up.
      if (round > 0) times.set(name, [...(times.get(name) ?? []), microseconds]);
    }
  }
  for (const { room } of lanes) await room?.close();
  const rows = lanes.map(({ name }) => ({ name, microseconds: findMedian(times.get(name) ?? []) }));
  report(rows);
}

function open(all: readonly Limit[]): Promise<AdmissionRoom> {
  return openAdmission({
    limits: { listAll: async () => all, readStamp: async () => String(all.length) },
    leases,
    costOf: ({ tier }, { inputTokens, outputTokens }) => (tier === "cloud" ? inputTokens * 3 + outputTokens * 15 : 0),
    clock: { now: () => Date.now(), ticks: () => performance.now() },
    log: createLog("error"),
    alone: true,
    waitMs: 1000,
    writeAlert: async () => false,
  });
}

/** Microseconds of processor time a request. */
async function measure(room: AdmissionRoom | undefined): Promise<number> {
  const before = process.cpuUsage();
  for (let at = 0; at < requestsPerRound; at++) {
    const needs = readNeeds(request);
    const admission = await room?.admit(caller, () => readDemand(request, needs, offers, openRules), signal);
    planRoute(request.model, needs, offers, 0, undefined, undefined, admission?.restriction);
    admission?.settle(place, usage);
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / requestsPerRound;
}

function report(rows: readonly { readonly name: string; readonly microseconds: number }[]): void {
  const [none = { microseconds: Number.NaN }] = rows;
  const compared = rows.map(({ name, microseconds }) => ({
    name,
    microseconds,
    more: microseconds - none.microseconds,
    ratio: microseconds / none.microseconds,
  }));
  if (flags.json) {
    console.log(JSON.stringify({ targetMicroseconds, rows: compared }, null, 2));
    return;
  }
  console.log(`Deciding where a request goes, processor time; medians of ${rounds} rounds of ${requestsPerRound}\n`);
  for (const { name, microseconds, more, ratio } of compared) {
    const cells = [`${microseconds.toFixed(1)} µs`, `+${Math.max(0, more).toFixed(1)} µs`, `x ${ratio.toFixed(2)}`];
    console.log(name.padEnd(24) + cells.map((cell) => cell.padStart(12)).join(""));
  }
  console.log(`\nTarget: at most ${targetMicroseconds} µs more.`);
}
