// Text blocks -> message items. Texts that follow each other are parts of one message.

import type { UrlCitation } from "@auxot/wire/chat";
import { writeUrlCitation } from "../answers/url-citations.ts";
import type { Item, ItemList } from "./item-list.ts";
import type { BlockWriter } from "./item-writer.ts";
import type { ResponsesTextPart } from "./schema.ts";

type Part = { readonly isRefusal: boolean; readonly pieces: string[]; annotations: readonly object[] };
type Message = { readonly item: Item; readonly parts: Part[]; openParts: number };

export type MessageWriter = { startText(isRefusal: boolean): BlockWriter };

export function createMessageWriter(list: ItemList): MessageWriter {
  let last: Message | undefined;

  /** The message a new part goes into, and what adds it where there is none. */
  function openMessage(): { message: Message; text: string } {
    if (last !== undefined && list.reopen(last.item)) return { message: last, text: "" };
    const parts: Part[] = [];
    const { item, text } = list.add("msg", (id, status) => ({
      id,
      type: "message",
      status,
      role: "assistant",
      content: parts.map((part) => buildPart(part)),
    }));
    last = { item, parts, openParts: 0 };
    return { message: last, text };
  }

  return {
    startText(isRefusal) {
      const part: Part = { isRefusal, pieces: [], annotations: [] };
      const events = isRefusal ? "response.refusal" : "response.output_text";
      let message: Message | undefined;
      let place = "";
      function begin(): string {
        const opened = openMessage();
        message = opened.message;
        place = `"content_index":${message.parts.push(part) - 1}`;
        message.openParts++;
        return opened.text + list.write(message.item, "response.content_part.added", `${place},${partField(part)}`);
      }
      return {
        push(text) {
          const head = message === undefined ? begin() : "";
          if (message === undefined) return head;
          part.pieces.push(text);
          const fields = `${place},"delta":${JSON.stringify(text)}${isRefusal ? "" : `,"logprobs":[]`}`;
          return head + list.write(message.item, `${events}.delta`, fields);
        },
        end(_proof, citations) {
          if (message === undefined) return "";
          const { item } = message;
          part.annotations = citations.map((citation) => buildAnnotation(citation));
          const annotations = part.annotations.map((annotation, at) => {
            const text = `${place},"annotation_index":${at},"annotation":${JSON.stringify(annotation)}`;
            return list.write(item, "response.output_text.annotation.added", text);
          });
          const whole = JSON.stringify(part.pieces.join(""));
          const fields = isRefusal ? `${place},"refusal":${whole}` : `${place},"text":${whole},"logprobs":[]`;
          message.openParts--;
          if (message.openParts === 0) list.end(message.item);
          return (
            annotations.join("") +
            list.write(item, `${events}.done`, fields) +
            list.write(item, "response.content_part.done", `${place},${partField(part)}`)
          );
        },
      };
    },
  };
}

function partField(part: Part): string {
  return `"part":${JSON.stringify(buildPart(part))}`;
}

function buildAnnotation(citation: UrlCitation): object {
  return { type: "url_citation", ...writeUrlCitation(citation, 0) };
}

function buildPart({ isRefusal, pieces, annotations }: Part): ResponsesTextPart {
  const text = pieces.join("");
  return isRefusal ? { type: "refusal", refusal: text } : { type: "output_text", text, annotations, logprobs: [] };
}
