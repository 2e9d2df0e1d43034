// Ends an answer at the first stop sequence in its text, for agents that know no stop sequences. Pure.

import type { ChatEvent } from "@auxot/wire/chat-event";
import { createStopMatcher, type StopMatcher } from "../stop-matcher.ts";

/** Takes the events of one answer in order. After an `end` nothing more may be pushed. */
export function createStopFilter(stops: readonly string[]): (events: readonly ChatEvent[]) => readonly ChatEvent[] {
  const blocks = new Map<number, StopMatcher>();

  function cut(event: Extract<ChatEvent, { type: "text-delta" }>, out: ChatEvent[]): boolean {
    const matcher = blocks.get(event.index);
    if (matcher === undefined) return false;
    const { text, matched } = matcher.push(event.text);
    if (text !== "") out.push({ ...event, text });
    if (matched === undefined) return false;
    out.push(
      { type: "text-end", index: event.index },
      { type: "end", stopReason: "stop-sequence", stopSequence: matched },
    );
    return true;
  }

  return (events) => {
    const out: ChatEvent[] = [];
    for (const event of events) {
      if (event.type === "text-start") blocks.set(event.index, createStopMatcher(stops));
      if (event.type === "text-end") {
        const rest = blocks.get(event.index)?.finish() ?? "";
        if (rest !== "") out.push({ type: "text-delta", index: event.index, text: rest });
      }
      if (event.type !== "text-delta") out.push(event);
      else if (cut(event, out)) break;
    }
    return out;
  };
}
