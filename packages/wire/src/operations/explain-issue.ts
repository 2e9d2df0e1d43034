// Says in words for whoever sent an input what a validator found wrong with it. A sentence that a declaration wrote itself
// stays as it is. Pure.

import type { z } from "zod";
import { findNearMatches } from "../near-matches.ts";

/** More than these are not listed: the page about the operation lists them. */
const fewChoices = 12;

/** Without the field's name: `must be at least 1`. Near matches need `reportInput: true` where the input was parsed. */
export function explainIssue(issue: z.core.$ZodIssue): string {
  const { message } = issue;
  if (issue.code === "invalid_value" && message.startsWith("Invalid option: ")) {
    return explainChoices(issue.values.map(String), issue.input);
  }
  if (issue.code === "too_small" && message.startsWith("Too small: ")) {
    return explainBound(String(issue.origin), "least", Number(issue.minimum), issue.inclusive !== false);
  }
  if (issue.code === "too_big" && message.startsWith("Too big: ")) {
    return explainBound(String(issue.origin), "most", Number(issue.maximum), issue.inclusive !== false);
  }
  if (message === "Invalid ISO datetime") return "must be a time with its zone, such as 2027-01-31T12:00:00Z";
  return message
    .replace(/^Invalid (?:input|option): /, "")
    .replace(/^expected (.+), received undefined$/, "is missing: expected $1");
}

function explainChoices(choices: readonly string[], given: unknown): string {
  if (choices.length <= fewChoices) return `must be one of ${choices.join(", ")}`;
  const said = typeof given === "string" ? `"${given.slice(0, 100)}" is` : "is";
  const near = typeof given === "string" ? findNearMatches(given, choices) : [];
  return `${said} none of ${choices.length} values: ${near.length > 0 ? `did you mean ${near.join(" or ")}?` : choices.join(", ")}`;
}

function explainBound(origin: string, side: "least" | "most", bound: number, isInclusive: boolean): string {
  const edge = isInclusive ? `at ${side} ${bound}` : `${side === "least" ? "more" : "less"} than ${bound}`;
  switch (origin) {
    case "string":
      if (side === "least" && bound === 1) return "must not be empty";
      return `must have ${edge} characters`;
    case "array":
    case "set":
      return `must have ${edge} ${bound === 1 ? "entry" : "entries"}`;
    default:
      return `must be ${edge}`;
  }
}
