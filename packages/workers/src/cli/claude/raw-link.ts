// Claude Code's own stream-json protocol over stdin and stdout (recorded from 2.1.330): messages one a line, and control
// requests in both directions.

import type { ClaudeLink, ConnectClaude } from "./claude-link.ts";
import { isRecord, type ClaudeMessage } from "./claude-messages.ts";
import { toolServerName, type ToolServer } from "./tool-server.ts";

type ControlRequest = { readonly request_id: string; readonly request: Readonly<Record<string, unknown>> };

export const connectRaw: ConnectClaude = (child, _launch, events): ClaudeLink => {
  const setUp = Promise.withResolvers<ToolServer>();
  let nextRequest = 1;

  function write(message: object): void {
    if (child.stdin.writable) child.stdin.write(`${JSON.stringify(message)}\n`);
  }

  function request(body: object): void {
    write({ type: "control_request", request_id: `auxot_${nextRequest++}`, request: body });
  }

  async function answer({ request_id, request: asked }: ControlRequest): Promise<void> {
    let response: object;
    if (asked["subtype"] === "mcp_message") {
      const tools = await setUp.promise;
      const reply = await tools.handle(asked["message"]);
      response = {
        subtype: "success",
        request_id,
        response: { mcp_response: reply ?? { jsonrpc: "2.0", result: {} } },
      };
    } else if (asked["subtype"] === "can_use_tool") {
      const message = "This tool is not allowed on this worker.";
      response = { subtype: "success", request_id, response: { behavior: "deny", message } };
    } else {
      response = { subtype: "error", request_id, error: `Not supported: ${String(asked["subtype"])}` };
    }
    write({ type: "control_response", response });
  }

  function onLine(line: string): void {
    const message = parseLine(line);
    if (message === undefined) return;
    if (message.type === "control_request" && isRecord(message["request"])) {
      void answer(message as unknown as ControlRequest);
    } else if (message.type === "control_response") {
      const { response } = message;
      if (isRecord(response) && response["subtype"] === "error") events.onFailure(String(response["error"]));
    } else {
      events.onMessage(message);
    }
  }

  readLines(child.stdout, onLine);
  // A process that is gone is heard of by its end.
  child.stdin.on("error", () => undefined);

  return {
    initialize(setup) {
      setUp.resolve(setup.tools);
      request({
        subtype: "initialize",
        systemPrompt: [setup.system],
        settings: setup.settings,
        sdkMcpServers: [toolServerName],
        ...(setup.jsonSchema === undefined ? {} : { jsonSchema: setup.jsonSchema }),
      });
    },
    say(content) {
      write({
        type: "user",
        session_id: "",
        parent_tool_use_id: null,
        message: { role: "user", content },
        // No slash commands, no `@` files, no notes beside it.
        client_composed: true,
      });
    },
    interrupt: () => request({ subtype: "interrupt" }),
    pause(isPaused) {
      if (isPaused) child.stdout.pause();
      else child.stdout.resume();
    },
  };
};

function readLines(stream: NodeJS.ReadableStream, onLine: (line: string) => void): void {
  let rest: string[] = [];
  stream.setEncoding("utf8");
  stream.on("data", (piece: string) => {
    const lines = piece.split("\n");
    const last = lines.pop() ?? "";
    for (const line of lines) {
      onLine(rest.length === 0 ? line : rest.join("") + line);
      rest = [];
    }
    if (last !== "") rest.push(last);
  });
}

/** Undefined for what is no message: other programs write to stdout too. */
function parseLine(line: string): ClaudeMessage | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isRecord(value) && typeof value["type"] === "string" ? (value as ClaudeMessage) : undefined;
  } catch {
    return undefined;
  }
}
