// What a request needs of a model. Pure.

import type { ChatRequest, FormatName } from "@auxot/wire/chat";
import type { EmbedRequest } from "@auxot/wire/embed";

const unknownVendorFields = ["mcp_servers", "web_search_options"] as const;
/** `max_tokens` is 0: Anthropic fills its cache and answers nothing. */
export type VendorField = "n" | "max_tokens" | (typeof unknownVendorFields)[number];

export type Needs = {
  readonly tools: boolean;
  readonly images: boolean;
  /** PDFs and other files; text documents are text. */
  readonly documents: boolean;
  /** The last message is the assistant's: the answer shall go on with it. */
  readonly prefill: boolean;
  /** Only a provider that speaks this dialect can serve it: `field` asks for what has no word in ours. */
  readonly vendor?: { readonly dialect: FormatName; readonly field: VendorField };
  /** A low guess of the prompt's tokens: enough to leave out a context that is certainly too small. */
  readonly promptTokens: number;
  /** A model that makes embeddings, and none that chats; at least so many dimensions. */
  readonly embeddings?: { readonly dimensions: number };
  /** A prompt to go on with stands in `prompt`, not in `messages`. */
  readonly completion?: {
    /** It must be able to fill the gap before a suffix. */
    readonly infill: boolean;
    /** It must take the prompt raw: tokens cannot be said in a message. */
    readonly raw: boolean;
  };
};

// English prose has about four characters a token, and no common tokenizer reaches eight over a whole prompt.
const charactersPerToken = 8;

/** Reads the needs off a request. */
export function readNeeds(request: ChatRequest): Needs {
  let characters = 0;
  let images = false;
  let documents = false;
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
          images = true;
          break;
        case "document":
          documents ||= part.source.type !== "text";
          break;
      }
    }
  }
  return {
    tools: request.tools.length > 0,
    images,
    documents,
    prefill: request.messages.at(-1)?.role === "assistant",
    ...readVendor(request),
    promptTokens: Math.floor(characters / charactersPerToken),
    ...readCompletionNeeds(request),
  };
}

function readCompletionNeeds({ completion }: ChatRequest): Partial<Needs> {
  if (completion === undefined) return {};
  const { prompt, suffix } = completion;
  const raw = typeof prompt !== "string";
  const promptTokens = raw ? prompt.length : Math.floor((prompt.length + (suffix?.length ?? 0)) / charactersPerToken);
  return { completion: { infill: suffix !== undefined, raw }, promptTokens };
}

/** The engine counts each input itself and says which is too long, so nothing is guessed here. */
export function readEmbedNeeds({ dimensions = 0 }: EmbedRequest): Needs {
  const plain = { tools: false, images: false, documents: false, prefill: false };
  return { ...plain, promptTokens: 0, embeddings: { dimensions } };
}

/** Without these fields the answer would be another one. */
function readVendor(request: ChatRequest): Pick<Needs, "vendor"> {
  const field = findVendorField(request);
  if (request.original === undefined || field === undefined) return {};
  return { vendor: { dialect: request.original.dialect, field } };
}

function findVendorField(request: ChatRequest): VendorField | undefined {
  const { original, answerCount, maxOutputTokens, unknownFields } = request;
  if (answerCount !== undefined) return "n";
  if (maxOutputTokens === 0 && original?.dialect === "anthropic-messages") return "max_tokens";
  return unknownVendorFields.find((field) => unknownFields?.includes(field));
}
