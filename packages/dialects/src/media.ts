// Data URIs and media types, as images and files travel in both formats.

import type { DocumentPart, MediaSource } from "@auxot/wire/chat";
import { failField } from "./reading/read-fields.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true });
const dataUriPattern = /^data:([^,;]*)((?:;[^,;]*)*),/i;

/** A data URI or an http(s) URL; the data URI must be base64. Throws `invalid_request` naming `path`. */
export function parseMediaUrl(url: string, path: string): MediaSource {
  if (/^https?:\/\//i.test(url)) return { type: "url", url };
  const match = dataUriPattern.exec(url.slice(0, 1000));
  if (match === null) return failField(path, 'an http(s) URL or a data URI like "data:image/png;base64,…"', url);
  if (!/;\s*base64$/i.test(match[2] ?? "")) return failField(path, "a data URI that is base64", url);
  const data = url.slice(match[0].length).trim();
  if (data === "") return failField(path, "a data URI with bytes in it", url);
  return { type: "base64", mediaType: normaliseMediaType(match[1] ?? ""), data };
}

export function buildDataUri(source: { readonly mediaType: string; readonly data: string }): string {
  return `data:${source.mediaType};base64,${source.data}`;
}

/** A file as a document: one that is text becomes its words, which every model reads. */
export function readDocument(source: DocumentPart["source"]): DocumentPart["source"] {
  const text = source.type === "base64" ? readTextFile(source) : undefined;
  return text === undefined ? source : { type: "text", text };
}

/** The words of a file that is text, e.g. `text/markdown`; undefined for other files and bytes that are no UTF-8. */
function readTextFile({ mediaType, data }: { readonly mediaType: string; readonly data: string }): string | undefined {
  if (!mediaType.startsWith("text/") && mediaType !== "application/json") return undefined;
  try {
    return utf8.decode(Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0)));
  } catch {
    return undefined;
  }
}

/** Lower case, and `image/jpg`, which is not a registered type, becomes `image/jpeg`. */
export function normaliseMediaType(type: string): string {
  const lower = type.trim().toLowerCase();
  return lower === "image/jpg" ? "image/jpeg" : lower;
}
