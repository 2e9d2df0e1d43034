// Tools, the choice among them and output formats as the two vendors take them. What a vendor would refuse, and with it
// the whole request, is changed and told.

import type { ChatRequest, ToolChoice, ToolDefinition } from "@auxot/wire/chat";
import { AppError } from "@auxot/wire/errors";
import type { ModelTraits } from "@auxot/wire/model-traits";
import { fitAnthropicStrict, fitsOpenaiStrict, type FittedSchema } from "./fit-schema.ts";
import { mergeRoot } from "./merge-root.ts";
import { optional } from "../reading/read-fields.ts";

type Warn = (message: string) => void;

const openaiStrictRule =
  "all objects must have additionalProperties false and all their properties required, and only anyOf may combine schemas.";

/** Its output format is always strict. */
export function fitAnthropicSchemas(request: ChatRequest, warn: Warn): ChatRequest {
  const { responseFormat: format } = request;
  const fitted = fitToolChoice({ ...request, tools: request.tools.map((tool) => fitAnthropicTool(tool, warn)) }, warn);
  if (format?.type !== "json-schema") return fitted;
  const schema = tellRemoved("response_format", fitAnthropicStrict(format.schema), warn);
  return { ...fitted, responseFormat: { ...format, schema } };
}

/** The format demands the type of a tool's schema; OpenAI's lets it be left out. */
function fitAnthropicTool(tool: ToolDefinition, warn: Warn): ToolDefinition {
  const merged = mergeParameters(tool, warn);
  const parameters = merged["type"] === undefined ? { type: "object", ...merged } : merged;
  if (tool.strict !== true) return { ...tool, parameters };
  return { ...tool, parameters: tellRemoved(`tools: ${tool.name}`, fitAnthropicStrict(parameters), warn) };
}

function tellRemoved(path: string, { schema, removed }: FittedSchema, warn: Warn): FittedSchema["schema"] {
  for (const keyword of removed)
    warn(`${path}: Anthropic's schemas do not take "${keyword}"; the model was told of it in words.`);
  return schema;
}

/** Only OpenAI itself checks schemas by its rules; servers that imitate it take any. */
export function fitOpenaiSchemas(request: ChatRequest, { openaiSchemas }: ModelTraits, warn: Warn): ChatRequest {
  if (!openaiSchemas) return fitToolChoice(request, warn);
  const { responseFormat: format } = request;
  const fitted = fitToolChoice({ ...request, tools: request.tools.map((tool) => fitOpenaiTool(tool, warn)) }, warn);
  if (format?.type !== "json-schema" || format.strict !== true || fitsOpenaiStrict(format.schema)) return fitted;
  warn(`response_format: OpenAI takes the schema only without strict: ${openaiStrictRule}`);
  return { ...fitted, responseFormat: { ...format, strict: false } };
}

function fitOpenaiTool(tool: ToolDefinition, warn: Warn): ToolDefinition {
  const parameters = mergeParameters(tool, warn);
  if (tool.strict !== true || fitsOpenaiStrict(parameters)) return { ...tool, parameters };
  warn(`tools: OpenAI takes the schema of ${tool.name} only without strict: ${openaiStrictRule}`);
  return { ...tool, parameters, strict: false };
}

function mergeParameters({ name, parameters }: ToolDefinition, warn: Warn): ToolDefinition["parameters"] {
  const merged = mergeRoot(parameters);
  if (["anyOf", "oneOf", "allOf"].some((key) => parameters[key] !== undefined))
    warn(`tools: the schema of ${name} combines others at its top, which is refused; they were sent as one object.`);
  return merged;
}

function fitToolChoice(request: ChatRequest, warn: Warn): ChatRequest {
  const { toolChoice, ...rest } = request;
  return { ...rest, ...optional("toolChoice", pickToolChoice(request, toolChoice, warn)) };
}

/**
 * The choice, where there is something to choose from. Throws `invalid_request` for a tool nobody declared, as vendors do;
 * one that only the caller's own dialect runs was left out with its choice.
 */
function pickToolChoice(request: ChatRequest, choice: ToolChoice | undefined, warn: Warn): ToolChoice | undefined {
  if (choice?.type !== "tool" || request.tools.some(({ name }) => name === choice.name)) return choice;
  if (request.unknownFields?.some((field) => /(^|\.)tools\[\d+\]$/.test(field))) {
    warn(`tool_choice: ${choice.name} is not among the tools that were sent; the model may choose.`);
    return undefined;
  }
  throw new AppError("invalid_request", `tool_choice: there is no "${choice.name}" in tools.`, {
    param: "tool_choice",
  });
}
