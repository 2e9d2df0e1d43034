// The tools of a Responses request -> tool definitions. Namespaces are flattened (tool-kinds.ts); tools OpenAI runs itself
// are unknown to every other format. Tools that come as an item of the input (`additional_tools`, OpenAI's API reference;
// Codex sends all of its tools so for newer models) are tools like the others.

import type { ToolChoice, ToolDefinition } from "@auxot/wire/chat";
import { checkDepth, isRecord } from "../reading/json.ts";
import { readFunction } from "../reading/openai-fields.ts";
import {
  isAbsent,
  noteUnknown,
  optional,
  readArray,
  readName,
  readOneOf,
  readOptionalString,
  readRecord,
  readString,
  type Fields,
} from "../reading/read-fields.ts";
import { buildCustomParameters, flattenToolName } from "../fitting/tool-kinds.ts";

type ParsedTools = { readonly tools: readonly ToolDefinition[]; readonly toolChoice?: ToolChoice };

/** Adds to `unknown` the paths of tools that only OpenAI can run, and of a choice among them. */
export function parseTools(fields: Fields, unknown: string[]): ParsedTools {
  const own = isAbsent(fields["tools"]) ? [] : parseToolList(fields["tools"], "tools", unknown);
  const tools = parseAdditionalTools(fields["input"], unknown).reduce(replaceTools, own);
  return parseToolChoice(tools, fields["tool_choice"], unknown);
}

/** One list for each item, in their order. */
function parseAdditionalTools(input: unknown, unknown: string[]): ToolDefinition[][] {
  const items: readonly unknown[] = Array.isArray(input) ? input : [];
  return items.flatMap((item, at) => {
    if (!isRecord(item) || item["type"] !== "additional_tools") return [];
    readOneOf(item["role"], `input[${at}].role`, ["developer"]);
    return [parseToolList(item["tools"], `input[${at}].tools`, unknown)];
  });
}

/** Other formats refuse two tools of one name: the one that came later in the conversation holds. */
function replaceTools(before: readonly ToolDefinition[], added: readonly ToolDefinition[]): ToolDefinition[] {
  const names = new Set(added.map((tool) => tool.name));
  return [...before.filter((tool) => !names.has(tool.name)), ...added];
}

function parseToolList(value: unknown, path: string, unknown: string[]): ToolDefinition[] {
  return readArray(value, path).flatMap((entry, at) =>
    parseTool(readRecord(entry, `${path}[${at}]`), `${path}[${at}]`, unknown),
  );
}

function parseTool(tool: Fields, path: string, unknown: string[]): ToolDefinition[] {
  switch (readString(tool["type"], `${path}.type`, "the type of a tool")) {
    case "function":
      return [parseFunction(tool, path, unknown)];
    case "custom":
      return [parseCustom(tool, path, unknown)];
    case "namespace":
      return parseNamespace(tool, path, unknown);
    default:
      unknown.push(path);
      return [];
  }
}

/** `defer_loading` is a hint of how tools are sent, of no meaning elsewhere. */
const functionFields = ["type", "name", "description", "parameters", "strict", "defer_loading"];
const customFields = ["type", "name", "description", "format", "defer_loading"];

function parseFunction(tool: Fields, path: string, unknown: string[]): ToolDefinition {
  noteUnknown(tool, path, functionFields, unknown);
  return readFunction(tool, path);
}

function parseCustom(tool: Fields, path: string, unknown: string[]): ToolDefinition {
  noteUnknown(tool, path, customFields, unknown);
  const format = isAbsent(tool["format"]) ? undefined : readRecord(tool["format"], `${path}.format`);
  checkDepth(format, `${path}.format`);
  return {
    name: readName(tool["name"], `${path}.name`),
    ...optional("description", readOptionalString(tool["description"], `${path}.description`)),
    parameters: buildCustomParameters(format),
    custom: { ...optional("format", format) },
  };
}

function parseNamespace(tool: Fields, path: string, unknown: string[]): ToolDefinition[] {
  const name = readName(tool["name"], `${path}.name`);
  const description = readOptionalString(tool["description"], `${path}.description`);
  return readArray(tool["tools"], `${path}.tools`).flatMap((entry, at) => {
    const toolPath = `${path}.tools[${at}]`;
    const nested = readRecord(entry, toolPath);
    if (nested["type"] === "namespace") {
      unknown.push(toolPath);
      return [];
    }
    return parseTool(nested, toolPath, unknown).map((parsed) => ({
      ...parsed,
      name: flattenToolName(name, parsed.name),
      namespace: { name, toolName: parsed.name, ...optional("description", description) },
    }));
  });
}

function parseToolChoice(tools: readonly ToolDefinition[], value: unknown, unknown: string[]): ParsedTools {
  if (isAbsent(value)) return { tools };
  const path = "tool_choice";
  if (typeof value === "string") {
    return { tools, toolChoice: { type: readOneOf(value, path, ["auto", "none", "required"]) } };
  }
  const choice = readRecord(value, path, '"auto", "none", "required" or an object that names a tool');
  switch (readString(choice["type"], `${path}.type`)) {
    case "function":
    case "custom":
      return { tools, toolChoice: { type: "tool", name: readToolName(choice, path) } };
    case "allowed_tools":
      return filterTools(tools, choice, path);
    default:
      unknown.push(path);
      return { tools };
  }
}

function readToolName(choice: Fields, path: string): string {
  const name = readName(choice["name"], `${path}.name`);
  const namespace = readOptionalString(choice["namespace"], `${path}.namespace`) ?? "";
  return namespace === "" ? name : flattenToolName(namespace, name);
}

/** `allowed_tools`: the others are as if they had not been sent. */
function filterTools(tools: readonly ToolDefinition[], choice: Fields, path: string): ParsedTools {
  const names = new Set<string>();
  const namespaces = new Set<string>();
  for (const [at, entry] of readArray(choice["tools"], `${path}.tools`).entries()) {
    const target = readRecord(entry, `${path}.tools[${at}]`);
    switch (readString(target["type"], `${path}.tools[${at}].type`)) {
      case "function":
      case "custom":
        names.add(readToolName(target, `${path}.tools[${at}]`));
        break;
      case "namespace":
        namespaces.add(readName(target["name"], `${path}.tools[${at}].name`));
        break;
      default:
        // Tools OpenAI runs are not in the list anyway.
        break;
    }
  }
  return {
    tools: tools.filter(({ name, namespace }) => names.has(name) || namespaces.has(namespace?.name ?? "")),
    toolChoice: { type: readOneOf(choice["mode"], `${path}.mode`, ["auto", "required"]) },
  };
}
