// Turns pieces of text, reasoning and calls into events with dense block indices, one delta per block and read. Pure.

import type { ChatEvent } from "@auxot/wire/chat-event";

export type BlockWriter = {
  text(piece: string): void;
  reasoning(piece: string): void;
  startCall(id: string, name: string): void;
  /** A piece of the open call's arguments. */
  arguments(piece: string): void;
  /** Closes the open block, if any. */
  close(): void;
  /** The events since the last take. */
  take(): ChatEvent[];
};

type Kind = "text" | "reasoning" | "tool-call";

export function createBlockWriter(): BlockWriter {
  let events: ChatEvent[] = [];
  let index = -1;
  let open: Kind | undefined;
  let pieces = "";

  function flush(): void {
    if (pieces === "" || open === undefined) return;
    if (open === "tool-call") events.push({ type: "tool-call-delta", index, arguments: pieces });
    else events.push({ type: `${open}-delta`, index, text: pieces });
    pieces = "";
  }

  function close(): void {
    flush();
    if (open !== undefined) events.push({ type: `${open}-end`, index });
    open = undefined;
  }

  function append(kind: "text" | "reasoning", piece: string): void {
    if (piece === "") return;
    if (open !== kind) {
      close();
      index++;
      open = kind;
      events.push({ type: `${kind}-start`, index });
    }
    pieces += piece;
  }

  return {
    text: (piece) => append("text", piece),
    reasoning: (piece) => append("reasoning", piece),
    startCall(id, name) {
      close();
      index++;
      open = "tool-call";
      events.push({ type: "tool-call-start", index, id, name });
    },
    arguments(piece) {
      pieces += piece;
    },
    close,
    take() {
      flush();
      const taken = events;
      events = [];
      return taken;
    },
  };
}
