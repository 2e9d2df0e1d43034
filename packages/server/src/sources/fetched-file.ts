// What a fetched file is: its first bytes decide, its declared type must not contradict what the part wants. No I/O.

import type { DocumentPart, ImagePart } from "@auxot/wire/chat";
import { normaliseMediaType } from "@auxot/dialects/media";
import { AppError } from "@auxot/wire/errors";
import type { Fetched } from "../platform/fetch-guard/fetch-guard.ts";

type FileKind = "image" | "document";

const imageTypes = ["image/png", "image/jpeg", "image/gif", "image/webp"];
const documentTypes = ["application/pdf", "text/plain"];
/** What hosts say that do not know. */
const unknownTypes = ["", "application/octet-stream", "binary/octet-stream"];

const wanted: Readonly<Record<FileKind, string>> = {
  image: "an image must be PNG, JPEG, GIF or WebP",
  document: "a document must be a PDF or plain text",
};

/** What a request for such a file says it takes. */
export const acceptHeaders: Readonly<Record<FileKind, string>> = {
  image: imageTypes.join(", "),
  document: documentTypes.join(", "),
};

/** The bytes as an image part carries them. Throws `invalid_request` with a sentence without its subject. */
export function readFetchedImage({ bytes, contentType }: Fetched): ImagePart["source"] {
  const declared = readType(contentType, [...imageTypes, ...unknownTypes], "image");
  // Vendors refuse an image whose type is not its own, so what the host declares counts for nothing here.
  const mediaType = detectImage(bytes);
  if (mediaType === undefined)
    throw new AppError(
      "invalid_request",
      `its bytes are no image (declared as ${declared || "nothing"}); ${wanted.image}.`,
    );
  return { type: "base64", mediaType, data: bytes.toString("base64") };
}

/** The bytes as a document part carries them, plain text as text. Throws like `readFetchedImage`. */
export function readFetchedDocument({ bytes, contentType }: Fetched): DocumentPart["source"] {
  const declared = readType(contentType, [...documentTypes, ...unknownTypes], "document");
  if (declared === "text/plain") return { type: "text", text: decodeText(bytes, contentType) };
  if (!bytes.subarray(0, 1024).includes("%PDF-"))
    throw new AppError(
      "invalid_request",
      `its bytes are no PDF (declared as ${declared || "nothing"}); ${wanted.document}.`,
    );
  return { type: "base64", mediaType: "application/pdf", data: bytes.toString("base64") };
}

function readType(contentType: string | undefined, allowed: readonly string[], kind: FileKind): string {
  const declared = normaliseMediaType((contentType ?? "").split(";")[0] ?? "");
  if (allowed.includes(declared)) return declared;
  throw new AppError("invalid_request", `its type is ${declared.slice(0, 100)}; ${wanted[kind]}.`);
}

function detectImage(bytes: Buffer): string | undefined {
  const head = bytes.toString("latin1", 0, 12);
  if (head.startsWith("\x89PNG\r\n\x1a\n")) return "image/png";
  if (head.startsWith("\xff\xd8\xff")) return "image/jpeg";
  if (/^GIF8[79]a/.test(head)) return "image/gif";
  return /^RIFF....WEBP/s.test(head) ? "image/webp" : undefined;
}

function decodeText(bytes: Buffer, contentType: string | undefined): string {
  const charset = /charset="?([\w-]+)/i.exec(contentType ?? "")?.[1] ?? "utf-8";
  try {
    return new TextDecoder(charset, { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new AppError("invalid_request", `its bytes are no text in ${charset}.`, { cause });
  }
}
