// Reads a file that a person named.

import { AppError } from "@auxot/wire/errors";
import type { Terminal } from "./command.ts";

/** "-" is what is piped in. Throws `invalid_request` with a sentence; `option` is how the file was named. */
export async function readTextFile(
  { readFile }: Pick<Terminal, "readFile">,
  file: string,
  option: string,
): Promise<string> {
  try {
    return await readFile(file);
  } catch (cause) {
    const isMissing = cause instanceof Error && "code" in cause && cause.code === "ENOENT";
    const reason = isMissing ? `There is no file ${file}.` : `${file} cannot be read: ${String(cause)}.`;
    throw new AppError("invalid_request", `${reason} Name one with ${option} FILE.`, { cause });
  }
}
