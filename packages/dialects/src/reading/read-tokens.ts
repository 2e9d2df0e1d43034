// Reads prompts and inputs given as tokens, which OpenAI's older formats take beside text.

import { readRawNumber } from "./json.ts";
import { failField } from "./read-fields.ts";

/** Throws `invalid_request` that names the entry; whether the model has such tokens is known only where it runs. */
export function readTokens(entries: readonly unknown[], path: string): readonly number[] {
  if (entries.length === 0) failField(path, "at least one token", entries);
  return entries.map((entry, at) => {
    const token = readRawNumber(entry);
    if (typeof token === "number" && Number.isSafeInteger(token) && token >= 0) return token;
    return failField(`${path}[${at}]`, "the id of a token", token);
  });
}
