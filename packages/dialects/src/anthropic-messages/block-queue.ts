// Content blocks of a Messages stream, one after another. Canonical blocks may interleave (parallel tool calls); the
// first open one is written as it comes, the others wait. Blocks without content are never begun.

import type { ChatEvent } from "@auxot/wire/chat-event";
import { encodeSse } from "../streams/sse.ts";

type StartEvent = Extract<ChatEvent, { type: "text-start" | "reasoning-start" | "tool-call-start" }>;
type EndEvent = Extract<ChatEvent, { type: "text-end" | "reasoning-end" | "tool-call-end" }>;
type DeltaEvent = Extract<ChatEvent, { type: "text-delta" | "reasoning-delta" | "tool-call-delta" }>;
export type BlockEvent = StartEvent | DeltaEvent | EndEvent;

type Block = {
  readonly start: StartEvent;
  /** What came while an earlier block was open. */
  readonly waiting: string[];
  end: EndEvent | undefined;
  /** The index on the wire once `content_block_start` is out. */
  position: number | undefined;
};

export type BlockQueue = {
  push(event: BlockEvent): string;
  /** Closes whatever is open. */
  finish(): string;
};

export function createBlockQueue(): BlockQueue {
  const blocks = new Map<number, Block>();
  /** In the order of their starts; the first is the one being written. */
  const queue: Block[] = [];
  let nextPosition = 0;

  function begin(block: Block, contentBlock: object): string {
    block.position = nextPosition++;
    return writeBlock("content_block_start", block.position, `"content_block":${JSON.stringify(contentBlock)}`);
  }

  function writeDelta(block: Block, text: string): string {
    if (text === "") return "";
    const head = block.position === undefined ? begin(block, buildEmptyBlock(block.start)) : "";
    return head + writeBlock("content_block_delta", block.position ?? 0, `"delta":${buildDelta(block.start, text)}`);
  }

  function close(block: Block): string {
    const end = block.end;
    let text = "";
    if (end?.type === "reasoning-end" && (end.signature !== undefined || block.position !== undefined)) {
      if (block.position === undefined) text += begin(block, buildEmptyBlock(block.start));
      // Clients want the event even where nobody signed.
      const delta = { type: "signature_delta", signature: end.signature ?? "" };
      text += writeBlock("content_block_delta", block.position ?? 0, `"delta":${JSON.stringify(delta)}`);
    } else if (block.start.type === "tool-call-start" && block.position === undefined) {
      text += begin(block, buildEmptyBlock(block.start));
    }
    return block.position === undefined ? text : text + writeBlock("content_block_stop", block.position);
  }

  /** Writes what may be written of the first block, and of the next ones once it is closed. */
  function advance(): string {
    let text = "";
    for (let block = queue[0]; block !== undefined; block = queue[0]) {
      for (const piece of block.waiting) text += writeDelta(block, piece);
      block.waiting.length = 0;
      if (block.end === undefined) {
        // The name of a tool is worth showing before its arguments come.
        if (block.start.type === "tool-call-start" && block.position === undefined) {
          text += begin(block, buildEmptyBlock(block.start));
        }
        return text;
      }
      text += close(block);
      queue.shift();
    }
    return text;
  }

  return {
    push(event) {
      switch (event.type) {
        case "text-start":
        case "reasoning-start":
        case "tool-call-start": {
          const block = { start: event, waiting: [], end: undefined, position: undefined };
          blocks.set(event.index, block);
          queue.push(block);
          return advance();
        }
        case "text-end":
        case "reasoning-end":
        case "tool-call-end": {
          const block = blocks.get(event.index);
          if (block === undefined) return "";
          block.end = event;
          blocks.delete(event.index);
          return block === queue[0] ? advance() : "";
        }
        default: {
          const block = blocks.get(event.index);
          const text = event.type === "tool-call-delta" ? event.arguments : event.text;
          if (block === undefined) return "";
          if (block === queue[0]) return writeDelta(block, text);
          block.waiting.push(text);
          return "";
        }
      }
    },
    finish() {
      for (const [index, block] of blocks) block.end = buildEnd(block.start, index);
      blocks.clear();
      return advance();
    },
  };
}

function buildEnd(start: StartEvent, index: number): EndEvent {
  switch (start.type) {
    case "text-start":
      return { type: "text-end", index };
    case "reasoning-start":
      return { type: "reasoning-end", index };
    case "tool-call-start":
      return { type: "tool-call-end", index };
  }
}

function buildEmptyBlock(start: StartEvent): object {
  switch (start.type) {
    case "text-start":
      return { type: "text", text: "" };
    case "reasoning-start":
      return { type: "thinking", thinking: "", signature: "" };
    case "tool-call-start":
      return { type: "tool_use", id: start.id, name: start.name, input: {} };
  }
}

/** JSON text, built by hand: this runs once a token. */
function buildDelta(start: StartEvent, text: string): string {
  switch (start.type) {
    case "text-start":
      return `{"type":"text_delta","text":${JSON.stringify(text)}}`;
    case "reasoning-start":
      return `{"type":"thinking_delta","thinking":${JSON.stringify(text)}}`;
    case "tool-call-start":
      return `{"type":"input_json_delta","partial_json":${JSON.stringify(text)}}`;
  }
}

function writeBlock(type: string, position: number, field?: string): string {
  return encodeSse(`{"type":"${type}","index":${position}${field === undefined ? "" : `,${field}`}}`, type);
}
