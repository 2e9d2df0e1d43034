// What a caller is to understand of a scenario, in the words of its own format.

import assert from "node:assert/strict";
import type { DialectName } from "@auxot/wire/chat";
import type { Usage } from "@auxot/wire/usage";
import type { Exchange, Seen } from "./callers.ts";
import type { Scenario, SourceName } from "./scenarios.ts";
import { readFrames, type Frame } from "./stream-laws.ts";

type Stops = Readonly<Record<Scenario["stop"], string>>;

const stops: Readonly<Record<DialectName, Stops>> = {
  "openai-chat": { stop: "stop", length: "length", "tool-calls": "tool_calls", refusal: "content_filter" },
  "openai-responses": {
    stop: "completed",
    length: "incomplete: max_output_tokens",
    "tool-calls": "completed",
    refusal: "incomplete: content_filter",
  },
  "anthropic-messages": { stop: "end_turn", length: "max_tokens", "tool-calls": "tool_use", refusal: "refusal" },
};

const partNames: Readonly<Record<DialectName, readonly [reasoning: string, text: string, call: string]>> = {
  "openai-chat": ["", "", ""],
  "openai-responses": ["reasoning", "message", "function_call"],
  "anthropic-messages": ["thinking", "text", "tool_use"],
};

/** These mark what the model said as a refusal; the others only say at the end that it was one. */
const marksRefusals: ReadonlySet<SourceName> = new Set(["openai-responses", "openai-chat", "worker"]);
/** Chat Completions passed through from a server that says "stop" after its calls: the bytes are the vendor's. */
const passedStops: Partial<Stops> = { "tool-calls": "stop" };
/** OpenAI's Chat Completions keeps the reasoning for itself. */
const tellsReasoning: ReadonlySet<SourceName> = new Set(["openai-responses", "anthropic", "compatible", "worker"]);
const provesReasoning: ReadonlySet<SourceName> = new Set(["openai-responses", "anthropic"]);

/** Everything of an answer but `isProven`, which has its own rule. */
export function expectSeen(
  scenario: Scenario,
  source: SourceName,
  caller: DialectName,
  usage: Usage,
): Omit<Seen, "isProven"> {
  const text = scenario.text.join("");
  const isRefusal = scenario.stop === "refusal";
  // Anthropic's format has no mark, and tells a refusal only by the stop reason.
  const isMarked = isRefusal && marksRefusals.has(source) && caller !== "anthropic-messages";
  const passed = caller === "openai-chat" && source === "compatible" ? passedStops : {};
  const reasoning = tellsReasoning.has(source) ? scenario.reasoning.join("") : "";
  const [reasoningName, textName, callName] = partNames[caller];
  const order = [
    ...(reasoning === "" ? [] : [reasoningName]),
    ...(text === "" ? [] : [textName]),
    ...scenario.calls.map(() => callName),
  ];
  return {
    reasoning,
    text: isMarked ? "" : text,
    refusal: isMarked ? text : "",
    calls: scenario.calls.map(({ id, name, pieces }) => {
      return { id, name, arguments: JSON.parse(pieces.join("")) as unknown };
    }),
    stop: { ...stops[caller], ...passed }[isMarked ? "stop" : scenario.stop],
    usage,
    ...(caller === "openai-chat" ? {} : { order }),
  };
}

/** What a vendor proves must come along, so that it can be sent back; what nobody proved is not asserted here. */
export function checkProof(seen: Seen, source: SourceName): void {
  if (seen.reasoning !== "" && provesReasoning.has(source))
    assert.ok(seen.isProven, "the proof of the reasoning comes along");
}

type Envelope = { readonly status: number; readonly openai: [type: string, code: string]; readonly anthropic: string };
export const envelopes: Readonly<Record<"context-full" | "rate-limit" | "inside", Envelope>> = {
  "context-full": {
    status: 400,
    openai: ["invalid_request_error", "context_length_exceeded"],
    anthropic: "invalid_request_error",
  },
  "rate-limit": { status: 429, openai: ["rate_limit_error", "rate_limited"], anthropic: "rate_limit_error" },
  inside: { status: 502, openai: ["server_error", "source_failed"], anthropic: "api_error" },
};

/**
 * A failure that was told with a status: the caller's own envelope, JSON even when a stream was asked for. `passed` is
 * the body of a vendor whose format is the caller's: clients look for its very words.
 */
export function checkEnvelope(
  caller: DialectName,
  exchange: Exchange,
  expected: Envelope,
  message: RegExp,
  passed: string | undefined,
): void {
  assert.equal(exchange.status, expected.status);
  assert.match(exchange.headers.get("content-type") ?? "", /^application\/json/);
  if (passed !== undefined) return assert.equal(exchange.text, passed);
  const body = JSON.parse(exchange.text) as Frame;
  assert.match(body.error.message, message);
  if (caller === "anthropic-messages") {
    assert.deepEqual(Object.keys(body), ["type", "error", "request_id"]);
    assert.deepEqual([body.type, body.error.type], ["error", expected.anthropic]);
    assert.equal(body.request_id, exchange.headers.get("request-id"));
    return;
  }
  assert.deepEqual(Object.keys(body.error).toSorted(), ["code", "message", "param", "type"]);
  assert.deepEqual([body.error.type, body.error.code], expected.openai);
}

/** A failure that was told inside a stream, as clients of the format look for it. */
export function checkStreamError(caller: DialectName, exchange: Exchange, message: RegExp): void {
  assert.equal(exchange.status, 200);
  const last = readFrames(exchange.text).at(-1);
  const error = caller === "openai-responses" ? last.response.error : last.error;
  assert.match(error.message, message);
  const word = caller === "openai-responses" ? error.code : error.type;
  assert.match(word, caller === "anthropic-messages" ? /^(api|overloaded)_error$/ : /^server_error$/);
}
