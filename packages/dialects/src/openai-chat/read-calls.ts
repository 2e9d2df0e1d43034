// Fragments of parallel tool calls in Chat Completions chunks -> events. Servers differ in what a fragment names: its
// index, its id, both, or (Ollama) the same index for every call.

import type { ChatEvent } from "@auxot/wire/chat-event";
import type { Fields } from "../reading/read-fields.ts";
import { isRecord, tryStringifyJson } from "../reading/json.ts";
import { buildCustomArguments } from "../fitting/tool-kinds.ts";

type Call = {
  readonly upstreamIndex: number | undefined;
  id: string | undefined;
  name: string;
  /** The block's index, once the name is known and the call was started. */
  block: number | undefined;
  /** Arguments that came before the name. */
  waiting: string;
  /** The text of a custom call. */
  input: string | undefined;
};

export type CallReader = {
  push(fragment: Fields, out: ChatEvent[]): void;
  /** Closes every call: fragments may alternate between calls until the answer ends, so none ends earlier. */
  finish(out: ChatEvent[]): void;
  /** The answer's id, used to name calls whose server gave them none. */
  useAnswerId(id: unknown): void;
  hasCalls(): boolean;
};

export function createCallReader(takeIndex: () => number): CallReader {
  const calls: Call[] = [];
  let answerId: string | undefined;

  function find(fragment: Fields): Call {
    const index = typeof fragment["index"] === "number" ? fragment["index"] : undefined;
    const id = typeof fragment["id"] === "string" && fragment["id"] !== "" ? fragment["id"] : undefined;
    const target = readTarget(fragment);
    const hasName = typeof target["name"] === "string" && target["name"] !== "";
    const known = findKnown(index, id, hasName);
    if (known !== undefined) {
      known.id ??= id;
      return known;
    }
    const call: Call = { upstreamIndex: index, id, name: "", block: undefined, waiting: "", input: undefined };
    calls.push(call);
    return call;
  }

  function findKnown(index: number | undefined, id: string | undefined, hasName: boolean): Call | undefined {
    const byId = id === undefined ? undefined : calls.findLast((call) => call.id === id);
    if (byId !== undefined && (index === undefined || byId.upstreamIndex === index)) return byId;
    if (index === undefined) return id === undefined && !hasName ? calls.at(-1) : undefined;
    const byIndex = calls.findLast((call) => call.upstreamIndex === index);
    // A new id together with a name under a known index is another call.
    const isOther = id !== undefined && hasName && byIndex?.id !== undefined && byIndex.id !== id;
    return isOther ? undefined : byIndex;
  }

  return {
    push(fragment, out) {
      const call = find(fragment);
      const target = readTarget(fragment);
      if (typeof target["input"] === "string") call.input = (call.input ?? "") + target["input"];
      if (call.name === "" && typeof target["name"] === "string") call.name = target["name"];
      const text = readArguments(target["arguments"]);
      if (call.block === undefined) {
        call.waiting += text;
        if (call.name === "") return;
        call.block = takeIndex();
        call.id ??= `call_${answerId ?? "0"}_${calls.indexOf(call)}`;
        out.push({ type: "tool-call-start", index: call.block, id: call.id, name: call.name });
        if (call.waiting !== "") out.push({ type: "tool-call-delta", index: call.block, arguments: call.waiting });
      } else if (text !== "") {
        out.push({ type: "tool-call-delta", index: call.block, arguments: text });
      }
    },
    finish(out) {
      for (const call of calls) {
        if (call.block !== undefined) {
          if (call.input !== undefined)
            out.push({ type: "tool-call-delta", index: call.block, arguments: buildCustomArguments(call.input) });
          out.push({ type: "tool-call-end", index: call.block });
        } else
          out.push({
            type: "warning",
            message: "The source began a tool call without naming the tool; it was left out.",
          });
      }
    },
    useAnswerId(id) {
      if (answerId === undefined && typeof id === "string" && id !== "") answerId = id.replaceAll(/[^\w-]/g, "_");
    },
    hasCalls: () => calls.some((call) => call.block !== undefined),
  };
}

function readTarget(fragment: Fields): Fields {
  const target = fragment["function"] ?? fragment["custom"];
  return isRecord(target) ? target : {};
}

/** Some servers send the arguments as an object, whole. */
function readArguments(value: unknown): string {
  if (typeof value === "string") return value;
  return isRecord(value) ? tryStringifyJson(value) : "";
}
