// The three callers of the matrix test: the vendors' own packages, and what they understood in one form. Their streams
// are read by their own accumulators.

import Anthropic from "@anthropic-ai/sdk";
import type { DialectName } from "@auxot/wire/chat";
import type { Usage } from "@auxot/wire/usage";
import OpenAI from "openai";
import type { Ask } from "./asks.ts";
import { readFrames, type Frame } from "./stream-laws.ts";

/** What a caller's package made of an answer. `stop` is in the caller's own words. */
export type Seen = {
  readonly reasoning: string;
  /** Some proof of the reasoning came along that can be sent back. */
  readonly isProven: boolean;
  readonly text: string;
  readonly refusal: string;
  readonly calls: readonly { readonly id: string; readonly name: string; readonly arguments: unknown }[];
  readonly stop: string;
  readonly usage: Usage;
  /** The kinds of its parts in their order, where the format has one. */
  readonly order?: readonly string[];
};

/** What came over the wire. */
export type Exchange = {
  readonly sent: string;
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
};

export type Caller = {
  readonly dialect: DialectName;
  /** Throws what the package throws. */
  ask(ask: Ask, stream: boolean): Promise<Seen>;
  /** The last request and its whole answer. */
  exchange(): Exchange;
};

type Recorder = { readonly fetch: typeof fetch; last(): Exchange };

function createRecorder(): Recorder {
  let last: Exchange | undefined;
  return {
    async fetch(input, init) {
      const response = await fetch(input, init);
      const text = await response.text();
      const { status, headers } = response;
      last = { sent: String(init?.body), status, headers, text };
      return new Response(text, { status, headers });
    },
    last() {
      if (last === undefined) throw new Error("Nothing was sent yet.");
      return last;
    },
  };
}

/** One caller a dialect, for a router. */
export function createCallers(app: { readonly url: string; readonly key: string }): readonly Caller[] {
  const recorders = [createRecorder(), createRecorder(), createRecorder()] as const;
  const openai = (recorder: Recorder): OpenAI =>
    new OpenAI({ baseURL: `${app.url}/v1`, apiKey: app.key, maxRetries: 0, fetch: recorder.fetch });
  const anthropic = new Anthropic({ baseURL: app.url, apiKey: app.key, maxRetries: 0, fetch: recorders[2].fetch });
  const chat = openai(recorders[0]);
  const responses = openai(recorders[1]);
  return [
    {
      dialect: "openai-chat",
      ask: (ask, stream) => askChat(chat, ask as never, stream, recorders[0].last),
      exchange: recorders[0].last,
    },
    {
      dialect: "openai-responses",
      ask: (ask, stream) => askResponses(responses, ask as never, stream),
      exchange: recorders[1].last,
    },
    {
      dialect: "anthropic-messages",
      ask: (ask, stream) => askMessages(anthropic, ask as never, stream),
      exchange: recorders[2].last,
    },
  ];
}

async function askChat(
  client: OpenAI,
  ask: OpenAI.ChatCompletionCreateParamsNonStreaming,
  stream: boolean,
  last: () => Exchange,
): Promise<Seen> {
  // Its own type of a stream's parameters does not take its own type of a request's.
  const params = { ...ask, stream_options: { include_usage: true } } as never;
  const completion: OpenAI.ChatCompletion = stream
    ? await client.chat.completions.stream(params).finalChatCompletion()
    : await client.chat.completions.create(ask);
  const [choice] = completion.choices;
  if (choice === undefined) throw new Error("The completion has no choice.");
  // The package does not know these fields of compatible servers, so it cannot fold their deltas.
  const extras: Frame[] = stream
    ? readFrames(last().text).flatMap((frame) => frame.choices.map((each: Frame) => each.delta))
    : [choice.message];
  const { usage } = completion;
  return {
    reasoning: extras.map((extra) => extra.reasoning_content ?? "").join(""),
    isProven: extras.some((extra) => extra.thinking_blocks?.some((block: Frame) => block.signature !== "")),
    text: choice.message.content ?? "",
    refusal: choice.message.refusal ?? "",
    calls: (choice.message.tool_calls ?? []).map((call) => {
      if (call.type !== "function") throw new Error("Nobody asked for a custom tool.");
      return { id: call.id, name: call.function.name, arguments: JSON.parse(call.function.arguments) as unknown };
    }),
    stop: choice.finish_reason,
    usage: {
      inputTokens: usage?.prompt_tokens ?? -1,
      outputTokens: usage?.completion_tokens ?? -1,
      // The name DeepSeek has for it passes unchanged where the caller asked in its format.
      cachedInputTokens: usage?.prompt_tokens_details?.cached_tokens ?? (usage as Frame)?.prompt_cache_hit_tokens ?? -1,
      cacheWriteTokens: (usage?.prompt_tokens_details as Frame)?.cache_write_tokens ?? 0,
      reasoningTokens: usage?.completion_tokens_details?.reasoning_tokens ?? 0,
    },
  };
}

