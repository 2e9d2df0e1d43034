// The parts of a user's message or a tool's output in a Responses request -> canonical parts.

import type { UserPart } from "@auxot/wire/chat";
import { AppError } from "@auxot/wire/errors";
import { parseMediaUrl, readDocument } from "../media.ts";
import {
  failField,
  isAbsent,
  optional,
  readArray,
  readOptionalString,
  readRecord,
  readString,
  type Fields,
} from "../reading/read-fields.ts";

/** Adds to `unknown` the paths of parts only OpenAI understands, such as uploaded files. */
export function parseUserContent(value: unknown, path: string, unknown: string[]): UserPart[] {
  if (typeof value === "string") return [{ type: "text", text: value }];
  const parts: UserPart[] = [];
  for (const [at, entry] of readArray(value, path, "a string or an array of parts").entries()) {
    const part = parsePart(readRecord(entry, `${path}[${at}]`), `${path}[${at}]`);
    if (part === undefined) unknown.push(`${path}[${at}]`);
    else parts.push(part);
  }
  return parts;
}

function parsePart(part: Fields, path: string): UserPart | undefined {
  switch (readString(part["type"], `${path}.type`, "the type of a part, e.g. input_text")) {
    case "input_text":
      return { type: "text", text: readString(part["text"], `${path}.text`) };
    case "input_image":
      return parseImage(part, path);
    case "input_file":
      return parseFile(part, path);
    case "input_audio":
      throw new AppError("invalid_request", `${path}: audio input is not supported; send its text.`, { param: path });
    default:
      return undefined;
  }
}

/** Undefined for an uploaded image: only OpenAI knows its id. */
function parseImage(part: Fields, path: string): UserPart | undefined {
  if (isAbsent(part["image_url"]) && !isAbsent(part["file_id"])) return undefined;
  const urlPath = `${path}.image_url`;
  const source = parseMediaUrl(readString(part["image_url"], urlPath, "a URL or a data URI"), urlPath);
  if (source.type === "base64" && !source.mediaType.startsWith("image/")) {
    failField(urlPath, "an image", source.mediaType);
  }
  const detail = readOptionalString(part["detail"], `${path}.detail`);
  return {
    type: "image",
    source,
    // "auto" is what leaving it out means; "original" is newer than our words and means at least "high".
    ...(detail === "low" || detail === "high" ? { detail } : {}),
    ...(detail === "original" ? { detail: "high" as const } : {}),
  };
}

/** Undefined for an uploaded file: only OpenAI knows its id. */
function parseFile(part: Fields, path: string): UserPart | undefined {
  const name = optional("name", readOptionalString(part["filename"], `${path}.filename`));
  if (!isAbsent(part["file_url"])) {
    const url = readString(part["file_url"], `${path}.file_url`);
    if (!/^https?:\/\//i.test(url)) failField(`${path}.file_url`, "an http(s) URL", url);
    return { type: "document", source: { type: "url", url }, ...name };
  }
  if (isAbsent(part["file_data"]) && !isAbsent(part["file_id"])) return undefined;
  const text = readString(part["file_data"], `${path}.file_data`, "a base64 data URI");
  // The API reference shows bare base64 as well; that is a PDF.
  const uri = /^(data:|https?:)/i.test(text) ? text : `data:application/pdf;base64,${text}`;
  return { type: "document", source: readDocument(parseMediaUrl(uri, `${path}.file_data`)), ...name };
}
