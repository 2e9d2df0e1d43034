// A Messages request -> ChatRequest. Messages are read in parse-messages.ts.

import {
  reasoningEfforts,
  type ChatMessage,
  type ChatRequest,
  type ReasoningRequest,
  type ResponseFormat,
  type ToolChoice,
  type ToolDefinition,
} from "@auxot/wire/chat";
import { readCacheControl } from "../reading/cache-control.ts";
import { checkDepth, parseJsonBody } from "../reading/json.ts";
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
  readOptionalNumber,
  readOptionalString,
  readOptionalStrings,
  readRecord,
  readString,
  type Fields,
} from "../reading/read-fields.ts";
import { parseMessages, parseSystem } from "./parse-messages.ts";

const knownFields = new Set([
  "model",
  "messages",
  "system",
  "tools",
  "tool_choice",
  "max_tokens",
  "temperature",
  "top_p",
  "top_k",
  "stop_sequences",
  "stream",
  "metadata",
  "service_tier",
  "thinking",
  "output_config",
  "output_format",
  "mcp_servers",
]);

/** The last two are hints of how tools are sent, of no meaning elsewhere. */
const toolFields = [
  "type",
  "name",
  "description",
  "input_schema",
  "strict",
  "cache_control",
  "defer_loading",
  "eager_input_streaming",
];

/** The format has no schema name and OpenAI's demands one. */
const schemaName = "answer";

export function parseRequest(body: Uint8Array): ChatRequest {
  const request = parseCountRequest(body);
  if (request.maxOutputTokens === undefined) failField("max_tokens", "an integer of at least 0", undefined);
  return request;
}

/** The body of `/v1/messages/count_tokens`: a request whose `max_tokens` may be missing. */
export function parseCountRequest(body: Uint8Array): ChatRequest {
  const fields = readRecord(parseJsonBody(body), "");
  const model = readName(fields["model"], "model", "the name of a model");
  const unknown = Object.keys(fields).filter((key) => !knownFields.has(key) && !isAbsent(fields[key]));
  // Only a provider of this format calls them: the plan sees to it.
  if (!isAbsent(fields["mcp_servers"]) && readArray(fields["mcp_servers"], "mcp_servers").length > 0)
    unknown.push("mcp_servers");
  const system: ChatMessage[] = isAbsent(fields["system"])
    ? []
    : [{ role: "system", content: parseSystem(fields["system"], "system") }];
  const messages = parseMessages(fields["messages"], unknown);
  const outputConfig = isAbsent(fields["output_config"]) ? {} : readRecord(fields["output_config"], "output_config");
  noteUnknown(outputConfig, "output_config", ["effort", "format"], unknown);
  const metadata = isAbsent(fields["metadata"]) ? {} : readRecord(fields["metadata"], "metadata");
  noteUnknown(metadata, "metadata", ["user_id"], unknown);
  const request = {
    model,
    messages: [...system.filter((message) => message.content.length > 0), ...messages],
    tools: parseTools(fields["tools"], unknown),
    ...parseToolChoice(fields["tool_choice"]),
    ...parseLimits(fields),
    ...optional("responseFormat", parseFormats(outputConfig["format"], fields["output_format"])),
    ...optional("reasoning", parseReasoning(fields["thinking"], outputConfig["effort"], unknown)),
    ...parseServiceTier(fields["service_tier"]),
    ...optional("endUser", readOptionalString(metadata["user_id"], "metadata.user_id")),
    stream: readOptionalBoolean(fields["stream"], "stream") ?? false,
  };
  return {
    ...request,
    ...(unknown.length === 0 ? {} : { unknownFields: unknown }),
    // The edge knows the headers and adds them.
    original: { dialect: "anthropic-messages", body, headers: {} },
  };
}

function parseLimits(fields: Fields): Partial<ChatRequest> {
  return {
    ...optional("maxOutputTokens", readOptionalInteger(fields["max_tokens"], "max_tokens", 0)),
    ...optional("temperature", readOptionalNumber(fields["temperature"], "temperature", 0, 1)),
    ...optional("topP", readOptionalNumber(fields["top_p"], "top_p", 0, 1)),
    ...optional("topK", readOptionalInteger(fields["top_k"], "top_k", 0)),
    ...optional("stop", readOptionalStrings(fields["stop_sequences"], "stop_sequences")),
  };
}