async function askResponses(
  client: OpenAI,
  ask: OpenAI.Responses.ResponseCreateParamsNonStreaming,
  stream: boolean,
): Promise<Seen> {
  const response: OpenAI.Responses.Response = stream
    ? await client.responses.stream({ ...ask, stream: true }).finalResponse()
    : await client.responses.create(ask);
  // The package leaves it to its user to look.
  if (response.status === "failed") throw new Error(`${response.error?.code}: ${response.error?.message}`);
  const { usage } = response;
  const reasoning = response.output.filter((item) => item.type === "reasoning");
  const parts = response.output.flatMap((item) => (item.type === "message" ? item.content : []));
  const reason = response.incomplete_details?.reason;
  return {
    reasoning: reasoning.flatMap(({ summary }) => summary.map(({ text }) => text)).join(""),
    isProven: reasoning.some((item) => (item.encrypted_content ?? "") !== ""),
    text: response.output_text,
    refusal: parts.map((part) => (part.type === "refusal" ? part.refusal : "")).join(""),
    calls: response.output.flatMap((item) =>
      item.type === "function_call"
        ? [{ id: item.call_id, name: item.name, arguments: JSON.parse(item.arguments) as unknown }]
        : [],
    ),
    stop: reason === undefined ? (response.status ?? "") : `${response.status}: ${reason}`,
    usage: {
      inputTokens: usage?.input_tokens ?? -1,
      outputTokens: usage?.output_tokens ?? -1,
      cachedInputTokens: usage?.input_tokens_details.cached_tokens ?? -1,
      cacheWriteTokens: usage?.input_tokens_details.cache_write_tokens ?? -1,
      reasoningTokens: usage?.output_tokens_details.reasoning_tokens ?? -1,
    },
    order: response.output.map(({ type }) => type),
  };
}

async function askMessages(
  client: Anthropic,
  ask: Anthropic.MessageCreateParamsNonStreaming,
  stream: boolean,
): Promise<Seen> {
  const message: Anthropic.Message = stream
    ? await client.messages.stream(ask).finalMessage()
    : await client.messages.create(ask);
  const { usage, content } = message;
  const cachedInputTokens = usage.cache_read_input_tokens ?? -1;
  const cacheWriteTokens = usage.cache_creation_input_tokens ?? -1;
  return {
    reasoning: content.map((block) => (block.type === "thinking" ? block.thinking : "")).join(""),
    isProven: content.some((block) => block.type === "thinking" && block.signature !== ""),
    text: content.map((block) => (block.type === "text" ? block.text : "")).join(""),
    refusal: "",
    calls: content.flatMap((block) =>
      block.type === "tool_use" ? [{ id: block.id, name: block.name, arguments: block.input }] : [],
    ),
    stop: message.stop_reason ?? "",
    usage: {
      inputTokens: usage.input_tokens + cachedInputTokens + cacheWriteTokens,
      outputTokens: usage.output_tokens,
      cachedInputTokens,
      cacheWriteTokens,
      reasoningTokens: usage.output_tokens_details?.thinking_tokens ?? 0,
    },
    order: content.map(({ type }) => type),
  };
}
