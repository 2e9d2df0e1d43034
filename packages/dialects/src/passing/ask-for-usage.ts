// The passthrough lane of chat completions: asking for the usage chunk a caller did not ask for, and taking it out again.

import { isRecord, tryParseJson } from "../reading/json.ts";
import { asBuffer, type SseItem } from "../streams/sse.ts";

const field = Buffer.from(',"stream_options":{"include_usage":true}');

/** `body` is a JSON object with at least one field. Undefined where the caller may have said something of it. */
export function askForUsage(body: Uint8Array): Uint8Array | undefined {
  const bytes = asBuffer(body);
  if (bytes.includes('"stream_options"')) return undefined;
  const end = bytes.lastIndexOf("}");
  return Buffer.concat([bytes.subarray(0, end), field, bytes.subarray(end)]);
}

/** The chunk that holds usage and nothing else. */
export function isUsageChunk({ data }: SseItem): boolean {
  const chunk = tryParseJson(data);
  if (!isRecord(chunk) || !isRecord(chunk["usage"])) return false;
  return Array.isArray(chunk["choices"]) && chunk["choices"].length === 0;
}
