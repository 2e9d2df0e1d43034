// The first look at a whole answer from an upstream.

import { AppError, fromErrorBody } from "@auxot/wire/errors";
import { isRecord, parseJson } from "../reading/json.ts";
import type { Fields } from "../reading/read-fields.ts";
import { asBuffer } from "../streams/sse.ts";
import { mapUpstreamFault, readUpstreamFault } from "./upstream-error.ts";

/** The answer's JSON object. Throws `source_failed` when it is none, and the upstream's own error when it is one. */
export function parseResultBody(body: Uint8Array): Fields {
  let answer: unknown;
  try {
    answer = parseJson(asBuffer(body).toString("utf8"));
  } catch (cause) {
    throw new AppError("source_failed", "The source answered with something that is not JSON.", { cause });
  }
  if (!isRecord(answer)) throw new AppError("source_failed", "The source answered with JSON that is not an object.");
  if (answer["error"] !== undefined && answer["error"] !== null) {
    throw fromErrorBody(mapUpstreamFault(readUpstreamFault(answer)));
  }
  return answer;
}
