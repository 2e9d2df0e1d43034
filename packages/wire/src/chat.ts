// The canonical chat request and result. Every dialect translates to and from these words, never to another dialect.

import type { Usage } from "./usage.ts";

export const dialectNames = ["openai-chat", "openai-responses", "anthropic-messages"] as const;
/** A public chat format. */
export type DialectName = (typeof dialectNames)[number];

/** What a caller may speak: the chat dialects, and OpenAI's two formats that no provider is configured by. */
export type FormatName = DialectName | "openai-completions" | "openai-embeddings";

/** Anthropic's cache marker, kept where it stood. */
export type CacheControl = { readonly type: "ephemeral"; readonly ttl?: "5m" | "1h" };

/** A web page that a model names as the source of what it wrote from `start` to `end`, in characters of the text. */
export type UrlCitation = {
  readonly url: string;
  /** "" where the page has none. */
  readonly title: string;
  readonly start: number;
  readonly end: number;
};

/** `refusal` marks text the model gave as its refusal (OpenAI's `refusal` field). */
export type TextPart = {
  readonly type: "text";
  readonly text: string;
  readonly refusal?: true;
  /** Only in answers: at least one when there. */
  readonly citations?: readonly UrlCitation[];
  readonly cacheControl?: CacheControl;
};

/** Bytes are base64 without a `data:` prefix; `mediaType` is lower case. */
export type MediaSource =
  | { readonly type: "base64"; readonly mediaType: string; readonly data: string }
  | { readonly type: "url"; readonly url: string };

export type ImagePart = {
  readonly type: "image";
  readonly source: MediaSource;
  readonly detail?: "auto" | "low" | "high";
  readonly cacheControl?: CacheControl;
};

/** A PDF or other file. `name` is the file name or title. */
export type DocumentPart = {
  readonly type: "document";
  readonly source: MediaSource | { readonly type: "text"; readonly text: string };
  readonly name?: string;
  readonly cacheControl?: CacheControl;
};

/** `signature` and `redacted` are opaque to us and valid only at the vendor that made them. */
export type ReasoningPart = {
  readonly type: "reasoning";
  readonly text: string;
  readonly signature?: string;
  /** Encrypted reasoning: `text` is empty. */
  readonly redacted?: string;
};

/** `arguments` is JSON text exactly as the model wrote it; "" never occurs, an empty call is "{}". */
export type ToolCallPart = {
  readonly type: "tool-call";
  readonly id: string;
  readonly name: string;
  readonly arguments: string;
  readonly cacheControl?: CacheControl;
};

export type UserPart = TextPart | ImagePart | DocumentPart;
export type AssistantPart = TextPart | ReasoningPart | ToolCallPart;

/** In the order the caller sent them. A tool message answers the call `callId` of an earlier assistant message. */
export type ChatMessage =
  | { readonly role: "system"; readonly content: readonly TextPart[] }
  | { readonly role: "user"; readonly content: readonly UserPart[] }
  | { readonly role: "assistant"; readonly content: readonly AssistantPart[] }
  | {
      readonly role: "tool";
      readonly callId: string;
      readonly content: readonly UserPart[];
      readonly isError?: true;
      readonly cacheControl?: CacheControl;
    };

/** `parameters` is a JSON Schema object, passed on as it came. */
export type ToolDefinition = {
  readonly name: string;
  readonly description?: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly strict?: boolean;
  /** OpenAI's custom tool: its call is free text, here a function with the one string `input`. `format` as it came. */
  readonly custom?: { readonly format?: Readonly<Record<string, unknown>> };
  /** The namespace it stood in (OpenAI Responses) and its name there; `name` is then made of both. */
  readonly namespace?: { readonly name: string; readonly toolName: string; readonly description?: string };
  readonly cacheControl?: CacheControl;
};

export type ToolChoice =
  | { readonly type: "auto" }
  | { readonly type: "none" }
  | { readonly type: "required" }
  | { readonly type: "tool"; readonly name: string };

export type ResponseFormat =
  | { readonly type: "json" }
  | {
      readonly type: "json-schema";
      readonly name: string;
      readonly schema: Readonly<Record<string, unknown>>;
      readonly strict?: boolean;
      readonly description?: string;
    };

export const reasoningEfforts = ["none", "minimal", "low", "medium", "high", "xhigh", "max"] as const;
export type ReasoningEffort = (typeof reasoningEfforts)[number];

