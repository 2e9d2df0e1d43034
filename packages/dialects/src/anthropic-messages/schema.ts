// The wire format of Anthropic's Messages (https://platform.claude.com/docs/en/api/messages), as far as we write it,
// and what it cannot carry.

import type { CacheControl } from "@auxot/wire/chat";

/** What canonical words say and this format does not. `buildRequest` warns of those a caller may miss. */
export const anthropicCannotCarry: readonly string[] = [
  "the place of a system message after the first turn (all move to `system`, in order)",
  "neighbouring messages of one role (merged), and user parts before tool results of the same turn (results go first)",
  "empty or blank text (a last message of it is replaced), trailing white space of the last assistant turn",
  "reasoning without a signature, in a history, to Anthropic itself (it is refused)",
  "redacted, in an answer (the router seals it into a signature)",
  "seed, frequencyPenalty, presencePenalty, verbosity, promptCacheKey",
  "how long a reasoning.summary is wanted; any, and reasoning.hidden, of models that think by a budget",
  "a tool's custom and namespace (a tool with one string input, under a name made of both)",
  "temperature above 1; temperature, topP and topK next to thinking; stop entries of white space",
  "reasoning.effort alone (sent as adaptive thinking with that effort, or as a budget to older models) and minimal (low)",
  "tool choices required and tool next to thinking (auto)",
  "response format json (asked for in words), and the name, description and strict of a json-schema",
  "serviceTier flex and priority, more than four cacheControl marks (the oldest go)",
  "anyOf, oneOf and allOf at the top of a tool's schema (merged into one object)",
  "what its strict tools and output formats refuse of JSON Schema, e.g. minimum and open objects (told in words)",
  "an image's detail, refusal as a mark of text",
  "an endUser that is an e-mail address or a phone number, or longer than 256 characters",
  "tool call ids with other characters than letters, digits, _ and -, or longer than 64 (one made of them is sent)",
  'tool arguments that are no JSON object (wrapped as {"arguments": text})',
  "citations of web pages (each needs a proof of Anthropic's own)",
  "a text file's bytes (sent as text)",
  "estimated in a usage",
];

type Cached = { readonly cache_control?: CacheControl };

export type AnthropicSource =
  | { readonly type: "base64"; readonly media_type: string; readonly data: string }
  | { readonly type: "url"; readonly url: string }
  | { readonly type: "text"; readonly media_type: "text/plain"; readonly data: string };

export type AnthropicTextBlock = Cached & { readonly type: "text"; readonly text: string };

export type AnthropicUserBlock =
  | AnthropicTextBlock
  | (Cached & { readonly type: "image"; readonly source: AnthropicSource })
  | (Cached & { readonly type: "document"; readonly source: AnthropicSource; readonly title?: string });

export type AnthropicToolResult = Cached & {
  readonly type: "tool_result";
  readonly tool_use_id: string;
  readonly content?: readonly AnthropicUserBlock[];
  readonly is_error?: true;
};

export type AnthropicAssistantBlock =
  | AnthropicTextBlock
  | { readonly type: "thinking"; readonly thinking: string; readonly signature: string }
  | { readonly type: "redacted_thinking"; readonly data: string }
  | (Cached & { readonly type: "tool_use"; readonly id: string; readonly name: string; readonly input: unknown });

export type AnthropicTurn =
  | { readonly role: "user"; readonly content: readonly (AnthropicToolResult | AnthropicUserBlock)[] }
  | { readonly role: "assistant"; readonly content: readonly AnthropicAssistantBlock[] };

export type AnthropicUsage = {
  readonly input_tokens: number;
  readonly cache_creation_input_tokens: number;
  readonly cache_read_input_tokens: number;
  readonly output_tokens: number;
  readonly output_tokens_details?: { readonly thinking_tokens: number };
};
