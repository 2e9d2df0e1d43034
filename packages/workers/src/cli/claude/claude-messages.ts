// The messages Claude Code writes in stream-json, as far as this worker reads them (recorded from 2.1.330). Fields it does
// not read are left out; kinds it does not know pass as they are.

import type { LimitReport } from "../adapter.ts";

export type ClaudeMessage = { readonly type: string; readonly [field: string]: unknown };

/** One event of the Messages API, passed on by Claude Code, with `--include-partial-messages`. */
export type StreamEventMessage = ClaudeMessage & {
  readonly type: "stream_event";
  readonly event: { readonly type: string; readonly [field: string]: unknown };
  /** Set in the turns of sub-agents. */
  readonly parent_tool_use_id: string | null;
};

/** The turn is over. With `is_error`, `result` is a sentence that says why. */
export type ResultMessage = ClaudeMessage & {
  readonly type: "result";
  readonly subtype: string;
  readonly is_error?: boolean;
  readonly result?: string;
  readonly errors?: readonly string[];
  readonly terminal_reason?: string;
  /** Absent or null where no API answered. */
  readonly api_error_status?: number | null;
  readonly api_error_type?: string;
};

/** Claude Code waits and asks the API again. */
export type RetryMessage = ClaudeMessage & {
  readonly type: "system";
  readonly subtype: "api_retry";
  readonly retry_delay_ms?: number;
  readonly error_status?: number | null;
};

export function isStreamEvent(message: ClaudeMessage): message is StreamEventMessage {
  return message.type === "stream_event" && isRecord(message["event"]);
}

export function isResult(message: ClaudeMessage): message is ResultMessage {
  return message.type === "result";
}

export function isRetry(message: ClaudeMessage): message is RetryMessage {
  return message.type === "system" && message["subtype"] === "api_retry";
}

/** Ids of the calls whose results this message gives to the model. */
export function listResults(message: ClaudeMessage): readonly string[] {
  const body = message["message"];
  if (message.type !== "user" || !isRecord(body) || !Array.isArray(body["content"])) return [];
  const blocks: readonly unknown[] = body["content"];
  return blocks.flatMap((block) =>
    isRecord(block) && block["type"] === "tool_result" ? [String(block["tool_use_id"])] : [],
  );
}

/** Undefined for other messages. Claude Code gives times in seconds. */
export function readLimit(message: ClaudeMessage): LimitReport | undefined {
  const info = message["rate_limit_info"];
  if (message.type !== "rate_limit_event" || !isRecord(info)) return undefined;
  const windows = isRecord(info["unifiedWindows"]) ? Object.values(info["unifiedWindows"]) : [];
  const used = windows.flatMap((window) =>
    isRecord(window) && typeof window["utilization"] === "number" ? [window["utilization"]] : [],
  );
  if (typeof info["utilization"] === "number") used.push(info["utilization"]);
  const resetsAt = info["resetsAt"];
  return {
    isRejected: info["status"] === "rejected" && info["isUsingOverage"] !== true,
    ...(typeof resetsAt === "number" ? { resetsAt: resetsAt * 1000 } : {}),
    ...(used.length === 0 ? {} : { load: Math.min(1, Math.max(0, ...used)) }),
  };
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
