// An upstream's answer in one dialect as a caller of another dialect reads it.

import type { DialectName } from "@auxot/wire/chat";
import type { AnswerMeta } from "../src/dialect.ts";
import { dialects } from "../src/dialects.ts";
import { encodeSse } from "../src/streams/sse.ts";
import { meta } from "./arbitraries.ts";

/** Parsed JSON, as the JSON parser types it. */
export type Parsed = ReturnType<typeof JSON.parse>;

export type Route = { readonly from: DialectName; readonly to: DialectName };

/** A whole answer of the upstream `from`, as a caller of `to` reads it. */
export function translateWhole({ from, to }: Route, body: object, about: AnswerMeta = meta): Parsed {
  const result = dialects[from].call.decodeResult(Buffer.from(JSON.stringify(body)));
  return JSON.parse(dialects[to].serve.encodeResult(result, about));
}

/** The text a caller of `to` gets for the frames of `from`, each read and written by itself. Strings go as they are. */
export function translateText({ from, to }: Route, frames: readonly (object | string)[], about: AnswerMeta): string {
  const decoder = dialects[from].call.createStreamDecoder();
  const encoder = dialects[to].serve.createStreamEncoder(about);
  const written = frames.map((frame) => encoder.encode(decoder.push(Buffer.from(encodeUpstream(frame)))));
  return written.join("") + encoder.encode(decoder.finish());
}

/** The data of every frame, "[DONE]" as it is. */
export function translateStream(
  route: Route,
  frames: readonly (object | string)[],
  about: AnswerMeta = meta,
): Parsed[] {
  return translateText(route, frames, about)
    .split("\n\n")
    .filter((frame) => frame !== "")
    .map((frame) => {
      const data = frame.slice(frame.indexOf("data: ") + 6);
      return data === "[DONE]" ? data : JSON.parse(data);
    });
}

function encodeUpstream(frame: object | string): string {
  if (typeof frame === "string") return frame.startsWith(":") ? `${frame}\n\n` : encodeSse(frame);
  return encodeSse(JSON.stringify(frame), "type" in frame ? String(frame.type) : undefined);
}
