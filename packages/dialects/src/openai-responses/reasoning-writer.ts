// A reasoning block -> a reasoning item. Its text goes out as the summary: that is what every client shows.

import type { ReasoningProof } from "../reasoning-proof.ts";
import { optional } from "../reading/read-fields.ts";
import type { Item, ItemList } from "./item-list.ts";
import type { BlockWriter } from "./item-writer.ts";

export function createReasoningBlock(list: ItemList): BlockWriter {
  const pieces: string[] = [];
  let encrypted: string | undefined;
  let item: Item | undefined;

  function begin(): string {
    const added = list.add("rs", (id, status) => ({
      id,
      type: "reasoning",
      status,
      summary: pieces.length === 0 ? [] : [{ type: "summary_text", text: pieces.join("") }],
      ...optional("encrypted_content", encrypted),
    }));
    item = added.item;
    return added.text;
  }

  return {
    push(text) {
      let written = item === undefined ? begin() : "";
      if (item === undefined) return written;
      if (pieces.length === 0) written += list.write(item, "response.reasoning_summary_part.added", buildPart(`""`));
      pieces.push(text);
      const fields = `"summary_index":0,"delta":${JSON.stringify(text)}`;
      return written + list.write(item, "response.reasoning_summary_text.delta", fields);
    },
    end({ signature }: ReasoningProof) {
      if (item === undefined && signature === undefined) return "";
      let written = item === undefined ? begin() : "";
      encrypted = signature;
      if (item === undefined) return written;
      if (pieces.length > 0) {
        const whole = JSON.stringify(pieces.join(""));
        written += list.write(item, "response.reasoning_summary_text.done", `"summary_index":0,"text":${whole}`);
        written += list.write(item, "response.reasoning_summary_part.done", buildPart(whole));
      }
      list.end(item);
      return written;
    },
  };
}

/** `text` is JSON text. */
function buildPart(text: string): string {
  return `"summary_index":0,"part":{"type":"summary_text","text":${text}}`;
}
