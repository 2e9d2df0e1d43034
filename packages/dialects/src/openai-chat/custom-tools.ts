// Custom tools of Chat Completions, whose calls are free text, to and from our words. The grammar stands one level deeper
// here than in Responses, whose shape our words keep.

import type { ToolCallPart, ToolDefinition } from "@auxot/wire/chat";
import { checkDepth } from "../reading/json.ts";
import {
  isAbsent,
  optional,
  readName,
  readOptionalString,
  readRecord,
  readString,
  type Fields,
} from "../reading/read-fields.ts";
import { buildCustomArguments, buildCustomParameters, readCustomInput } from "../fitting/tool-kinds.ts";
import type { OpenaiToolCall } from "./schema.ts";

export function parseCustomTool(tool: Fields, path: string): ToolDefinition {
  const definition = readRecord(tool["custom"], `${path}.custom`);
  const format = isAbsent(definition["format"])
    ? undefined
    : parseFormat(definition["format"], `${path}.custom.format`);
  return {
    name: readName(definition["name"], `${path}.custom.name`),
    ...optional("description", readOptionalString(definition["description"], `${path}.custom.description`)),
    parameters: buildCustomParameters(format),
    custom: { ...optional("format", format) },
  };
}

function parseFormat(value: unknown, path: string): Fields {
  const { grammar, ...format } = readRecord(value, path);
  const flat = isAbsent(grammar) ? format : { ...format, ...readRecord(grammar, `${path}.grammar`) };
  checkDepth(flat, path);
  return flat;
}

export function parseCustomCall(call: Fields, path: string): ToolCallPart {
  const target = readRecord(call["custom"], `${path}.custom`);
  return {
    type: "tool-call",
    id: readName(call["id"], `${path}.id`, "the id of the tool call"),
    name: readName(target["name"], `${path}.custom.name`),
    arguments: buildCustomArguments(readString(target["input"], `${path}.custom.input`)),
  };
}

/** Names of the tools whose calls the caller reads as custom ones. */
export function findCustomTools(tools: readonly ToolDefinition[]): ReadonlySet<string> {
  return new Set(tools.flatMap(({ name, custom }) => (custom === undefined ? [] : [name])));
}

/** A call in an answer, as the caller declared its tool. */
export function buildAnswerCall(call: ToolCallPart, customTools: ReadonlySet<string>): OpenaiToolCall {
  const { id, name } = call;
  if (customTools.has(name)) return { id, type: "custom", custom: { name, input: readCustomInput(call.arguments) } };
  return { id, type: "function", function: { name, arguments: call.arguments } };
}
