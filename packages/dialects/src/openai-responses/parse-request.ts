// A Responses request -> ChatRequest. Input items are read in parse-items.ts, tools in parse-tools.ts.

import {
  reasoningEfforts,
  reasoningSummaries,
  verbosities,
  type ChatMessage,
  type ChatRequest,
  type ReasoningRequest,
  type ResponseFormat,
} from "@auxot/wire/chat";
import { AppError } from "@auxot/wire/errors";
import { parseJsonBody } from "../reading/json.ts";
import {
  failField,
  isAbsent,
  noteUnknown,
  optional,
  readArray,
  readName,
  readOneOf,
  readOptionalBoolean,
  readOptionalInteger,
  readOptionalString,
  readRecord,
  readString,
  type Fields,
} from "../reading/read-fields.ts";
import { readEndUser, readJsonSchema, readSampling } from "../reading/openai-fields.ts";
import { readServiceTier } from "../fitting/service-tier.ts";
import { parseInput, type History } from "./parse-items.ts";
import { parseTools } from "./parse-tools.ts";

const knownFields = new Set([
  "model",
  "input",
  "instructions",
  "tools",
  "tool_choice",
  "parallel_tool_calls",
  "max_output_tokens",
  "temperature",
  "top_p",
  "frequency_penalty",
  "presence_penalty",
  "text",
  "reasoning",
  "include",
  "truncation",
  "metadata",
  "prompt_cache_key",
  "service_tier",
  "user",
  "safety_identifier",
  "stream",
  "stream_options",
  "store",
  "background",
  "previous_response_id",
  "conversation",
  "prompt",
]);

/** What the response object says again. `store` and `truncation` are not among them: it tells what was really done. */
const echoedFields = [
  "instructions",
  "max_output_tokens",
  "max_tool_calls",
  "metadata",
  "parallel_tool_calls",
  "temperature",
  "top_p",
  "presence_penalty",
  "frequency_penalty",
  "tool_choice",
  "tools",
  "text",
  "reasoning",
  "user",
  "safety_identifier",
  "prompt_cache_key",
];

/** Reads a request by itself: what names something stored is refused. */
export function parseRequest(body: Uint8Array): ChatRequest {
  const fields = readRecord(parseJsonBody(body), "");
  refuseStored(fields);
  return parseFields(fields, body);
}

/** Reads a request whose stored parts were looked up. */
export function parseFields(fields: Fields, body: Uint8Array, history?: History): ChatRequest {
  const model = readName(fields["model"], "model", "the name of a model");
  refuseUnsupported(fields);
  const unknown = Object.keys(fields).filter((key) => !knownFields.has(key) && !isAbsent(fields[key]));
  checkHints(fields, unknown);
  const messages = parseMessages(fields, unknown, history);
  const { tools, toolChoice } = parseTools(fields, unknown);
  const text = isAbsent(fields["text"]) ? {} : readRecord(fields["text"], "text");
  noteUnknown(text, "text", ["format", "verbosity"], unknown);
  const request = {
    model,
    messages,
    tools,
    ...optional("toolChoice", toolChoice),
    ...optional("parallelToolCalls", readOptionalBoolean(fields["parallel_tool_calls"], "parallel_tool_calls")),
    ...parseLimits(fields),
    ...optional("responseFormat", parseResponseFormat(text["format"])),
    ...(isAbsent(text["verbosity"]) ? {} : { verbosity: readOneOf(text["verbosity"], "text.verbosity", verbosities) }),
    ...optional("reasoning", parseReasoning(fields["reasoning"], unknown)),
    ...readServiceTier(fields["service_tier"], unknown),
    ...optional("promptCacheKey", readOptionalString(fields["prompt_cache_key"], "prompt_cache_key")),
    ...readEndUser(fields),
    stream: readOptionalBoolean(fields["stream"], "stream") ?? false,
  };
  const echo = Object.fromEntries(
    echoedFields.map((key) => [key, fields[key]]).filter(([, value]) => !isAbsent(value)),
  );
  return {
    ...request,
    ...(unknown.length === 0 ? {} : { unknownFields: unknown }),
    // The edge knows the headers and adds them.
    original: { dialect: "openai-responses", body, headers: {}, echo },
  };
}

