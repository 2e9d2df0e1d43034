// Reads off the bytes of an answer, as the caller gets them, what is kept of it: the response object.

import { isRecord, tryParseJson } from "../reading/json.ts";
import type { Fields } from "../reading/read-fields.ts";
import { asBuffer, createFrameParser } from "../streams/sse.ts";

export type KeptAnswer = {
  readonly id: string;
  readonly status: string;
  /** What the answer says of `store`; undefined when it says nothing. */
  readonly store: boolean | undefined;
  /** JSON text of the response object. */
  readonly response: string;
  readonly outputIds: readonly string[];
};

export type AnswerReader = {
  /** Whole frames of a stream. */
  pushFrames(frames: Uint8Array | string): void;
  /** A whole answer. */
  pushBody(body: Uint8Array): void;
  /** Undefined until the answer is over, and when it has no id. */
  result(): KeptAnswer | undefined;
};

const endings: ReadonlySet<unknown> = new Set(["response.completed", "response.incomplete", "response.failed"]);
const markers = ["response.output_item.done", "response.completed", "response.incomplete", "response.failed"];

/** Parses only the few frames that tell an item or the end. */
export function createAnswerReader(): AnswerReader {
  const parse = createFrameParser();
  const items: unknown[] = [];
  let last: Fields | undefined;

  function readFrame(data: string): void {
    const event = tryParseJson(data);
    if (!isRecord(event)) return;
    if (event["type"] === "response.output_item.done" && isRecord(event["item"])) items.push(event["item"]);
    if (endings.has(event["type"]) && isRecord(event["response"])) last = event["response"];
  }

  return {
    pushFrames(frames) {
      const bytes = typeof frames === "string" ? frames : asBuffer(frames);
      if (!markers.some((marker) => bytes.includes(marker))) return;
      for (const { data } of parse(Buffer.from(bytes)))
        if (markers.some((marker) => data.includes(marker))) readFrame(data);
    },
    pushBody(body) {
      const answer = tryParseJson(asBuffer(body).toString("utf8"));
      if (isRecord(answer)) last = answer;
    },
    result() {
      if (last === undefined || typeof last["id"] !== "string") return undefined;
      // Some servers tell the items only as they come.
      const told = Array.isArray(last["output"]) ? last["output"] : [];
      const output = told.length > 0 ? told : items;
      return {
        id: last["id"],
        status: typeof last["status"] === "string" ? last["status"] : "completed",
        store: typeof last["store"] === "boolean" ? last["store"] : undefined,
        response: JSON.stringify({ ...last, output }),
        outputIds: output.flatMap((item) => (isRecord(item) && typeof item["id"] === "string" ? [item["id"]] : [])),
      };
    },
  };
}
