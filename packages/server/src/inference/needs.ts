// What a request needs of a model. Pure.

import type { ChatRequest, DialectName, UserPart } from "@auxot/wire/chat";

export type Needs = {
  readonly tools: boolean;
  readonly images: boolean;
  /** A low guess of the prompt's tokens: enough to leave out a context that is certainly too small. */
  readonly promptTokens: number;
  /** Only a provider of this dialect can do it: what is asked has no word in ours. */
  readonly onlyDialect?: DialectName;
};

// English prose has about four characters a token, and no common tokenizer reaches eight over a whole prompt.
const charactersPerToken = 8;

/** Reads the needs off a request. */
export function readNeeds(request: ChatRequest): Needs {
  let characters = 0;
  let images = false;
  for (const message of request.messages) {
    for (const part of message.content) {
      switch (part.type) {
        case "text":
        case "reasoning":
          characters += part.text.length;
          break;
        case "tool-call":
          characters += part.name.length + part.arguments.length;
          break;
        case "image":
        case "document":
          images ||= isVisual(part);
          break;
      }
    }
  }
  return {
    tools: request.tools.length > 0,
    images,
    promptTokens: Math.floor(characters / charactersPerToken),
    ...(request.answerCount === undefined || request.original === undefined
      ? {}
      : { onlyDialect: request.original.dialect }),
  };
}

function isVisual(part: UserPart): boolean {
  return part.type === "image" || (part.type === "document" && part.source.type !== "text");
}