/** Only the router has a store. */
function refuseStored(fields: Fields): void {
  const previous = readOptionalString(fields["previous_response_id"], "previous_response_id");
  if (previous !== undefined) {
    throw new AppError(
      "previous_response_not_found",
      `previous_response_id: there is no response "${previous.slice(0, 100)}" here; responses are not stored. Send the whole conversation in input.`,
      { param: "previous_response_id" },
    );
  }
  if (readOptionalBoolean(fields["background"], "background") === true) {
    throw refusal("background", "answers in the background are not supported; leave the field out or stream.");
  }
}

/** What would give another answer than the caller asked for is refused, not ignored. */
function refuseUnsupported(fields: Fields): void {
  if (!isAbsent(fields["conversation"])) {
    throw refusal(
      "conversation",
      "conversations are not stored here; send previous_response_id, or the whole conversation in input.",
    );
  }
  if (!isAbsent(fields["prompt"])) {
    throw refusal("prompt", "prompt templates are not stored here; send their text in instructions and input.");
  }
}

function refusal(param: string, what: string): AppError {
  return new AppError("invalid_request", `${param}: ${what}`, { param });
}

/** Fields that change nothing in what a source is asked. Those that only OpenAI can honour are unknown elsewhere. */
function checkHints(fields: Fields, unknown: string[]): void {
  readOptionalBoolean(fields["store"], "store");
  if (!isAbsent(fields["stream_options"])) {
    const options = readRecord(fields["stream_options"], "stream_options");
    readOptionalBoolean(options["include_obfuscation"], "stream_options.include_obfuscation");
  }
  if (!isAbsent(fields["metadata"])) {
    for (const [key, value] of Object.entries(readRecord(fields["metadata"], "metadata")))
      readString(value, `metadata.${key}`);
  }
  if (!isAbsent(fields["truncation"])) {
    if (readOneOf(fields["truncation"], "truncation", ["disabled", "auto"]) === "auto") unknown.push("truncation");
  }
  if (isAbsent(fields["include"])) return;
  for (const [at, entry] of readArray(fields["include"], "include").entries()) {
    // Encrypted reasoning always comes along where there is any.
    if (readString(entry, `include[${at}]`) !== "reasoning.encrypted_content") unknown.push(`include[${at}]`);
  }
}

function parseMessages(fields: Fields, unknown: string[], history: History | undefined): ChatMessage[] {
  const instructions = readOptionalString(fields["instructions"], "instructions") ?? "";
  const system: ChatMessage[] =
    instructions === "" ? [] : [{ role: "system", content: [{ type: "text", text: instructions }] }];
  const messages = [...system, ...parseInput(fields["input"], unknown, history)];
  // Codex probes with an empty input whether a model answers at all.
  const isEmpty = fields["input"] === "" || (Array.isArray(fields["input"]) && fields["input"].length === 0);
  if (messages.length === 0 && isEmpty) return [{ role: "user", content: [{ type: "text", text: "" }] }];
  if (messages.length === 0) failField("input", "a string or an array of at least one message", fields["input"]);
  return messages;
}

function parseLimits(fields: Fields): Partial<ChatRequest> {
  return {
    ...optional("maxOutputTokens", readOptionalInteger(fields["max_output_tokens"], "max_output_tokens", 1)),
    ...readSampling(fields),
  };
}

function parseResponseFormat(value: unknown): ResponseFormat | undefined {
  if (isAbsent(value)) return undefined;
  const path = "text.format";
  const format = readRecord(value, path);
  switch (readOneOf(format["type"], `${path}.type`, ["text", "json_object", "json_schema"])) {
    case "text":
      return undefined;
    case "json_object":
      return { type: "json" };
    case "json_schema":
      return readJsonSchema(format, path);
  }
}

function parseReasoning(value: unknown, unknown: string[]): ReasoningRequest | undefined {
  if (isAbsent(value)) return undefined;
  const reasoning = readRecord(value, "reasoning");
  noteUnknown(reasoning, "reasoning", ["effort", "summary", "generate_summary"], unknown);
  const { effort, summary, generate_summary } = reasoning;
  // `generate_summary` is the older name.
  const [asked, path] = isAbsent(summary)
    ? [generate_summary, "reasoning.generate_summary"]
    : [summary, "reasoning.summary"];
  if (isAbsent(effort) && isAbsent(asked)) return undefined;
  return {
    ...(isAbsent(effort) ? {} : { effort: readOneOf(effort, "reasoning.effort", reasoningEfforts) }),
    ...(isAbsent(asked) ? {} : { summary: readOneOf(asked, path, reasoningSummaries) }),
  };
}
