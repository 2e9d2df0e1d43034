// SQL that writes the usage_record table: one row a request, each noted as not rolled up yet.

import type { FormatName } from "@auxot/wire/chat";
import type { ErrorCode } from "@auxot/wire/errors";
import type { Tier } from "@auxot/wire/model-offer";
import type { Usage } from "@auxot/wire/usage";
import type { Database } from "../../store/database.ts";

export type UsageOutcome = "ok" | "error" | "cancelled";

/** What one request used. Names are copied, so that the row outlives keys and providers. */
export type UsageRow = {
  /** The request's id; a second row of the same id is ignored. */
  readonly id: string;
  /** Milliseconds since 1970, when the request arrived. */
  readonly at: number;
  /** Empty for somebody signed in. */
  readonly keyId: string;
  readonly keyName: string;
  /** The principal whose key it is; absent: the organisation. */
  readonly ownerId?: string;
  /** The team it counts for, where that is one. */
  readonly teamId?: string;
  readonly dialect: FormatName;
  readonly stream: boolean;
  readonly requestedModel: string;
  /** Absent when no source was tried; the same for the next three. */
  readonly model?: string;
  readonly tier?: Tier;
  readonly provider?: string;
  /** The worker's name. */
  readonly worker?: string;
  /** Sources tried. */
  readonly tries: number;
  readonly usage: Usage;
  /** Absent when nobody knows the price. */
  readonly costMicroUsd?: number;
  /** What the cloud would have cost, less that; absent when there is nothing to compare with. */
  readonly savedMicroUsd?: number;
  readonly queueMs: number;
  /** Absent when no content came. */
  readonly firstTokenMs?: number;
  readonly totalMs: number;
  readonly outcome: UsageOutcome;
  readonly errorCode?: ErrorCode;
  /** HTTP status sent, or 499 when the caller went away first. */
  readonly status: number;
  /** In the order of their letters, each once. */
  readonly tags: readonly string[];
  /** The caller's program, as it calls itself. */
  readonly client?: string;
};

export type UsageStore = {
  /** Writes all rows in one statement; rows whose id is there already are skipped. */
  insert(rows: readonly UsageRow[]): Promise<void>;
};

const columns = (
  "id at key_id key_name owner_id team_id dialect stream requested_model model tier provider worker tries input_tokens output_tokens " +
  "cached_input_tokens cache_write_tokens reasoning_tokens usage_estimated cost_micro_usd saved_micro_usd queue_ms " +
  "first_token_ms total_ms outcome error_code status tags client"
).replaceAll(" ", ", ");

export function createUsageStore({ sql }: Database): UsageStore {
  return {
    async insert(rows) {
      if (rows.length === 0) return;
      // One JSON parameter: building a statement with a parameter a value costs the event loop milliseconds a batch.
      const json = JSON.stringify(rows.map(toColumns));
      await sql`
        with added as (
          insert into usage_record (${sql.unsafe(columns)})
          select ${sql.unsafe(columns)} from jsonb_populate_recordset(null::usage_record, ${json}::text::jsonb)
          on conflict (id) do nothing
          returning id
        )
        insert into usage_pending (record_id) select id from added`;
    },
  };
}

function toColumns(row: UsageRow): Record<string, unknown> {
  const { usage } = row;
  return {
    id: row.id,
    at: new Date(row.at).toISOString(),
    key_id: row.keyId,
    key_name: toStorableText(row.keyName),
    owner_id: row.ownerId,
    team_id: row.teamId,
    dialect: row.dialect,
    stream: row.stream,
    requested_model: toStorableText(row.requestedModel),
    model: row.model && toStorableText(row.model),
    tier: row.tier,
    provider: row.provider && toStorableText(row.provider),
    worker: row.worker && toStorableText(row.worker),
    tries: row.tries,
    input_tokens: Math.round(usage.inputTokens),
    output_tokens: Math.round(usage.outputTokens),
    cached_input_tokens: Math.round(usage.cachedInputTokens),
    cache_write_tokens: Math.round(usage.cacheWriteTokens),
    reasoning_tokens: Math.round(usage.reasoningTokens),
    usage_estimated: usage.estimated === true,
    cost_micro_usd: row.costMicroUsd,
    saved_micro_usd: row.savedMicroUsd,
    queue_ms: toMs(row.queueMs),
    first_token_ms: row.firstTokenMs === undefined ? undefined : toMs(row.firstTokenMs),
    total_ms: toMs(row.totalMs),
    outcome: row.outcome,
    error_code: row.errorCode,
    status: row.status,
    tags: row.tags,
    client: row.client,
  };
}

/** What the columns hold. */
const longestMs = 2 ** 31 - 1;

/** A clock that was set while a request ran makes years of it, or less than nothing. */
function toMs(ms: number): number {
  return Math.min(longestMs, Math.max(0, Math.round(ms)));
}

/** Callers and workers write what they like, but Postgres keeps neither NUL nor half a surrogate pair. */
function toStorableText(text: string): string {
  return text.toWellFormed().replaceAll("\0", "");
}
