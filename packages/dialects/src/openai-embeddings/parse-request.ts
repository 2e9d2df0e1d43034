// An embeddings request -> EmbedRequest.

import { encodingFormats, maxEmbedInputs, type EmbedInput, type EmbedRequest } from "@auxot/wire/embed";
import { parseJsonBody, readRawNumber } from "../reading/json.ts";
import {
  failField,
  isAbsent,
  optional,
  readArray,
  readName,
  readOneOf,
  readOptionalInteger,
  readOptionalString,
  readRecord,
} from "../reading/read-fields.ts";
import { readTokens } from "../reading/read-tokens.ts";

const knownFields = new Set(["model", "input", "encoding_format", "dimensions", "user"]);

/** Throws `invalid_request` that names the field, down to the entry of `input`. */
export function parseRequest(body: Uint8Array): EmbedRequest {
  const fields = readRecord(parseJsonBody(body), "");
  const model = readName(fields["model"], "model", "the name of a model");
  const format = fields["encoding_format"];
  const unknown = Object.keys(fields).filter((key) => !knownFields.has(key) && !isAbsent(fields[key]));
  return {
    model,
    input: readInput(fields["input"]),
    ...optional("dimensions", readOptionalInteger(fields["dimensions"], "dimensions", 1)),
    encodingFormat: isAbsent(format) ? "float" : readOneOf(format, "encoding_format", encodingFormats),
    ...optional("endUser", readOptionalString(fields["user"], "user")),
    ...(unknown.length === 0 ? {} : { unknownFields: unknown }),
    // The edge knows the headers and adds them.
    original: { dialect: "openai-embeddings", body, headers: {} },
  };
}

function readInput(value: unknown): readonly EmbedInput[] {
  if (typeof value === "string") return [readText(value, "input")];
  const entries = readArray(value, "input", "a string, an array of strings, or arrays of tokens");
  if (entries.length === 0) failField("input", "at least one text", value);
  if (typeof readRawNumber(entries[0]) === "number") return [readTokens(entries, "input")];
  if (entries.length > maxEmbedInputs) {
    failField("input", `at most ${maxEmbedInputs} entries in one request`, entries.length);
  }
  return entries.map((entry, at) =>
    Array.isArray(entry) ? readTokens(entry, `input[${at}]`) : readText(entry, `input[${at}]`),
  );
}

function readText(value: unknown, path: string): string {
  return readName(value, path, "a text that is not empty");
}
