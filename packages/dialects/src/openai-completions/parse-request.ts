// A legacy completions request -> one ChatRequest for each of its prompts.

import type { ChatRequest } from "@auxot/wire/chat";
import { AppError } from "@auxot/wire/errors";
import { parseJsonBody, readRawNumber } from "../reading/json.ts";
import {
  failField,
  isAbsent,
  optional,
  readArray,
  readName,
  readOptionalBoolean,
  readOptionalInteger,
  readOptionalNumber,
  readOptionalString,
  readOptionalStrings,
  readRecord,
  readString,
  type Fields,
} from "../reading/read-fields.ts";
import { readTokens } from "../reading/read-tokens.ts";

/** Each prompt is answered by itself, one after the other: more belong into several requests. */
const maxPrompts = 32;
/** OpenAI's own, when a request says nothing. */
const defaultMaxTokens = 16;

const knownFields = new Set([
  "model",
  "prompt",
  "suffix",
  "max_tokens",
  "temperature",
  "top_p",
  "top_k",
  "n",
  "best_of",
  "stream",
  "stream_options",
  "logprobs",
  "echo",
  "stop",
  "seed",
  "presence_penalty",
  "frequency_penalty",
  "user",
]);

/** Never empty. Only the request of a single prompt holds the caller's bytes: they ask for all prompts at once. */
export function parsePrompts(body: Uint8Array): readonly ChatRequest[] {
  const fields = readRecord(parseJsonBody(body), "");
  const model = readName(fields["model"], "model", "the name of a model");
  const prompts = readPrompts(fields["prompt"]);
  refuseUnsupported(fields);
  const suffix = readOptionalString(fields["suffix"], "suffix");
  const echo = readOptionalBoolean(fields["echo"], "echo");
  if (echo === true && prompts.some((prompt) => typeof prompt !== "string")) {
    throw refuse("echo", "works with prompts of text only; this one is given as tokens");
  }
  if (echo === true && suffix !== undefined && suffix !== "") throw refuse("echo", "does not go with a suffix");
  const unknown = Object.keys(fields).filter((key) => !knownFields.has(key) && !isAbsent(fields[key]));
  const rest = {
    tools: [],
    ...parseLimits(fields),
    ...optional("endUser", readOptionalString(fields["user"], "user")),
    stream: readOptionalBoolean(fields["stream"], "stream") ?? false,
    ...optional("includeUsage", readIncludeUsage(fields["stream_options"])),
    ...(unknown.length === 0 ? {} : { unknownFields: unknown }),
    // The edge knows the headers and adds them.
    ...(prompts.length === 1 ? { original: { dialect: "openai-completions" as const, body, headers: {} } } : {}),
  };
  return prompts.map((prompt) => ({
    model,
    messages: [{ role: "user", content: [{ type: "text", text: typeof prompt === "string" ? prompt : "" }] }],
    completion: {
      prompt,
      ...(suffix === undefined || suffix === "" ? {} : { suffix }),
      ...(echo === true ? { echo } : {}),
    },
    ...rest,
  }));
}

function readPrompts(value: unknown): readonly (string | readonly number[])[] {
  if (typeof value === "string") return [value];
  const entries = readArray(value, "prompt", "a string, an array of strings, or arrays of tokens");
  if (entries.length === 0) failField("prompt", "at least one text", value);
  if (typeof readRawNumber(entries[0]) === "number") return [readTokens(entries, "prompt")];
  if (entries.length > maxPrompts) failField("prompt", `at most ${maxPrompts} entries in one request`, entries.length);
  return entries.map((entry, at) =>
    Array.isArray(entry) ? readTokens(entry, `prompt[${at}]`) : readString(entry, `prompt[${at}]`),
  );
}

/** What would give another answer than the caller asked for is refused, not ignored. */
function refuseUnsupported(fields: Fields): void {
  for (const name of ["n", "best_of"]) {
    const count = readOptionalInteger(fields[name], name, 1);
    if (count !== undefined && count > 1) throw refuse(name, `only one answer a prompt is supported, got ${count}`);
  }
  if (readOptionalInteger(fields["logprobs"], "logprobs", 0) !== undefined) {
    throw refuse("logprobs", "not supported; leave the field out");
  }
}

function refuse(field: string, problem: string): AppError {
  return new AppError("invalid_request", `${field}: ${problem}.`, { param: field });
}

function readIncludeUsage(value: unknown): boolean | undefined {
  if (isAbsent(value)) return undefined;
  const options = readRecord(value, "stream_options");
  return readOptionalBoolean(options["include_usage"], "stream_options.include_usage");
}

function parseLimits(fields: Fields): Partial<ChatRequest> {
  const stop = typeof fields["stop"] === "string" ? [fields["stop"]] : fields["stop"];
  return {
    maxOutputTokens: readOptionalInteger(fields["max_tokens"], "max_tokens", 1) ?? defaultMaxTokens,
    ...optional("temperature", readOptionalNumber(fields["temperature"], "temperature", 0, 2)),
    ...optional("topP", readOptionalNumber(fields["top_p"], "top_p", 0, 1)),
    ...optional("topK", readOptionalInteger(fields["top_k"], "top_k", 0)),
    ...optional("stop", readOptionalStrings(stop, "stop")),
    ...optional("seed", readOptionalInteger(fields["seed"], "seed", -Infinity)),
    ...optional("frequencyPenalty", readOptionalNumber(fields["frequency_penalty"], "frequency_penalty", -2, 2)),
    ...optional("presencePenalty", readOptionalNumber(fields["presence_penalty"], "presence_penalty", -2, 2)),
  };
}
