// Names of tools that are longer than a vendor takes: Claude Code's tools of MCP servers are, at OpenAI. Each gets one made
// of it, always the same, and the answer's calls carry the caller's names again.

import type { ChatMessage, ChatRequest } from "@auxot/wire/chat";
import type { ChatEvent } from "@auxot/wire/chat-event";
import { hashText } from "./tool-kinds.ts";

/** The caller's names by those that were sent; only of tools that were renamed. */
export type ToolNames = ReadonlyMap<string, string>;

export function fitToolNames(
  request: ChatRequest,
  maxLength: number | undefined,
): { readonly request: ChatRequest; readonly toolNames?: ToolNames } {
  if (maxLength === undefined) return { request };
  const toolNames = new Map<string, string>();
  const fit = (name: string): string => {
    if (name.length <= maxLength) return name;
    const sent = `${name.slice(0, maxLength - 9)}_${hashText(name)}`;
    toolNames.set(sent, name);
    return sent;
  };
  const { toolChoice } = request;
  const renamed = {
    ...request,
    tools: request.tools.map((tool) => ({ ...tool, name: fit(tool.name) })),
    messages: request.messages.map((message) => renameCalls(message, fit)),
    ...(toolChoice?.type === "tool" ? { toolChoice: { ...toolChoice, name: fit(toolChoice.name) } } : {}),
  };
  return toolNames.size === 0 ? { request } : { request: renamed, toolNames };
}

function renameCalls(message: ChatMessage, fit: (name: string) => string): ChatMessage {
  if (message.role !== "assistant") return message;
  const content = message.content.map((part) => (part.type === "tool-call" ? { ...part, name: fit(part.name) } : part));
  return { ...message, content };
}

/** Gives calls their names back. */
export function restoreToolNames(events: readonly ChatEvent[], toolNames: ToolNames): readonly ChatEvent[] {
  return events.map((event) =>
    event.type === "tool-call-start" ? { ...event, name: toolNames.get(event.name) ?? event.name } : event,
  );
}
