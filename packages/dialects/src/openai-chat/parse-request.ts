// A Chat Completions request -> ChatRequest. Messages are read in parse-messages.ts.

import {
  reasoningEfforts,
  verbosities,
  type ChatRequest,
  type ResponseFormat,
  type ToolChoice,
  type ToolDefinition,
} from "@auxot/wire/chat";
import { AppError } from "@auxot/wire/errors";
import { parseJsonBody } from "../reading/json.ts";
import { readCacheControl } from "../reading/cache-control.ts";
import {
  isAbsent,
  optional,
  readArray,
  readName,
  readOneOf,
  readOptionalBoolean,
  readOptionalInteger,
  readOptionalString,
  readOptionalStrings,
  readRecord,
  readString,
  type Fields,
} from "../reading/read-fields.ts";
import { readEndUser, readFunction, readJsonSchema, readSampling } from "../reading/openai-fields.ts";
import { readServiceTier } from "../fitting/service-tier.ts";
import { parseCustomTool } from "./custom-tools.ts";
import { parseMessages } from "./parse-messages.ts";

const knownFields = new Set([
  "model",
  "messages",
  "tools",
  "tool_choice",
  "functions",
  "function_call",
  "parallel_tool_calls",
  "max_tokens",
  "max_completion_tokens",
  "temperature",
  "top_p",
  "top_k",
  "stop",
  "seed",
  "frequency_penalty",
  "presence_penalty",
  "response_format",
  "reasoning_effort",
  "verbosity",
  "prompt_cache_key",
  "service_tier",
  "user",
  "safety_identifier",
  "stream",
  "stream_options",
  "n",
  "audio",
  "modalities",
]);

export function parseRequest(body: Uint8Array): ChatRequest {
  const fields = readRecord(parseJsonBody(body), "");
  const model = readName(fields["model"], "model", "the name of a model");
  refuseUnsupported(fields);
  const unknown = Object.keys(fields).filter((key) => !knownFields.has(key) && !isAbsent(fields[key]));
  const messages = parseMessages(fields["messages"], unknown);
  const { tools, toolChoice } = addFunctions(fields, parseTools(fields, unknown));
  const streamOptions = isAbsent(fields["stream_options"])
    ? {}
    : readRecord(fields["stream_options"], "stream_options");
  const answerCount = readOptionalInteger(fields["n"], "n", 1) ?? 1;
  const includeUsage = readOptionalBoolean(streamOptions["include_usage"], "stream_options.include_usage");
  return {
    model,
    messages,
    tools,
    ...optional("toolChoice", toolChoice),
    ...optional("parallelToolCalls", readOptionalBoolean(fields["parallel_tool_calls"], "parallel_tool_calls")),
    ...(isAbsent(fields["functions"]) ? {} : { usesFunctions: true, parallelToolCalls: false }),
    ...parseLimits(fields),
    ...optional("responseFormat", parseResponseFormat(fields["response_format"])),
    ...(isAbsent(fields["reasoning_effort"])
      ? {}
      : { reasoning: { effort: readOneOf(fields["reasoning_effort"], "reasoning_effort", reasoningEfforts) } }),
    ...(isAbsent(fields["verbosity"]) ? {} : { verbosity: readOneOf(fields["verbosity"], "verbosity", verbosities) }),
    ...readServiceTier(fields["service_tier"], unknown),
    ...optional("promptCacheKey", readOptionalString(fields["prompt_cache_key"], "prompt_cache_key")),
    ...readEndUser(fields),
    stream: readOptionalBoolean(fields["stream"], "stream") ?? false,
    ...optional("includeUsage", includeUsage),
    ...(answerCount > 1 ? { answerCount } : {}),
    ...(unknown.length === 0 ? {} : { unknownFields: unknown }),
    // The edge knows the headers and adds them.
    original: { dialect: "openai-chat", body, headers: {} },
  };
}

/** What would give another answer than the caller asked for is refused, not ignored. */
function refuseUnsupported(fields: Fields): void {
  if (!isAbsent(fields["audio"])) {
    throw new AppError("invalid_request", "audio: audio answers are not supported; leave the field out.", {
      param: "audio",
    });
  }
  if (isAbsent(fields["modalities"])) return;
  if (readArray(fields["modalities"], "modalities").some((modality) => modality !== "text")) {
    throw new AppError("invalid_request", 'modalities: only ["text"] is supported; audio answers are not.', {
      param: "modalities",
    });
  }
}

