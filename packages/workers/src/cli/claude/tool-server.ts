// The caller's tools as an MCP server inside this process, reached over Claude Code's control channel. A call stays open
// until its result is here: that is how a process waits for the caller. Knows JSON-RPC, no process.

import type { ClaudeTool } from "./prompt.ts";
import { isRecord } from "./claude-messages.ts";

/** A tool's name is `mcp__auxot__NAME` only in permission rules: CLAUDE_AGENT_SDK_MCP_NO_PREFIX keeps the caller's. */
export const toolServerName = "auxot";

export type CallResult = { readonly text: string; readonly isError: boolean };

export type ToolServer = {
  /** The answer to one JSON-RPC message; undefined for a notification. A call's answer waits for `answer`. */
  handle(message: unknown): Promise<Readonly<Record<string, unknown>> | undefined>;
  /** Also before the call has come. */
  answer(callId: string, result: CallResult): void;
};

const protocolVersion = "2025-11-25";
/** Results are the caller's: Claude Code must not cut them or put them into files. */
const longestResult = 1_000_000_000;

export function createToolServer(tools: readonly ClaudeTool[]): ToolServer {
  const calls = new Map<string, PromiseWithResolvers<CallResult>>();
  const initializeResult = {
    protocolVersion,
    capabilities: { tools: {} },
    serverInfo: { name: toolServerName, version: "1" },
  };
  const toolList = {
    tools: tools.map((tool) => ({
      ...tool,
      // Calls that change nothing run side by side; what they change is the caller's matter.
      annotations: { readOnlyHint: true },
      _meta: { "anthropic/alwaysLoad": true, "anthropic/maxResultSizeChars": longestResult },
    })),
  };

  function find(callId: string): PromiseWithResolvers<CallResult> {
    const found = calls.get(callId) ?? Promise.withResolvers<CallResult>();
    calls.set(callId, found);
    return found;
  }

  async function call(parameters: unknown): Promise<object> {
    const meta = isRecord(parameters) && isRecord(parameters["_meta"]) ? parameters["_meta"] : {};
    const { text, isError } = await find(String(meta["claudecode/toolUseId"])).promise;
    return { content: [{ type: "text", text }], ...(isError ? { isError } : {}) };
  }

  return {
    async handle(message) {
      if (!isRecord(message) || message["id"] === undefined) return undefined;
      const reply = { jsonrpc: "2.0", id: message["id"] };
      switch (message["method"]) {
        case "initialize":
          return { ...reply, result: { ...initializeResult, ...readVersion(message["params"]) } };
        case "tools/list":
          return { ...reply, result: toolList };
        case "tools/call":
          return { ...reply, result: await call(message["params"]) };
        case "ping":
          return { ...reply, result: {} };
        default:
          return { ...reply, error: { code: -32_601, message: "There is no such method." } };
      }
    },
    answer: (callId, result) => find(callId).resolve(result),
  };
}

/** The client's own version is fine: nothing that differs between them is used. */
function readVersion(parameters: unknown): object {
  const version = isRecord(parameters) ? parameters["protocolVersion"] : undefined;
  return typeof version === "string" ? { protocolVersion: version } : {};
}
