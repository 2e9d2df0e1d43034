// The wire format of OpenAI's Responses (https://platform.openai.com/docs/api-reference/responses and
// https://www.openresponses.org/specification), as far as we write it, and what it cannot carry.

/** What canonical words say and this format does not. `buildRequest` warns of those a caller may miss. */
export const responsesCannotCarry: readonly string[] = [
  "borders between neighbouring assistant messages of a history, and between text parts of its first system message",
  "reasoning without encrypted content of a Responses upstream, in a history",
  "redacted, in an answer (the router seals it into a signature)",
  "cacheControl on anything, and serviceTier to servers that may not know it",
  'isError of a tool result (its text begins with "Error: ")',
  "the name of a document by URL, and of a text document as such",
  "stop, seed and topK; frequencyPenalty and presencePenalty on OpenAI itself",
  "reasoning.budgetTokens (the nearest effort is sent), reasoning.adaptive, and efforts a model's family does not know",
  "maxOutputTokens below 16, on OpenAI itself",
  "tool call ids with other characters than letters, digits, _ and -, or longer than 64 (one made of them is sent)",
  "a tool without strict (sent as false: left out, it would mean true here)",
  "the stop reasons stop-sequence and pause (completed) and context-exceeded (max_output_tokens), and stopSequence",
  "on OpenAI itself: anyOf, oneOf and allOf at the top of a tool's schema, and strict with a schema outside its rules",
  "estimated in a usage",
];

export type ItemStatus = "in_progress" | "completed" | "incomplete";

export type ResponsesInputPart =
  | { readonly type: "input_text"; readonly text: string }
  | { readonly type: "input_image"; readonly image_url: string; readonly detail: string }
  | { readonly type: "input_file"; readonly filename: string; readonly file_data: string }
  | { readonly type: "input_file"; readonly file_url: string };

export type ResponsesTextPart =
  | {
      readonly type: "output_text";
      readonly text: string;
      readonly annotations: readonly object[];
      readonly logprobs: readonly [];
    }
  | { readonly type: "refusal"; readonly refusal: string };

export type ResponsesInputItem =
  | {
      readonly type: "message";
      readonly role: "user" | "system" | "developer";
      readonly content: string | readonly ResponsesInputPart[];
    }
  | { readonly type: "message"; readonly role: "assistant"; readonly content: string | readonly ResponsesTextPart[] }
  | {
      readonly type: "reasoning";
      readonly id?: string;
      readonly summary: readonly ResponsesSummaryPart[];
      readonly encrypted_content: string;
    }
  | ResponsesCall
  | {
      readonly type: "function_call_output" | "custom_tool_call_output";
      readonly call_id: string;
      readonly output: string | readonly ResponsesInputPart[];
    };

export type ResponsesSummaryPart = { readonly type: "summary_text"; readonly text: string };

export type ResponsesCall =
  | {
      readonly type: "function_call";
      readonly call_id: string;
      readonly name: string;
      readonly namespace?: string;
      readonly arguments: string;
    }
  | {
      readonly type: "custom_tool_call";
      readonly call_id: string;
      readonly name: string;
      readonly namespace?: string;
      readonly input: string;
    };

export type ResponsesOutputItem = { readonly id: string; readonly status: ItemStatus } & (
  | { readonly type: "message"; readonly role: "assistant"; readonly content: readonly ResponsesTextPart[] }
  | {
      readonly type: "reasoning";
      readonly summary: readonly ResponsesSummaryPart[];
      readonly encrypted_content?: string;
    }
  | ResponsesCall
);

export type ResponsesUsage = {
  readonly input_tokens: number;
  readonly input_tokens_details: { readonly cached_tokens: number; readonly cache_write_tokens: number };
  readonly output_tokens: number;
  readonly output_tokens_details: { readonly reasoning_tokens: number };
  readonly total_tokens: number;
};
