// Owns what is kept of requests' contents: how much by organisation and team, the writing of it off the path of requests,
// and its end. Nothing is kept unless somebody chose so.

import type { ChatRequest, ChatResult } from "@auxot/wire/chat";
import type { ContentLevel } from "@auxot/wire/operations/request-log";
import type { Caller } from "../../platform/caller.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Log } from "../../platform/log.ts";
import { describeContent, type KeptLevel } from "./content.ts";
import { createRedact, type Redact } from "./redact.ts";
import type { ContentRow, RequestLogStore, SettingRow } from "./store.ts";

/** What is kept of one caller's requests. */
export type Keeping = { readonly level: KeptLevel; readonly retentionDays: number; readonly redact: Redact };

export type KeptRequest = {
  readonly requestId: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly caller: Caller;
  readonly request: ChatRequest;
  /** As far as it came; undefined when nothing did. */
  readonly answer: ChatResult | undefined;
  /** It came to its end. */
  readonly isComplete: boolean;
  /** It was longer than what is kept of one. */
  readonly truncated: boolean;
};

export type RequestLog = {
  /** Undefined: nothing is kept. The strictest of the caller's teams' settings holds; without one, the organisation's. */
  findKeeping(caller: Caller): Keeping | undefined;
  /** Never throws and never waits. */
  keep(kept: KeptRequest, keeping: Keeping): void;
  /** Reads the settings anew, after they were changed here. */
  reload(): Promise<void>;
  /** Writes what is left. */
  close(): Promise<void>;
};

export type RequestLogDeps = {
  readonly store: RequestLogStore;
  readonly clock: Clock;
  readonly log: Log;
  /** How often rows are written; default 1 s. */
  readonly flushEveryMs?: number;
  /** How often settings changed on other routers are read, and expired contents removed; default 10 s. */
  readonly tendEveryMs?: number;
};

const dayMs = 24 * 60 * 60 * 1000;
/** Contents waiting to be written; what comes on top is lost, and said. */
const maxWaitingCharacters = 64 * 1024 * 1024;
const maxBatch = 50;
const removedAtOnce = 500;
/** From the strictest on. */
const levels: readonly ContentLevel[] = ["off", "metadata", "redacted", "full"];

/** Resolves when the settings are known. */
export async function createRequestLog(deps: RequestLogDeps): Promise<RequestLog> {
  const { store, clock, log, flushEveryMs = 1000, tendEveryMs = 10_000 } = deps;
  let settings = new Map<string, { readonly setting: SettingRow; readonly keeping: Keeping | undefined }>();
  const waiting: ContentRow[] = [];
  let waitingCharacters = 0;
  let lost = 0;
  let writing: Promise<void> | undefined;
  let tending: Promise<void> | undefined;

  async function reload(): Promise<void> {
    const rows = await store.listAllSettings();
    settings = new Map(rows.map((setting) => [setting.scope, { setting, keeping: toKeeping(setting) }]));
  }

  async function writeAll(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, maxBatch);
      try {
        await store.insert(batch);
      } catch (err) {
        log.error({ err, waiting: waiting.length }, "Cannot write the contents of requests; trying again");
        return;
      }
      waiting.splice(0, batch.length);
      for (const row of batch) waitingCharacters -= measure(row);
    }
    if (lost > 0) log.error({ lost }, "Contents of requests were lost: the database was away or too slow");
    lost = 0;
  }

  async function tend(): Promise<void> {
    try {
      await reload();
      let removed = removedAtOnce;
      while (removed === removedAtOnce) removed = await store.removeExpired(new Date(clock.now()), removedAtOnce);
    } catch (err) {
      log.warn({ err }, "Cannot tend the request log; trying again later");
    }
  }

  const flushTimer = setInterval(() => {
    if (waiting.length > 0) writing ??= writeAll().finally(() => (writing = undefined));
  }, flushEveryMs).unref();
  const tendTimer = setInterval(() => {
    tending ??= tend().finally(() => (tending = undefined));
  }, tendEveryMs).unref();
  await reload();

  return {
    findKeeping(caller) {
      if (settings.size === 0) return undefined;
      const [strictest] = listTeams(caller)
        .flatMap((team) => settings.get(team) ?? [])
        .toSorted((a, b) => levels.indexOf(a.setting.level) - levels.indexOf(b.setting.level));
      return (strictest ?? settings.get("org"))?.keeping;
    },
    keep({ requestId, at, caller, request, answer, isComplete, truncated }, { level, retentionDays, redact }) {
      if (waitingCharacters > maxWaitingCharacters) {
        lost++;
        return;
      }
      const content = describeContent(request, answer && { ...answer, isComplete }, level, redact);
      const row: ContentRow = {
        requestId,
        at: new Date(at),
        keyId: caller.keyId,
        ownerId: caller.principal.type === "system" ? null : caller.principal.id,
        teamId: caller.principal.type === "team" ? caller.principal.id : null,
        level,
        request: toStorable(content.request),
        answer: content.answer === null ? null : toStorable(content.answer),
        truncated: truncated || content.truncated,
        expiresAt: new Date(at + retentionDays * dayMs),
      };
      waiting.push(row);
      waitingCharacters += measure(row);
    },
    reload,
    async close() {
      clearInterval(flushTimer);
      clearInterval(tendTimer);
      await tending;
      await writing;
      await writeAll();
      if (waiting.length > 0) log.error({ lost: waiting.length }, "Stopping with contents that could not be written");
    },
  };
}

function toKeeping({ level, retentionDays, words }: SettingRow): Keeping | undefined {
  return level === "off" ? undefined : { level, retentionDays, redact: createRedact(words) };
}

function listTeams({ principal, teams }: Caller): readonly string[] {
  return principal.type === "team" ? [principal.id] : teams.map(({ id }) => id);
}

function measure({ request, answer }: ContentRow): number {
  return request.length + (answer?.length ?? 0);
}

/** Postgres takes no NUL; in JSON it stands as an escape. */
function toStorable(value: object): string {
  return JSON.stringify(value);
}