/** What the caller asked about thinking. `adaptive` lets the model decide; `budgetTokens` caps it. */
export type ReasoningRequest = {
  readonly effort?: ReasoningEffort;
  readonly budgetTokens?: number;
  readonly adaptive?: true;
  /** How much of the reasoning the caller wants told in words. */
  readonly summary?: (typeof reasoningSummaries)[number];
  /** The caller does not want to read it. */
  readonly hidden?: true;
};

export const reasoningSummaries = ["auto", "concise", "detailed"] as const;
/** `default` is the standard price and speed; `auto` leaves it to the account's settings. */
export const serviceTiers = ["auto", "default", "flex", "priority"] as const;
export const verbosities = ["low", "medium", "high"] as const;

/** The bytes the caller sent, for the passthrough lane. */
export type RequestOriginal = {
  readonly dialect: FormatName;
  readonly body: Uint8Array;
  /** Headers of the caller that belong to the body, e.g. `anthropic-beta`. Lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** What the caller's headers call the session it belongs to, where they do. */
  readonly session?: string;
  /** Names of the providers whose upstreams understand these bytes, when they name what is stored there. Absent: all of the dialect. */
  readonly passesTo?: readonly string[];
  /** Fields the answer repeats, by name and as the caller wrote them (OpenAI Responses). */
  readonly echo?: Readonly<Record<string, unknown>>;
};

/** A text to go on with, without a conversation around it (OpenAI's legacy completions). */
export type CompletionPrompt = {
  /** The text as it is, or its tokens in the model's own vocabulary. */
  readonly prompt: string | readonly number[];
  /** What comes after the text asked for: the model fills the gap. Never empty. */
  readonly suffix?: string;
  /** The answer begins with the prompt. The format writes it; sources are not told. */
  readonly echo?: true;
};

export type ChatRequest = {
  /** As the caller wrote it: an id, an alias, `provider/model` or `auto`. */
  readonly model: string;
  /** At least one. */
  readonly messages: readonly ChatMessage[];
  /** The model goes on with this, raw. `messages` then say the same for sources that only chat. */
  readonly completion?: CompletionPrompt;
  readonly tools: readonly ToolDefinition[];
  readonly toolChoice?: ToolChoice;
  readonly parallelToolCalls?: boolean;
  /** The tools came as OpenAI's older `functions`: the answer's one call is a `function_call`. */
  readonly usesFunctions?: true;
  readonly maxOutputTokens?: number;
  readonly temperature?: number;
  readonly topP?: number;
  readonly topK?: number;
  /** At least one entry when there. */
  readonly stop?: readonly string[];
  readonly seed?: number;
  readonly frequencyPenalty?: number;
  readonly presencePenalty?: number;
  readonly responseFormat?: ResponseFormat;
  readonly reasoning?: ReasoningRequest;
  /** How long an answer the caller wants. */
  readonly verbosity?: (typeof verbosities)[number];
  readonly serviceTier?: (typeof serviceTiers)[number];
  /** Requests with the same one begin alike: worth the same cache. A hint, no answer depends on it. */
  readonly promptCacheKey?: string;
  /** The end user as the caller names them (`user`, `safety_identifier`, `metadata.user_id`). */
  readonly endUser?: string;
  /** More than one: how many answers at once (OpenAI's `n`). Only a provider of the caller's own dialect can give them. */
  readonly answerCount?: number;
  /** How the caller wants the answer; not sent to sources as such. */
  readonly stream: boolean;
  /** The caller wants a usage chunk in the stream (OpenAI's `stream_options.include_usage`). */
  readonly includeUsage?: boolean;
  /** Top-level fields the canonical words do not carry, by name. Kept in the passthrough lane, reported elsewhere. */
  readonly unknownFields?: readonly string[];
  readonly original?: RequestOriginal;
};

/** `pause` is Anthropic's `pause_turn`; `context-exceeded` its `model_context_window_exceeded`. */
export type StopReason = "stop" | "stop-sequence" | "length" | "tool-calls" | "refusal" | "pause" | "context-exceeded";

/** A whole answer: what folding the events of a stream gives. */
export type ChatResult = {
  /** The source's own name of the model. */
  readonly model?: string;
  readonly content: readonly AssistantPart[];
  readonly stopReason: StopReason;
  /** The text that stopped it; only with `stop-sequence`. */
  readonly stopSequence?: string;
  readonly usage?: Usage;
  /** What could not be read of it, one sentence each. */
  readonly warnings?: readonly string[];
};