/** Tools the provider runs itself have a `type` of their own; they mean something only to Anthropic. */
function parseTools(value: unknown, unknown: string[]): ToolDefinition[] {
  if (isAbsent(value)) return [];
  const tools: ToolDefinition[] = [];
  for (const [at, entry] of readArray(value, "tools").entries()) {
    const path = `tools[${at}]`;
    const tool = readRecord(entry, path);
    const type = readOptionalString(tool["type"], `${path}.type`);
    if (type !== undefined && type !== "custom") {
      unknown.push(path);
      continue;
    }
    noteUnknown(tool, path, toolFields, unknown);
    const parameters = readRecord(tool["input_schema"], `${path}.input_schema`, "a JSON Schema object");
    checkDepth(parameters, `${path}.input_schema`);
    tools.push({
      name: readName(tool["name"], `${path}.name`),
      ...optional("description", readOptionalString(tool["description"], `${path}.description`)),
      parameters,
      ...optional("strict", readOptionalBoolean(tool["strict"], `${path}.strict`)),
      ...readCacheControl(tool, path),
    });
  }
  return tools;
}

function parseToolChoice(value: unknown): { toolChoice?: ToolChoice; parallelToolCalls?: boolean } {
  if (isAbsent(value)) return {};
  const choice = readRecord(value, "tool_choice");
  const isSerial = readOptionalBoolean(choice["disable_parallel_tool_use"], "tool_choice.disable_parallel_tool_use");
  const parallel = isSerial === undefined ? {} : { parallelToolCalls: !isSerial };
  const type = readOneOf(choice["type"], "tool_choice.type", ["auto", "any", "tool", "none"]);
  switch (type) {
    case "auto":
    case "none":
      return { toolChoice: { type }, ...parallel };
    case "any":
      return { toolChoice: { type: "required" }, ...parallel };
    case "tool":
      return { toolChoice: { type, name: readName(choice["name"], "tool_choice.name") }, ...parallel };
  }
}

/** `output_format` is the older name, from its beta. */
function parseFormats(format: unknown, older: unknown): ResponseFormat | undefined {
  return parseResponseFormat(format, "output_config.format") ?? parseResponseFormat(older, "output_format");
}

function parseResponseFormat(value: unknown, path: string): ResponseFormat | undefined {
  if (isAbsent(value)) return undefined;
  const format = readRecord(value, path);
  readOneOf(format["type"], `${path}.type`, ["json_schema"]);
  const schema = readRecord(format["schema"], `${path}.schema`, "a JSON Schema object");
  checkDepth(schema, `${path}.schema`);
  // The format knows no other than strict.
  return { type: "json-schema", name: schemaName, schema, strict: true };
}

/** Thinking switched off wins over an effort: that is what the caller pays for. */
function parseReasoning(value: unknown, effortValue: unknown, unknown: string[]): ReasoningRequest | undefined {
  const effort = isAbsent(effortValue) ? undefined : readOneOf(effortValue, "output_config.effort", reasoningEfforts);
  if (isAbsent(value)) return effort === undefined ? undefined : { effort };
  const thinking = readRecord(value, "thinking");
  const shown = readDisplay(thinking["display"], unknown);
  switch (thinking["type"]) {
    case "disabled":
      if (effort !== undefined) unknown.push("output_config.effort");
      return { effort: "none" };
    case "enabled": {
      const budgetTokens = readOptionalInteger(thinking["budget_tokens"], "thinking.budget_tokens", 1);
      if (budgetTokens === undefined) failField("thinking.budget_tokens", "an integer", thinking["budget_tokens"]);
      return { ...optional("effort", effort), budgetTokens, ...shown };
    }
    case "adaptive":
      return { ...optional("effort", effort), adaptive: true, ...shown };
    default:
      // Newer ways of thinking come before we know them; the caller wants the model to decide.
      if (typeof thinking["type"] !== "string")
        failField("thinking.type", "enabled, adaptive or disabled", thinking["type"]);
      unknown.push("thinking");
      return { ...optional("effort", effort), adaptive: true };
  }
}

/** Ways of showing newer than we are mean something only to Anthropic. */
function readDisplay(value: unknown, unknown: string[]): Pick<ReasoningRequest, "summary" | "hidden"> {
  if (isAbsent(value)) return {};
  switch (readString(value, "thinking.display")) {
    case "omitted":
      return { hidden: true };
    case "summarized":
      return { summary: "auto" };
    default:
      unknown.push("thinking.display");
      return {};
  }
}

function parseServiceTier(value: unknown): Pick<ChatRequest, "serviceTier"> {
  if (isAbsent(value)) return {};
  const tier = readOneOf(value, "service_tier", ["auto", "standard_only"]);
  return { serviceTier: tier === "auto" ? "auto" : "default" };
}
