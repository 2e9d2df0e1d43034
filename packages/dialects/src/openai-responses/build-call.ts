// A tool call as its tool was declared: function or custom, in its namespace or in none.

import type { ToolDefinition } from "@auxot/wire/chat";
import { optional } from "../reading/read-fields.ts";
import { readCustomInput } from "../fitting/tool-kinds.ts";
import type { ResponsesCall } from "./schema.ts";

/** By the name calls carry in our words. */
export type ToolTable = ReadonlyMap<string, ToolDefinition>;

export function createToolTable(tools: readonly ToolDefinition[]): ToolTable {
  return new Map(tools.map((tool) => [tool.name, tool]));
}

/** Calls of tools that were not declared are function calls. */
export function buildCall(tools: ToolTable, callId: string, name: string, argumentsText: string): ResponsesCall {
  const tool = tools.get(name);
  const head = {
    call_id: callId,
    name: tool?.namespace?.toolName ?? name,
    ...optional("namespace", tool?.namespace?.name),
  };
  return tool?.custom === undefined
    ? { type: "function_call", ...head, arguments: argumentsText }
    : { type: "custom_tool_call", ...head, input: readCustomInput(argumentsText) };
}
