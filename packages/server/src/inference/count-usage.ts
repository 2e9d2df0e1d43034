// The tokens of one answer: what the source reported, filled in with a marked estimate where it reported nothing or was
// left before it did. Pure. Reply, log line and usage row all take their numbers from here.

import type { AnswerBatch, ChatEvent } from "@auxot/wire/chat-event";
import { noUsage, type Usage } from "@auxot/wire/usage";

export type UsageCount = {
  onBatch(batch: AnswerBatch): void;
  /** The batch with the final count before its `end`, where the source gave none. Passed bytes stay as they are. */
  complete(batch: AnswerBatch): AnswerBatch;
  /** `ended`: the source gave its last count. */
  total(ended: boolean): Usage;
};

const charactersPerToken = 4;
/** Of a stream in the passthrough lane content is not read; a frame of one token has about this many bytes. */
const passedBytesPerToken = 200;

/** `readPromptTokens`: a guess, asked for only when the source did not count. */
export function createUsageCount(stream: boolean, readPromptTokens: () => number): UsageCount {
  let reported: Usage | undefined;
  let tokens = 0;

  function estimate(): Usage {
    return {
      ...noUsage,
      ...reported,
      inputTokens: Math.max(reported?.inputTokens ?? 0, readPromptTokens()),
      outputTokens: Math.max(reported?.outputTokens ?? 0, Math.ceil(tokens)),
      estimated: true,
    };
  }

  function total(ended: boolean): Usage {
    if (reported === undefined || reported.estimated === true) return estimate();
    // Vendors begin a stream with the input's count and an output of one: of a stream that was cut off it says little.
    return ended || reported.outputTokens >= tokens ? reported : { ...estimate(), inputTokens: reported.inputTokens };
  }

  return {
    onBatch({ events, bytes }) {
      const isRead = bytes === undefined || !stream;
      if (!isRead) tokens += bytes.length / passedBytesPerToken;
      for (const event of events) {
        if (event.type === "usage") reported = toCounts(event.usage);
        else if (isRead) tokens += countCharacters(event) / charactersPerToken;
      }
    },
    complete(batch) {
      const end = batch.events.at(-1);
      if (batch.bytes !== undefined || end?.type !== "end") return batch;
      const usage = total(true);
      if (usage === reported) return batch;
      reported = usage;
      return { events: [...batch.events.slice(0, -1), { type: "usage", usage }, end] };
    },
    total,
  };
}

/** No answer has more: a source that says so is mistaken, and nothing that is added up of it may overflow. */
const mostTokens = 1_000_000_000;

/** Whole numbers that can be added up. The same object where it has them already. */
function toCounts(usage: Usage): Usage {
  const { inputTokens, outputTokens, cachedInputTokens, cacheWriteTokens, reasoningTokens } = usage;
  if (
    isCountable(inputTokens) &&
    isCountable(outputTokens) &&
    isCountable(cachedInputTokens) &&
    isCountable(cacheWriteTokens) &&
    isCountable(reasoningTokens)
  ) {
    return usage;
  }
  return {
    ...usage,
    inputTokens: toCount(inputTokens),
    outputTokens: toCount(outputTokens),
    cachedInputTokens: toCount(cachedInputTokens),
    cacheWriteTokens: toCount(cacheWriteTokens),
    reasoningTokens: toCount(reasoningTokens),
  };
}

function isCountable(tokens: number): boolean {
  return Number.isInteger(tokens) && tokens >= 0 && tokens <= mostTokens;
}

function toCount(tokens: number): number {
  return tokens > 0 ? Math.min(mostTokens, Math.round(tokens)) : 0;
}

function countCharacters(event: ChatEvent): number {
  if (event.type === "text-delta" || event.type === "reasoning-delta") return event.text.length;
  return event.type === "tool-call-delta" ? event.arguments.length : 0;
}
