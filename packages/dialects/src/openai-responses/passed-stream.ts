// What an upstream's own Responses stream said so far while it passed on byte for byte, so that our words behind it go on
// where it stopped: the same response, the next sequence number.

import { isRecord, tryParseJson } from "../reading/json.ts";
import { asBuffer, createFrameParser } from "../streams/sse.ts";

export type PassedStream = {
  /** Whole frames, in order. */
  push(bytes: Uint8Array): void;
  /** The response's own fields as its first events told them; undefined before. */
  response(): Readonly<Record<string, unknown>> | undefined;
  nextSequence(): number;
};

const sequenceKey = Buffer.from('"sequence_number":');

/** Parses only until the response is known; afterwards it searches each read once, from its end. */
export function createPassedStream(): PassedStream {
  const parse = createFrameParser();
  let response: Readonly<Record<string, unknown>> | undefined;
  let sequence = -1;
  return {
    push(bytes) {
      const buffer = asBuffer(bytes);
      sequence = Math.max(sequence, findLastSequence(buffer));
      if (response !== undefined) return;
      for (const { data } of parse(buffer)) {
        const event = tryParseJson(data);
        if (isRecord(event) && isRecord(event["response"])) response ??= event["response"];
      }
    },
    response: () => response,
    nextSequence: () => sequence + 1,
  };
}

/** -1 when there is none. The quotes keep text that mentions the key out: inside a JSON string they are escaped. */
function findLastSequence(buffer: Buffer): number {
  const at = buffer.lastIndexOf(sequenceKey);
  if (at === -1) return -1;
  const start = at + sequenceKey.length;
  const digits = /^ ?(\d{1,15})/.exec(buffer.toString("latin1", start, start + 20));
  return digits === null ? -1 : Number(digits[1]);
}
