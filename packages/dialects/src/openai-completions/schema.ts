// The wire format of OpenAI's legacy completions (https://platform.openai.com/docs/api-reference/completions), as far as
// we write it, and what it cannot carry.

/** What canonical words say and this format does not. Requests of it hold none of these. */
export const completionsCannotCarry: readonly string[] = [
  "conversations, tools, images, files, reasoning and response formats: a prompt is one text",
  "reasoning and tool calls of an answer (left out), and borders between its texts",
  "more than four stop entries",
  "the stop reasons stop-sequence, tool-calls and pause (stop) and context-exceeded (length), and stopSequence",
];

export type OpenaiChoice = {
  readonly text: string;
  readonly index: number;
  /** Never there: requests that ask for them are refused. */
  readonly logprobs: null;
  readonly finish_reason: "stop" | "length" | "content_filter" | null;
};
