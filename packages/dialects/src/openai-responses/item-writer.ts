// Blocks of an answer -> output items. Blocks without content are never begun; calls may stay open in parallel.

import type { ChatEvent } from "@auxot/wire/chat-event";
import type { UrlCitation } from "@auxot/wire/chat";
import type { AnswerMeta } from "../dialect.ts";
import type { ReasoningProof } from "../reasoning-proof.ts";
import { createCallWriter } from "./call-writer.ts";
import { createItemList, type WriteEvent } from "./item-list.ts";
import { createMessageWriter } from "./message-writer.ts";
import { createReasoningBlock } from "./reasoning-writer.ts";
import type { ItemStatus, ResponsesOutputItem } from "./schema.ts";

type BlockEvent = Extract<ChatEvent, { readonly index: number }>;

/** Writes one block. */
export type BlockWriter = {
  push(text: string): string;
  end(proof: ReasoningProof, citations: readonly UrlCitation[]): string;
};

export type ItemWriter = {
  push(event: BlockEvent): string;
  /** Closes whatever is open; `status` is that of the last item. */
  finish(status: ItemStatus): string;
  /** The items closed so far, in order. */
  output(): ResponsesOutputItem[];
};

export function isBlockEvent(event: ChatEvent): event is BlockEvent {
  return "index" in event;
}

export function createItemWriter(meta: AnswerMeta, write: WriteEvent): ItemWriter {
  const list = createItemList(meta, write);
  const messages = createMessageWriter(list);
  const calls = createCallWriter(list, meta.request.tools);
  const blocks = new Map<number, BlockWriter>();

  function end(index: number, proof: ReasoningProof, citations: readonly UrlCitation[] = []): string {
    const block = blocks.get(index);
    blocks.delete(index);
    return block?.end(proof, citations) ?? "";
  }

  return {
    push(event) {
      switch (event.type) {
        case "text-start":
          blocks.set(event.index, messages.startText(event.refusal === true));
          return "";
        case "reasoning-start":
          blocks.set(event.index, createReasoningBlock(list));
          return "";
        case "tool-call-start": {
          const { block, text } = calls.startCall(event.id, event.name);
          blocks.set(event.index, block);
          return text;
        }
        case "text-delta":
        case "reasoning-delta":
          return event.text === "" ? "" : (blocks.get(event.index)?.push(event.text) ?? "");
        case "tool-call-delta":
          return event.arguments === "" ? "" : (blocks.get(event.index)?.push(event.arguments) ?? "");
        case "text-end":
          return end(event.index, {}, event.citations);
        case "tool-call-end":
          return end(event.index, {});
        case "reasoning-end":
          return end(event.index, event);
      }
    },
    finish(status) {
      let text = "";
      for (const index of blocks.keys()) text += end(index, {});
      return text + list.finish(status);
    },
    output: list.output,
  };
}
