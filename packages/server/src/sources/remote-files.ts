// Gives a source the bytes of images and documents that the caller named by address, where the source does not fetch them
// itself. Workers never fetch; clouds cannot reach hosts that only the operator's network knows.

import type { ChatMessage, ChatRequest, DocumentPart, ImagePart, UserPart } from "@auxot/wire/chat";
import type { RemotePart } from "@auxot/dialects/dialect";
import { dialects } from "@auxot/dialects/dialects";
import { findUrlPath } from "@auxot/dialects/find-url-path";
import { AppError } from "@auxot/wire/errors";
import type { FetchGuard } from "../platform/fetch-guard/fetch-guard.ts";
import { acceptHeaders, readFetchedDocument, readFetchedImage } from "./fetched-file.ts";
import { findPassed } from "./passing.ts";
import type { Offer, Source } from "./source.ts";

export type RemoteFilesDeps = {
  readonly source: Source;
  readonly guard: FetchGuard;
  /** All files of a request together, as base64: what its body may have had if they had been sent in it. */
  readonly maxTotalBytes: number;
};

const maxFiles = 20;
const fetchesAtOnce = 4;

/** By address. */
type Files = {
  readonly images: Map<string, ImagePart["source"]>;
  readonly documents: Map<string, DocumentPart["source"]>;
};

/** The same source, its requests with bytes in place of addresses where they are needed. Throws `invalid_request` with the part's path. */
export function withRemoteFiles({ source, guard, maxTotalBytes }: RemoteFilesDeps): Source {
  // What one source needed, the next needs too: nothing is fetched twice for a request.
  const fetched = new WeakMap<ChatRequest, Files>();

  function getFiles(request: ChatRequest): Files {
    const files = fetched.get(request) ?? { images: new Map(), documents: new Map() };
    fetched.set(request, files);
    return files;
  }

  async function fetchMissing(
    request: ChatRequest,
    missing: readonly RemotePart[],
    files: Files,
    signal: AbortSignal,
  ): Promise<void> {
    if (missing.length > maxFiles) throw explain(request, missing[maxFiles], tooMany);
    await fetchAll(missing, signal, async (part, stop) => {
      await fetchFile(request, part, files, stop);
      checkTotal(files, maxTotalBytes);
    });
  }

  async function fetchFile(request: ChatRequest, part: RemotePart, files: Files, signal: AbortSignal): Promise<void> {
    const { url } = part.source;
    if (!guard.isEnabled) throw explain(request, part, turnedOff);
    try {
      const file = await guard.fetch(url, acceptHeaders[part.type], signal);
      if (part.type === "image") files.images.set(url, readFetchedImage(file));
      else files.documents.set(url, readFetchedDocument(file));
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== "invalid_request") throw error;
      throw explain(request, part, error);
    }
  }

  return {
    ...source,
    async run(call, signal) {
      const { request } = call;
      const parts = findRemoteParts(request, call.targets[0], guard);
      // Not a tick between the plan and the source when there is nothing to fetch: the slot that the plan saw is taken
      // before the next request plans.
      if (parts.length === 0) return source.run(call, signal);
      const files = getFiles(request);
      const missing = parts.filter(({ type, source: { url } }) => !hasFile(files, type, url));
      if (missing.length > 0) await fetchMissing(request, missing, files, signal);
      const messages = request.messages.map((message) => fillMessage(message, files));
      return source.run({ ...call, request: { ...request, messages } }, signal);
    },
  };
}

const tooMany = new AppError("invalid_request", `the model's source needs more than ${maxFiles} files fetched.`);
const turnedOff = new AppError(
  "invalid_request",
  "the model's source takes no addresses, and the operator of this router turned fetching off.",
  // A cloud that takes addresses may follow in the plan.
  { elsewhere: true },
);

/** One part for every file that the target needs as bytes. */
function findRemoteParts(request: ChatRequest, target: Offer | undefined, guard: FetchGuard): readonly RemotePart[] {
  // The passthrough lane sends the caller's own bytes.
  const dialect = target?.dialect;
  if (target !== undefined && findPassed(request, target) !== undefined) return [];
  const parts = request.messages
    .flatMap((message): readonly UserPart[] =>
      message.role === "user" || message.role === "tool" ? message.content : [],
    )
    .filter(isRemote)
    .filter(
      (part) => dialect === undefined || dialects[dialect].call.needsBytes(part) || guard.isListed(part.source.url),
    );
  return [...new Map(parts.map((part) => [`${part.type} ${part.source.url}`, part])).values()];
}

function isRemote(part: UserPart): part is RemotePart {
  return part.type !== "text" && part.source.type === "url";
}

function hasFile(files: Files, type: RemotePart["type"], url: string): boolean {
  return type === "image" ? files.images.has(url) : files.documents.has(url);
}

/** A few at once; the first that fails stops the others. */
async function fetchAll(
  parts: readonly RemotePart[],
  signal: AbortSignal,
  fetchPart: (part: RemotePart, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const failed = new AbortController();
  const stop = AbortSignal.any([signal, failed.signal]);
  const waiting = parts.values();
  const work = async (): Promise<void> => {
    for (const part of waiting) await fetchPart(part, stop);
  };
  try {
    await Promise.all(Array.from({ length: fetchesAtOnce }, work));
  } finally {
    failed.abort();
  }
}

function checkTotal({ images, documents }: Files, maxTotalBytes: number): void {
  let totalBytes = 0;
  for (const file of [...images.values(), ...documents.values()]) {
    if (file.type !== "url") totalBytes += file.type === "text" ? file.text.length : file.data.length;
  }
  if (totalBytes <= maxTotalBytes) return;
  throw new AppError(
    "too_large",
    `The images and documents given by address are together larger than ${maxTotalBytes} bytes, which is the limit of this router.`,
  );
}

function fillMessage(message: ChatMessage, files: Files): ChatMessage {
  if (message.role !== "user" && message.role !== "tool") return message;
  return { ...message, content: message.content.map((part) => fillPart(part, files)) };
}

function fillPart(part: UserPart, files: Files): UserPart {
  if (part.type === "text" || part.source.type !== "url") return part;
  if (part.type === "image") return { ...part, source: files.images.get(part.source.url) ?? part.source };
  return { ...part, source: files.documents.get(part.source.url) ?? part.source };
}

/** The whole sentence, with the place in the caller's own document. */
function explain(
  request: ChatRequest,
  part: RemotePart | undefined,
  { code, message, cause, elsewhere }: AppError,
): AppError {
  const body = request.original?.body;
  const path =
    (body === undefined || part === undefined ? undefined : findUrlPath(body, part.source.url)) ?? "messages";
  return new AppError(
    code,
    `${path}: the ${part?.type ?? "file"} cannot be fetched: ${message} You can send its bytes as base64 instead.`,
    { param: path, cause, elsewhere },
  );
}
