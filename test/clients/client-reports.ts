// Reads what the clients report of a session, one JSON event a line.

import type { ClientName } from "./client-programs.ts";

export type Report = {
  /** What the model said to the user, in order. */
  readonly words: readonly string[];
  /** Tokens of the whole session; `cached` ones are part of the input. */
  readonly used: { readonly input: number; readonly cached: number; readonly output: number };
};

type ClaudeEvent = {
  readonly type: string;
  readonly message?: { readonly content: readonly { readonly type: string; readonly text?: string }[] };
  readonly usage?: {
    readonly input_tokens: number;
    readonly cache_read_input_tokens: number;
    readonly output_tokens: number;
  };
};
type CodexEvent = {
  readonly type: string;
  readonly item?: { readonly type: string; readonly text?: string };
  readonly usage?: {
    readonly input_tokens: number;
    readonly cached_input_tokens: number;
    readonly output_tokens: number;
  };
};

export function readReport(client: ClientName, out: string): Report {
  const events = out
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as unknown);
  return client === "claude" ? readClaude(events as ClaudeEvent[]) : readCodex(events as CodexEvent[]);
}

function readClaude(events: readonly ClaudeEvent[]): Report {
  const usage = events.find(({ type }) => type === "result")?.usage;
  const cached = usage?.cache_read_input_tokens ?? 0;
  return {
    words: events
      .filter(({ type }) => type === "assistant")
      .flatMap(({ message }) => message?.content ?? [])
      .flatMap(({ type, text }) => (type === "text" && text !== undefined ? [text] : [])),
    used: { input: (usage?.input_tokens ?? 0) + cached, cached, output: usage?.output_tokens ?? 0 },
  };
}

function readCodex(events: readonly CodexEvent[]): Report {
  const usage = events.find(({ type }) => type === "turn.completed")?.usage;
  return {
    words: events
      .filter(({ type }) => type === "item.completed")
      .flatMap(({ item }) => (item?.type === "agent_message" ? [item.text ?? ""] : [])),
    used: {
      input: usage?.input_tokens ?? 0,
      cached: usage?.cached_input_tokens ?? 0,
      output: usage?.output_tokens ?? 0,
    },
  };
}
