// Cells of the matrix that do not hold yet, and why. They run and are counted as todo; one that holds must leave this list.

import type { DialectName } from "@auxot/wire/chat";
import type { SourceName } from "./scenarios.ts";

type Known = {
  readonly caller: DialectName;
  readonly sources: readonly SourceName[];
  readonly scenario: string;
  readonly reason: string;
};

const known: readonly Known[] = [
  {
    caller: "anthropic-messages",
    sources: ["openai-responses", "openai-chat", "worker"],
    scenario: "refusal",
    reason: "a marked refusal that ends with a plain stop is told as end_turn, and should be stop_reason refusal",
  },
];

/** Undefined for a cell that must hold. */
export function findKnown(caller: DialectName, source: SourceName, scenario: string): string | undefined {
  return known.find((row) => row.caller === caller && row.sources.includes(source) && row.scenario === scenario)
    ?.reason;
}
