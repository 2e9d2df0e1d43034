// The conversation with Claude Code by the vendor's Agent SDK, which the operator installs: it is under Anthropic's commercial
// terms and never a part of Auxot. It is given a process that was started ahead. Written against 0.3.330.

import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import type { ConnectClaude } from "./claude-link.ts";
import { isRecord, type ClaudeMessage } from "./claude-messages.ts";
import type { ClaudeBlock } from "./prompt.ts";
import { toolServerName, type ToolServer } from "./tool-server.ts";

/** What this worker uses of it. */
export type AgentSdk = {
  query(parameters: {
    readonly prompt: AsyncIterable<object>;
    readonly options: Readonly<Record<string, unknown>>;
  }): AsyncIterable<ClaudeMessage> & { interrupt(): Promise<unknown> };
};

const packageName = "@anthropic-ai/claude-agent-sdk";

/** From its own folder, or from where Node finds it. Undefined when it is not installed there. */
export async function loadAgentSdk(folder: string | undefined): Promise<AgentSdk | undefined> {
  const file = folder === undefined ? findInstalled() : path.resolve(folder, "sdk.mjs");
  if (file === undefined) return undefined;
  try {
    const found: unknown = await import(pathToFileURL(file).href);
    return isRecord(found) && typeof found["query"] === "function" ? (found as AgentSdk) : undefined;
  } catch {
    return undefined;
  }
}

function findInstalled(): string | undefined {
  try {
    return createRequire(import.meta.url).resolve(packageName);
  } catch {
    return undefined;
  }
}

/** A link for each process that is connected with it. */
export function createSdkConnect(sdk: AgentSdk): ConnectClaude {
  return (child, launch, events) => {
    const said = createMessages();
    let query: ReturnType<AgentSdk["query"]> | undefined;

    async function readMessages(messages: AsyncIterable<ClaudeMessage>): Promise<void> {
      try {
        for await (const message of messages) events.onMessage(message);
      } catch (error) {
        // A turn that failed has said so in its result; a process that is gone is heard of by its end.
        if (child.exitCode === null && child.signalCode === null) events.onFailure(String(error));
      }
    }

    return {
      initialize(setup) {
        query = sdk.query({
          prompt: said.read(),
          options: {
            // The arguments it would start one with are those of launch.ts.
            spawnClaudeCodeProcess: () => child,
            pathToClaudeCodeExecutable: launch.executable,
            cwd: launch.directory,
            env: launch.environment,
            settingSources: [],
            strictMcpConfig: true,
            mcpServersDelivery: "initialize",
            settingsDelivery: "initialize",
            permissionMode: "dontAsk",
            includePartialMessages: true,
            // No slash commands, no `@` files.
            verbatimPrompts: true,
            systemPrompt: setup.system,
            settings: setup.settings,
            ...(setup.jsonSchema === undefined
              ? {}
              : { outputFormat: { type: "json_schema", schema: setup.jsonSchema } }),
            mcpServers: { [toolServerName]: describeServer(setup.tools) },
          },
        });
        void readMessages(query);
      },
      say: said.add,
      interrupt: () => void query?.interrupt().catch(() => undefined),
      // The SDK reads as it likes.
      pause: () => undefined,
    };
  };
}

type McpTransport = {
  start(): Promise<void>;
  send(message: object): Promise<void>;
};

/** The part of an MCP server that the SDK uses: it is connected to a transport. */
function describeServer(tools: ToolServer): object {
  async function answer(transport: McpTransport, message: unknown): Promise<void> {
    const reply = await tools.handle(message);
    if (reply !== undefined) await transport.send(reply);
  }
  return {
    type: "sdk",
    name: toolServerName,
    instance: {
      async connect(transport: McpTransport) {
        // A transport has no addEventListener.
        Object.assign(transport, { onmessage: (message: unknown) => void answer(transport, message) });
        await transport.start();
      },
    },
  };
}

/** The user's further messages; the first ones are in the session file. Never ends: the process is ended otherwise. */
function createMessages(): { add(content: readonly ClaudeBlock[]): void; read(): AsyncIterable<object> } {
  const waiting: object[] = [];
  let wake: (() => void) | undefined;
  return {
    add(content) {
      waiting.push({ type: "user", session_id: "", parent_tool_use_id: null, message: { role: "user", content } });
      wake?.();
    },
    async *read() {
      for (;;) {
        const next = waiting.shift();
        if (next !== undefined) yield next;
        else await new Promise<void>((resolve) => void (wake = resolve));
      }
    },
  };
}
