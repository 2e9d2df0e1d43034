// The wire format of OpenAI's Chat Completions (https://platform.openai.com/docs/api-reference/chat), as far as we write
// it, and what it cannot carry.

/**
 * What canonical words say and this format does not. `buildRequest` warns of those a caller may miss; the others change
 * nothing in the answer.
 */
export const openaiCannotCarry: readonly string[] = [
  "borders between text parts of one message (joined; user messages with images or files keep theirs)",
  "the order of text, reasoning and tool calls in one assistant message of a history or a whole answer",
  "borders between neighbouring text blocks, and between neighbouring reasoning blocks without a signature, of a streamed answer",
  "redacted, in an answer (the router seals it into a signature)",
  "cacheControl on anything (read when it is sent to us, as several clients do)",
  'isError of a tool result (its text begins with "Error: ")',
  "reasoning in a history, on OpenAI itself",
  "a text file's bytes (sent as text)",
  "images and documents in a tool result (they follow in a user message)",
  "a document by URL, and the name of a text document as such",
  "topK, and tool call ids longer than 40 or with odd characters (one made of them is sent), on OpenAI itself",
  "reasoning.budgetTokens (the nearest effort is sent), reasoning.adaptive, and efforts a model's family does not know",
  "reasoning.summary, and verbosity, serviceTier and promptCacheKey to servers that may not know them",
  "a tool's custom and namespace, to a provider (a function with one string input, under a name made of both)",
  "more than four stop entries",
  "the stop reasons stop-sequence and pause (stop) and context-exceeded (length), and stopSequence",
  "more than one refusal in one message",
  "on OpenAI itself: anyOf, oneOf and allOf at the top of a tool's schema, and strict with a schema outside its rules",
  "estimated in a usage",
];

export type OpenaiPart =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "image_url"; readonly image_url: { readonly url: string; readonly detail?: string } }
  | { readonly type: "file"; readonly file: { readonly filename: string; readonly file_data: string } };

export type OpenaiToolCall =
  | {
      readonly id: string;
      readonly type: "function";
      readonly function: { readonly name: string; readonly arguments: string };
      /** Google's extension. */
      readonly extra_content?: object;
    }
  | {
      readonly id: string;
      readonly type: "custom";
      readonly custom: { readonly name: string; readonly input: string };
    };

/** Our extension, the same shape LiteLLM uses: reasoning with the proof its vendor wants back. */
export type OpenaiThinkingBlock =
  | { readonly type: "thinking"; readonly thinking: string; readonly signature: string }
  | { readonly type: "redacted_thinking"; readonly data: string };

export type OpenaiMessage =
  | { readonly role: "system" | "developer"; readonly content: string }
  | { readonly role: "user"; readonly content: string | readonly OpenaiPart[] }
  | { readonly role: "tool"; readonly tool_call_id: string; readonly content: string }
  | {
      readonly role: "assistant";
      readonly content: string | null;
      readonly refusal?: string;
      readonly reasoning_content?: string;
      readonly thinking_blocks?: readonly OpenaiThinkingBlock[];
      readonly tool_calls?: readonly OpenaiToolCall[];
    };

export type OpenaiAnswerMessage = {
  readonly role: "assistant";
  readonly content: string | null;
  readonly refusal: string | null;
  readonly annotations?: readonly object[];
  readonly reasoning_content?: string;
  readonly thinking_blocks?: readonly OpenaiThinkingBlock[];
  readonly tool_calls?: readonly OpenaiToolCall[];
  readonly function_call?: Extract<OpenaiToolCall, { type: "function" }>["function"];
};

export type OpenaiUsage = {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
  readonly prompt_tokens_details: { readonly cached_tokens: number; readonly cache_write_tokens?: number };
  readonly completion_tokens_details: { readonly reasoning_tokens: number };
};
