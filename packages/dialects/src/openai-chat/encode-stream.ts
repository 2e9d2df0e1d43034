// ChatEvents -> Chat Completions chunks. Chunks are built around prepared text: this runs once a token.

import type { ChatEvent } from "@auxot/wire/chat-event";
import type { StopReason, UrlCitation } from "@auxot/wire/chat";
import { noUsage, type Usage } from "@auxot/wire/usage";
import type { AnswerMeta, StreamEncoder } from "../dialect.ts";
import { encodeSse } from "../streams/sse.ts";
import { buildErrorBody } from "../answers/openai-envelope.ts";
import { readCustomInput } from "../fitting/tool-kinds.ts";
import { findCustomTools } from "./custom-tools.ts";
import { buildThinkingBlock } from "./thinking-block.ts";
import { countCharacters, writeUrlCitation } from "../answers/url-citations.ts";
import { encodeFinishReason, encodeUsage } from "./usage.ts";

/** `input` holds what came of a custom call. */
type Call = { readonly position: number; hasArguments: boolean; readonly input?: string[] };

/** The role goes out once and first; `error` and `end` are the last thing written. */
export function createStreamEncoder(meta: AnswerMeta): StreamEncoder {
  const head =
    `data: {"id":${JSON.stringify(meta.id)},"object":"chat.completion.chunk","created":${meta.createdAt},` +
    `"model":${JSON.stringify(meta.model)},"system_fingerprint":null,"choices":[`;
  const tail = meta.includeUsage ? `],"usage":null}\n\n` : `]}\n\n`;
  const usesFunctions = meta.request.usesFunctions === true;
  const refusals = new Set<number>();
  /** Where the text being written began, and where it is now, in characters of the answer's text. */
  let textStart = 0;
  let textEnd = 0;
  const reasoning = new Map<number, string[]>();
  const customTools = findCustomTools(meta.request.tools);
  const calls = new Map<number, Call>();
  let hasRole = false;
  let over = false;
  let usage: Usage = noUsage;

  function writeDelta(delta: string, finishReason = "null"): string {
    const role = hasRole
      ? ""
      : `${head}{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}${tail}`;
    hasRole = true;
    return delta === ""
      ? role
      : `${role}${head}{"index":0,"delta":${delta},"logprobs":null,"finish_reason":${finishReason}}${tail}`;
  }

  function writeArguments(index: number, text: string): string {
    const call = calls.get(index);
    // The text of a custom call stands inside JSON here: it is told whole, at the end.
    call?.input?.push(text);
    if (call === undefined || call.input !== undefined) return "";
    call.hasArguments ||= text.trim() !== "";
    if (usesFunctions)
      return call.position > 0 ? "" : writeDelta(`{"function_call":{"arguments":${JSON.stringify(text)}}}`);
    return writeDelta(`{"tool_calls":[{"index":${call.position},"function":{"arguments":${JSON.stringify(text)}}}]}`);
  }

  function writeCallStart(event: Extract<ChatEvent, { type: "tool-call-start" }>): string {
    const position = calls.size;
    const isCustom = customTools.has(event.name);
    calls.set(event.index, { position, hasArguments: false, ...(isCustom ? { input: [] } : {}) });
    if (usesFunctions) {
      // The older format holds one call.
      const started = JSON.stringify({ name: event.name, arguments: "" });
      return position > 0 ? "" : writeDelta(`{"function_call":${started}}`);
    }
    const target = isCustom
      ? { type: "custom", custom: { name: event.name, input: "" } }
      : { type: "function", function: { name: event.name, arguments: "" } };
    return writeDelta(`{"tool_calls":[${JSON.stringify({ index: position, id: event.id, ...target })}]}`);
  }

  function writeCallEnd(index: number): string {
    const call = calls.get(index);
    if (call?.input !== undefined) {
      const custom = { input: readCustomInput(call.input.join("")) };
      return writeDelta(`{"tool_calls":[${JSON.stringify({ index: call.position, custom })}]}`);
    }
    // "" is not JSON: a call without arguments still gets an object.
    return call?.hasArguments === false ? writeArguments(index, "{}") : "";
  }

  function writeReasoningEnd(event: Extract<ChatEvent, { type: "reasoning-end" }>): string {
    const text = reasoning.get(event.index)?.join("") ?? "";
    reasoning.delete(event.index);
    if (event.signature === undefined) return "";
    const block = buildThinkingBlock({ type: "reasoning", text, signature: event.signature });
    return writeDelta(`{"thinking_blocks":[${JSON.stringify(block)}]}`);
  }

  function writeEnd(reason: StopReason): string {
    over = true;
    const finish = writeDelta("{}", `"${encodeFinishReason(reason, usesFunctions)}"`);
    const counts = meta.includeUsage ? `${head}],"usage":${JSON.stringify(encodeUsage(usage))}}\n\n` : "";
    return `${finish}${counts}data: [DONE]\n\n`;
  }

  function write(event: ChatEvent): string {
    switch (event.type) {
      case "start":
        return writeDelta("");
      case "text-start":
        if (event.refusal) refusals.add(event.index);
        textStart = textEnd;
        return "";
      case "text-delta":
        if (refusals.has(event.index)) return writeDelta(`{"refusal":${JSON.stringify(event.text)}}`);
        textEnd += countCharacters(event.text);
        return writeDelta(`{"content":${JSON.stringify(event.text)}}`);
      case "text-end": {
        const annotations = event.citations?.map((citation) => buildAnnotation(citation, textStart));
        return annotations === undefined ? "" : writeDelta(`{"annotations":${JSON.stringify(annotations)}}`);
      }
      case "reasoning-start":
        reasoning.set(event.index, []);
        return "";
      case "reasoning-delta":
        reasoning.get(event.index)?.push(event.text);
        return writeDelta(`{"reasoning_content":${JSON.stringify(event.text)}}`);
      case "reasoning-end":
        return writeReasoningEnd(event);
      case "tool-call-start":
        return writeCallStart(event);
      case "tool-call-delta":
        return writeArguments(event.index, event.arguments);
      case "tool-call-end":
        return writeCallEnd(event.index);
      case "usage":
        usage = event.usage;
        return "";
      case "end":
        return writeEnd(event.stopReason);
      case "error":
        over = true;
        return encodeSse(JSON.stringify(buildErrorBody(event.error)));
      case "warning":
        return "";
    }
  }

  return {
    encode(events) {
      let text = "";
      for (const event of events) if (!over) text += write(event);
      return text;
    },
    ping: () => ": ping\n\n",
  };
}

export function buildAnnotation(citation: UrlCitation, offset: number): object {
  return { type: "url_citation", url_citation: writeUrlCitation(citation, offset) };
}
