// Citations of web pages as OpenAI's two formats write them: `url_citation`, nested in chat completions and flat in
// Responses. Their places count characters from the start of the message; ours from the start of the text.

import type { UrlCitation } from "@auxot/wire/chat";
import { isRecord } from "../reading/json.ts";
import { readCount } from "../streams/stream-decoder.ts";

/** The citations among `annotations`; others name files only their vendor can open. `offset`: where the text begins. */
export function readUrlCitations(annotations: unknown, offset: number): UrlCitation[] {
  if (!Array.isArray(annotations)) return [];
  return annotations.flatMap((annotation: unknown) => {
    if (!isRecord(annotation) || annotation["type"] !== "url_citation") return [];
    const fields = isRecord(annotation["url_citation"]) ? annotation["url_citation"] : annotation;
    const { url, title } = fields;
    if (typeof url !== "string") return [];
    const [start, end] = [fields["start_index"], fields["end_index"]].map((at) => (readCount(at) ?? 0) - offset);
    const place = { start: Math.max(0, start ?? 0), end: Math.max(0, end ?? 0) };
    return [{ url, title: typeof title === "string" ? title : "", ...place }];
  });
}

/** The fields of a `url_citation`; `offset`: where the text begins. */
export function writeUrlCitation({ url, title, start, end }: UrlCitation, offset: number): object {
  return { start_index: start + offset, end_index: end + offset, url, title };
}

/** As people count them: not UTF-16 units. */
export function countCharacters(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}
