// Tool definitions -> the tools of a Responses request: custom tools and namespaces as they were declared.

import type { ChatRequest, ToolChoice, ToolDefinition } from "@auxot/wire/chat";
import { optional } from "../reading/read-fields.ts";

export function buildTools(request: ChatRequest): object {
  return {
    tools: buildToolList(request.tools),
    ...optional("tool_choice", buildToolChoice(request.toolChoice, request.tools)),
    ...optional("parallel_tool_calls", request.parallelToolCalls),
  };
}

function buildToolList(tools: readonly ToolDefinition[]): object[] {
  const built: object[] = [];
  const namespaces = new Map<string, object[]>();
  for (const tool of tools) {
    if (tool.namespace === undefined) {
      built.push(buildTool(tool, tool.name));
      continue;
    }
    const { name, toolName, description } = tool.namespace;
    let members = namespaces.get(name);
    if (members === undefined) {
      members = [];
      namespaces.set(name, members);
      built.push({ type: "namespace", name, description: description ?? "", tools: members });
    }
    members.push(buildTool(tool, toolName));
  }
  return built;
}

function buildTool(tool: ToolDefinition, name: string): object {
  const head = { name, ...optional("description", tool.description) };
  if (tool.custom !== undefined) return { type: "custom", ...head, ...optional("format", tool.custom.format) };
  // Left out it would mean true here, and make optional parameters required; everywhere else it means false.
  return { type: "function", ...head, parameters: tool.parameters, strict: tool.strict ?? false };
}

function buildToolChoice(choice: ToolChoice | undefined, tools: readonly ToolDefinition[]): unknown {
  if (choice?.type !== "tool") return choice?.type;
  const tool = tools.find(({ name }) => name === choice.name);
  return {
    type: tool?.custom === undefined ? "function" : "custom",
    name: tool?.namespace?.toolName ?? choice.name,
    ...optional("namespace", tool?.namespace?.name),
  };
}
