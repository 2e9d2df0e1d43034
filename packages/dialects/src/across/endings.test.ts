// Why an answer ended, from every upstream format to every caller's.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { dialectNames, type DialectName } from "@auxot/wire/chat";
import { translateStream, translateWhole, type Parsed } from "../../test/translate.ts";

type Upstream = { readonly from: DialectName; readonly whole: object; readonly frames: readonly (object | string)[] };

function messages(stop_reason: string, stop_details: object | null = null): Upstream {
  return {
    from: "anthropic-messages",
    whole: { content: [{ type: "text", text: "a" }], stop_reason, stop_details },
    frames: [
      { type: "message_start", message: {} },
      { type: "content_block_start", index: 0, content_block: { type: "text", text: "a" } },
      { type: "content_block_stop", index: 0 },
      { type: "message_delta", delta: { stop_reason, stop_details } },
      { type: "message_stop" },
    ],
  };
}
function chat(finish_reason: string, message: object = { content: "a" }): Upstream {
  return {
    from: "openai-chat",
    whole: { choices: [{ message, finish_reason }] },
    frames: [
      { choices: [{ index: 0, delta: message, finish_reason: null }] },
      { choices: [{ index: 0, delta: {}, finish_reason }] },
      "[DONE]",
    ],
  };
}
function responses(reason: string | null, part: object = { type: "output_text", text: "a" }): Upstream {
  const status = reason === null ? "completed" : "incomplete";
  const output = [{ type: "message", role: "assistant", content: [part] }];
  const whole = { status, output, incomplete_details: reason === null ? null : { reason } };
  return { from: "openai-responses", whole, frames: [{ type: `response.${status}`, response: whole }] };
}

/** What a caller sees of the end: its format's own words. */
const readers: Readonly<Record<DialectName, (answer: Parsed) => unknown[]>> = {
  "openai-chat": ({ choices: [choice] }) => [choice.finish_reason, choice.message.refusal],
  "openai-responses": ({ status, incomplete_details, output }) => [
    incomplete_details?.reason ?? status,
    output.at(-1)?.content.find(({ type }: Parsed) => type === "refusal")?.refusal ?? null,
  ],
  "anthropic-messages": ({ stop_reason, content }) => [stop_reason, content.at(-1)?.text],
};
/** The same from a stream's frames. */
const streamReaders: Readonly<Record<DialectName, (frames: readonly Parsed[]) => unknown[]>> = {
  "openai-chat": (chunks) => {
    const choices = chunks.flatMap((chunk) => chunk.choices?.[0] ?? []);
    const refusal = choices.map(({ delta }) => delta.refusal ?? "").join("");
    return [choices.findLast(({ finish_reason }) => finish_reason !== null).finish_reason, refusal || null];
  },
  "openai-responses": (frames) => readers["openai-responses"](frames.at(-1).response),
  "anthropic-messages": (events) => {
    const last = events.findLast(({ type }) => type === "content_block_start")?.index;
    const texts = events.filter(({ type, index }) => type === "content_block_delta" && index === last);
    const { delta } = events.find(({ type }) => type === "message_delta");
    return [delta.stop_reason, texts.map((event) => event.delta.text).join("")];
  },
};

type Seen = Readonly<Record<DialectName, readonly [ending: string, text: string | null]>>;
const plain = (chatWord: string, responsesWord: string, messagesWord: string): Seen => ({
  "openai-chat": [chatWord, null],
  "openai-responses": [responsesWord, null],
  "anthropic-messages": [messagesWord, "a"],
});
const explained = { type: "refusal", category: "bio", explanation: "Not this." };

const endings: readonly [sentence: string, upstream: Upstream, seen: Seen][] = [
  ["a proper end of Anthropic's", messages("end_turn"), plain("stop", "completed", "end_turn")],
  ["a turn that Anthropic paused", messages("pause_turn"), plain("stop", "completed", "pause_turn")],
  [
    "a full context window",
    messages("model_context_window_exceeded"),
    plain("length", "max_output_tokens", "model_context_window_exceeded"),
  ],
  ["a limit met at Anthropic", messages("max_tokens"), plain("length", "max_output_tokens", "max_tokens")],
  ["a limit met at a chat server", chat("length"), plain("length", "max_output_tokens", "max_tokens")],
  [
    "a limit met at a Responses server",
    responses("max_output_tokens"),
    plain("length", "max_output_tokens", "max_tokens"),
  ],
  ["a filter at Anthropic", messages("refusal"), plain("content_filter", "content_filter", "refusal")],
  ["a filter at a chat server", chat("content_filter"), plain("content_filter", "content_filter", "refusal")],
  ["a filter at a Responses server", responses("content_filter"), plain("content_filter", "content_filter", "refusal")],
  [
    "a refusal that Anthropic explains",
    messages("refusal", explained),
    {
      "openai-chat": ["content_filter", "Not this."],
      "openai-responses": ["content_filter", "Not this."],
      "anthropic-messages": ["refusal", "Not this."],
    },
  ],
  [
    "a refusal in a chat model's words",
    chat("stop", { refusal: "Not this." }),
    {
      "openai-chat": ["stop", "Not this."],
      "openai-responses": ["completed", "Not this."],
      "anthropic-messages": ["refusal", "Not this."],
    },
  ],
  [
    "a refusal in a Responses model's words",
    responses(null, { type: "refusal", refusal: "Not this." }),
    {
      "openai-chat": ["stop", "Not this."],
      "openai-responses": ["completed", "Not this."],
      "anthropic-messages": ["refusal", "Not this."],
    },
  ],
];

describe("how an answer ended is told to every caller in its own words:", () => {
  for (const [sentence, { from, whole, frames }, seen] of endings) {
    it(sentence, () => {
      for (const to of dialectNames) {
        assert.deepEqual(readers[to](translateWhole({ from, to }, whole)), seen[to], `${to}, whole`);
        assert.deepEqual(streamReaders[to](translateStream({ from, to }, frames)), seen[to], `${to}, streamed`);
      }
    });
  }
});
