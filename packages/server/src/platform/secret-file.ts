// Owns small secret files in the data directory: mode 0600, never half written, made once even when two start at once.

import { randomBytes } from "node:crypto";
import { link, mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { createSecret, type Secret } from "./secret-text.ts";

/** The trimmed text, or undefined when the file is missing or empty. */
export async function readSecretFile(file: string): Promise<Secret | undefined> {
  try {
    const text = (await readFile(file, "utf8")).trim();
    return text === "" ? undefined : createSecret(text);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Replaces the file, or with `keep` leaves an existing one as it is. Makes the directory. */
export async function writeSecretFile(file: string, secret: Secret, keep = false): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const temporary = `${file}.${randomBytes(6).toString("hex")}`;
  try {
    const handle = await open(temporary, "wx", 0o600);
    await handle.writeFile(`${secret.reveal()}\n`);
    await handle.sync();
    await handle.close();
    await (keep ? link(temporary, file) : rename(temporary, file));
    await syncDirectory(dirname(file));
  } catch (error) {
    if (!(keep && isExisting(error))) throw error;
  } finally {
    await rm(temporary, { force: true });
  }
}

/** A file that was renamed into place is there after a power cut only when its directory was synced too. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

function isExisting(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EEXIST";
}