function parseLimits(fields: Fields): Partial<ChatRequest> {
  const stop = typeof fields["stop"] === "string" ? [fields["stop"]] : fields["stop"];
  const maxTokens = readOptionalInteger(fields["max_tokens"], "max_tokens", 1);
  const maxCompletionTokens = readOptionalInteger(fields["max_completion_tokens"], "max_completion_tokens", 1);
  return {
    ...optional("maxOutputTokens", maxCompletionTokens ?? maxTokens),
    ...readSampling(fields),
    ...optional("topK", readOptionalInteger(fields["top_k"], "top_k", 0)),
    ...optional("stop", readOptionalStrings(stop, "stop")),
    ...optional("seed", readOptionalInteger(fields["seed"], "seed", -Infinity)),
  };
}

type ParsedTools = { readonly tools: ToolDefinition[]; readonly toolChoice?: ToolChoice };

function parseTools(fields: Fields, unknown: string[]): ParsedTools {
  const entries = isAbsent(fields["tools"]) ? [] : readArray(fields["tools"], "tools");
  const tools: ToolDefinition[] = [];
  for (const [at, entry] of entries.entries()) {
    const path = `tools[${at}]`;
    const tool = readRecord(entry, path);
    switch (readString(tool["type"], `${path}.type`)) {
      case "function":
        tools.push(parseTool(tool, path));
        break;
      case "custom":
        tools.push(parseCustomTool(tool, path));
        break;
      default:
        unknown.push(path);
    }
  }
  const value = fields["tool_choice"];
  if (isAbsent(value)) return { tools };
  if (typeof value === "string") {
    return { tools, toolChoice: { type: readOneOf(value, "tool_choice", ["auto", "none", "required"]) } };
  }
  const choice = readRecord(value, "tool_choice", '"auto", "none", "required" or an object that names a tool');
  switch (readString(choice["type"], "tool_choice.type")) {
    case "function":
    case "custom":
      return { tools, toolChoice: { type: "tool", name: readToolName(choice, "tool_choice") } };
    case "allowed_tools":
      return filterTools(tools, choice);
    default:
      unknown.push("tool_choice");
      return { tools };
  }
}

/** Of `{"type": "function", "function": {"name": …}}`, and of custom tools alike. */
function readToolName(choice: Fields, path: string): string {
  const type = isAbsent(choice["type"])
    ? "function"
    : readOneOf(choice["type"], `${path}.type`, ["function", "custom"]);
  return readName(readRecord(choice[type], `${path}.${type}`)["name"], `${path}.${type}.name`);
}

function parseTool(tool: Fields, path: string): ToolDefinition {
  const definition = readRecord(tool["function"], `${path}.function`);
  return { ...readFunction(definition, `${path}.function`), ...readCacheControl(tool, path) };
}

/** The older `functions` and `function_call` say what `tools` and `tool_choice` say. */
function addFunctions(fields: Fields, parsed: ParsedTools): ParsedTools {
  const entries = isAbsent(fields["functions"]) ? [] : readArray(fields["functions"], "functions");
  const functions = entries.map((entry, at) => readFunction(readRecord(entry, `functions[${at}]`), `functions[${at}]`));
  const tools = [...parsed.tools, ...functions];
  const value = fields["function_call"];
  if (isAbsent(value)) return { ...parsed, tools };
  if (typeof value === "string")
    return { tools, toolChoice: { type: readOneOf(value, "function_call", ["auto", "none"]) } };
  const chosen = readRecord(value, "function_call", '"auto", "none" or an object that names a function');
  return { tools, toolChoice: { type: "tool", name: readName(chosen["name"], "function_call.name") } };
}

/** `allowed_tools`: the others are as if they had not been sent. */
function filterTools(tools: ToolDefinition[], choice: Fields): ParsedTools {
  const path = "tool_choice.allowed_tools";
  const allowed = readRecord(choice["allowed_tools"], path);
  const entries = readArray(allowed["tools"], `${path}.tools`).map((entry, at) => {
    const entryPath = `${path}.tools[${at}]`;
    return readToolName(readRecord(entry, entryPath), entryPath);
  });
  const names = new Set(entries);
  return {
    tools: tools.filter((tool) => names.has(tool.name)),
    toolChoice: { type: readOneOf(allowed["mode"], `${path}.mode`, ["auto", "required"]) },
  };
}

function parseResponseFormat(value: unknown): ResponseFormat | undefined {
  if (isAbsent(value)) return undefined;
  const format = readRecord(value, "response_format");
  switch (readOneOf(format["type"], "response_format.type", ["text", "json_object", "json_schema"])) {
    case "text":
      return undefined;
    case "json_object":
      return { type: "json" };
    case "json_schema": {
      const path = "response_format.json_schema";
      return readJsonSchema(readRecord(format["json_schema"], path), path);
    }
  }
}
