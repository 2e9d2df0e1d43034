// What is asked and answered in the matrix test, in nobody's format: the data every source plays and every caller expects.

import type { DialectName } from "@auxot/wire/chat";

export const callerNames: readonly DialectName[] = ["openai-chat", "openai-responses", "anthropic-messages"];
export const sourceNames = ["openai-responses", "openai-chat", "anthropic", "compatible", "worker"] as const;
export type SourceName = (typeof sourceNames)[number];

/** Six questions; the other scenarios ask the first one again. */
export type AskName = "text" | "tools" | "parallel" | "results" | "reasoning" | "structured";

export type Call = { readonly id: string; readonly name: string; readonly pieces: readonly string[] };

/** Where it fails: with a status instead of an answer, or after the answer began. */
export type Failure = "context-full" | "rate-limit" | "inside";

export type Scenario = {
  readonly name: string;
  /** Ends the test's sentence: the caller … */
  readonly says: string;
  readonly ask: AskName;
  readonly reasoning: readonly string[];
  /** As the source cuts it. With `refusal` it is what the model says instead of an answer. */
  readonly text: readonly string[];
  readonly calls: readonly Call[];
  readonly stop: "stop" | "length" | "tool-calls" | "refusal";
  readonly failure?: Failure;
};

const plain = { ask: "text", reasoning: [], text: [], calls: [], stop: "stop" } as const;
const weather: Call = { id: "call_a1", name: "weather", pieces: ['{"city":', '"Ulm"}'] };
const clock: Call = { id: "call_b2", name: "clock", pieces: ['{"zone":"CET","exact":true}'] };

export const scenarios: readonly Scenario[] = [
  { ...plain, name: "text", says: "gets the text", text: ["Hello, ", "Ülm ", "😀"] },
  { ...plain, name: "tools", says: "gets the call", ask: "tools", calls: [weather], stop: "tool-calls" },
  {
    ...plain,
    name: "parallel tools",
    says: "gets the text and both calls, apart and in order",
    ask: "parallel",
    text: ["Looking ", "it up."],
    calls: [weather, clock],
    stop: "tool-calls",
  },
  {
    ...plain,
    name: "tool results with images",
    says: "has its tool results and their image understood",
    ask: "results",
    text: ["It rains", " at noon."],
  },
  {
    ...plain,
    name: "reasoning",
    says: "gets the reasoning before the answer",
    ask: "reasoning",
    reasoning: ["First ", "think."],
    text: ["Forty", "-two."],
  },
  {
    ...plain,
    name: "structured output",
    says: "gets JSON of the schema it asked for",
    ask: "structured",
    text: ['{"city":', '"Ulm","degrees":7}'],
  },
  {
    ...plain,
    name: "refusal",
    says: "is told that the model refuses",
    text: ["I can't ", "help with that."],
    stop: "refusal",
  },
  {
    ...plain,
    name: "length stop",
    says: "is told that the limit cut it off",
    text: ["Once upon ", "a"],
    stop: "length",
  },
  {
    ...plain,
    name: "error before the stream",
    says: "gets its own envelope when the context is full",
    failure: "context-full",
  },
  {
    ...plain,
    name: "rate limit before the stream",
    says: "gets its own envelope and the wait when the source is rate limited",
    failure: "rate-limit",
  },
  {
    ...plain,
    name: "error inside the stream",
    says: "is told of a failure in the middle and never sees a clean end",
    text: ["Half of ", "it"],
    failure: "inside",
  },
];

/** Tokens every source reports, but for `reasoning`, which only the reasoning scenario has, and `cacheWrite`. */
export const tokens = { input: 20, output: 9, cached: 6, reasoning: 4 };
export const proof = "EqQBCgIYAhIM1gbcDa9GJwZA2b3h";

/** A PNG of one pixel. */
export const pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

export const weatherSchema = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
  additionalProperties: false,
};
export const clockSchema = {
  type: "object",
  properties: { zone: { $ref: "#/$defs/zone" }, exact: { type: "boolean" } },
  $defs: { zone: { type: "string", enum: ["CET", "UTC"] } },
};
export const answerSchema = {
  type: "object",
  properties: { city: { type: "string" }, degrees: { type: "integer" } },
  required: ["city", "degrees"],
  additionalProperties: false,
};

/** Anthropic's output format is always strict; the other callers leave it out here. */
export function strictFor(caller: DialectName): { readonly strict?: true } {
  return caller === "anthropic-messages" ? { strict: true } : {};
}

export function reasons(scenario: Scenario): boolean {
  return scenario.ask === "reasoning";
}
