// ChatEvents -> legacy completions chunks. Chunks are built around prepared text: this runs once a token.

import type { ChatEvent } from "@auxot/wire/chat-event";
import type { ChatRequest } from "@auxot/wire/chat";
import type { Usage } from "@auxot/wire/usage";
import type { AnswerMeta, StreamEncoder } from "../dialect.ts";
import { encodeUsage } from "../openai-chat/usage.ts";
import { buildErrorBody } from "../answers/openai-envelope.ts";
import { encodeSse } from "../streams/sse.ts";
import { addUsage, encodeFinishReason, readEcho } from "./encode-result.ts";

/**
 * Takes the answers to `requests` one after the other, each to its `end`: one choice each. Behind the last come usage and
 * the end of the stream. Reasoning and tool calls have no place in it.
 */
export function createStreamEncoder(
  meta: AnswerMeta,
  requests: readonly Pick<ChatRequest, "completion">[] = [meta.request],
): StreamEncoder {
  const start =
    `data: {"id":${JSON.stringify(meta.id)},"object":"text_completion","created":${meta.createdAt},` +
    `"model":${JSON.stringify(meta.model)},"system_fingerprint":null,`;
  const tail = meta.includeUsage ? `}],"usage":null}\n\n` : `}]}\n\n`;
  const usages: (Usage | undefined)[] = [];
  let index = 0;
  let echo = readEcho(requests[0]);
  let over = false;

  function writeChunk(text: string, finishReason: string): string {
    const choice = `{"text":${JSON.stringify(text)},"index":${index},"logprobs":null,"finish_reason":${finishReason}`;
    return `${start}"choices":[${choice}${tail}`;
  }

  function writeText(text: string): string {
    const whole = echo + text;
    echo = "";
    return whole === "" ? "" : writeChunk(whole, "null");
  }

  function writeEnd(finish: string): string {
    const last = `${writeText("")}${writeChunk("", `"${finish}"`)}`;
    index += 1;
    echo = readEcho(requests[index]);
    if (index < requests.length) return last;
    over = true;
    const usage = JSON.stringify(encodeUsage(addUsage(usages)));
    const counts = meta.includeUsage ? `${start}"choices":[],"usage":${usage}}\n\n` : "";
    return `${last}${counts}data: [DONE]\n\n`;
  }

  function write(event: ChatEvent): string {
    switch (event.type) {
      case "start":
        return writeText("");
      case "text-delta":
        return writeText(event.text);
      case "usage":
        usages[index] = event.usage;
        return "";
      case "end":
        return writeEnd(encodeFinishReason(event.stopReason));
      case "error":
        over = true;
        return encodeSse(JSON.stringify(buildErrorBody(event.error)));
      case "text-start":
      case "text-end":
      case "reasoning-start":
      case "reasoning-delta":
      case "reasoning-end":
      case "tool-call-start":
      case "tool-call-delta":
      case "tool-call-end":
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
