// Owns what a request says of where it comes from beside its key: tags for the books, and the caller's program. Knows no HTTP server.

import { AppError } from "@auxot/wire/errors";

export type RequestOrigin = {
  /** In the order of their letters, each once. */
  readonly tags: readonly string[];
  /** The program's name in small letters without its version, e.g. `claude-cli`. */
  readonly client?: string;
};

export const tagsHeader = "x-auxot-tags";
export const maxTags = 10;
export const maxTagLength = 64;

const tagForm = /^[A-Za-z0-9][A-Za-z0-9._:/=@+-]*$/;
const programForm = /^([A-Za-z0-9][A-Za-z0-9._-]{0,39})(?:\/([A-Za-z]{1,20})\b)?/;
const noOrigin: RequestOrigin = { tags: [] };

/** Headers by lower-case name. Throws `invalid_request` for tags that cannot be kept as they are. */
export function readRequestOrigin(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
): RequestOrigin {
  const tags = readTags(headers[tagsHeader]);
  const client = readClient(headers["user-agent"]);
  if (tags.length === 0 && client === undefined) return noOrigin;
  return { tags, ...(client === undefined ? {} : { client }) };
}

function readTags(header: string | readonly string[] | undefined): readonly string[] {
  if (header === undefined) return noOrigin.tags;
  const tags = new Set(
    String(header)
      .split(",")
      .map((tag) => tag.trim())
      .filter((tag) => tag !== ""),
  );
  if (tags.size > maxTags) refuse(`${tags.size} tags are too many: ${maxTags} at most`);
  for (const tag of tags) {
    if (tag.length > maxTagLength) refuse(`a tag has ${tag.length} characters: ${maxTagLength} at most`);
    if (!tagForm.test(tag)) {
      refuse(`${JSON.stringify(tag)} is no tag: letters, digits and . _ : / = @ + -, beginning with a letter or digit`);
    }
  }
  return [...tags].toSorted();
}

function refuse(problem: string): never {
  throw new AppError("invalid_request", `${tagsHeader}: ${problem}. Separate tags by commas.`, { param: tagsHeader });
}

/** SDKs of one vendor call themselves `OpenAI/JS 7.57.0`: what follows the slash tells them apart. */
function readClient(header: string | readonly string[] | undefined): string | undefined {
  const [, program, kind] = programForm.exec(typeof header === "string" ? header : "") ?? [];
  if (program === undefined) return undefined;
  return (kind === undefined ? program : `${program}-${kind}`).toLowerCase();
}
