// A conversation as a session file of Claude Code, so that the model sees it exactly as it was sent (measured with 2.1.330):
// with CLAUDE_CODE_RESUME_INTERRUPTED_TURN the agent takes the last entry, here an empty one, for a prompt that was not
// answered yet. It disappears, and so nothing is added to what the caller wrote, whatever their last message holds.

import { randomUUID } from "node:crypto";
import type { ClaudeTurn } from "./prompt.ts";

export type SessionPlace = { readonly sessionId: string; readonly directory: string; readonly model: string };

/** Lines of JSON, each linked to the one before. */
export function writeSession(turns: readonly ClaudeTurn[], place: SessionPlace, now: () => Date): string {
  let parentUuid: string | null = null;
  const lines: string[] = [];
  for (const turn of [...turns, { role: "user", content: [] } as const]) {
    const uuid = randomUUID();
    const entry = {
      parentUuid,
      isSidechain: false,
      userType: "external",
      cwd: place.directory,
      sessionId: place.sessionId,
      version: "2.0.0",
      type: turn.role,
      message: turn.role === "user" ? turn : writeAnswer(turn, place.model, uuid),
      uuid,
      timestamp: now().toISOString(),
    };
    lines.push(`${JSON.stringify(entry)}\n`);
    parentUuid = uuid;
  }
  return lines.join("");
}

/** In the shape in which the API gives it. */
function writeAnswer(turn: ClaudeTurn, model: string, uuid: string): object {
  const hasCalls = turn.content.some(({ type }) => type === "tool_use");
  return {
    id: `msg_${uuid.replaceAll("-", "")}`,
    type: "message",
    role: "assistant",
    model,
    content: turn.content,
    stop_reason: hasCalls ? "tool_use" : "end_turn",
    stop_sequence: null,
    usage: { input_tokens: 0, output_tokens: 0 },
  };
}
