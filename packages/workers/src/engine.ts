// The shape of an engine: what runs models for this worker. Implementations: gpu/embedded/ (llama.cpp in child processes),
// gpu/url/ (a server that speaks OpenAI's chat format) and cli/ (a command-line agent).

import type { ChatEvent } from "@auxot/wire/chat-event";
import type { ChatRequest } from "@auxot/wire/chat";
import type { EmbedPart, EmbedRequest } from "@auxot/wire/embed";
import type { ModelOffer } from "@auxot/wire/model-offer";

export type Engine = {
  /** For the router's list of workers, e.g. "llama.cpp embedded". */
  readonly name: string;
  /** The models that can run now. */
  offers(): readonly ModelOffer[];
  /**
   * Runs one request. `request.model` is an offer's model or alias. Each batch is what one read from the model gave: start,
   * blocks, usage, end. Throws `AppError` instead of an `error` event; `cancelled` after `signal` aborts. Its slot is free
   * once the iteration is over. While nobody asks for the next batch, generation pauses before long.
   */
  run(request: ChatRequest, signal: AbortSignal): AsyncIterable<readonly ChatEvent[]>;
  /** As `run`, on a model whose offer says that it makes embeddings: gives one vector for each input, in order. */
  embed(request: EmbedRequest, signal: AbortSignal): AsyncIterable<EmbedPart>;
  /** Tokens `request` would have as a prompt, exactly. Needs no slot. Throws `unsupported` when this engine cannot tell. */
  countTokens(request: ChatRequest): Promise<number>;
  /** It keeps what it needs to go on at once when the results of exactly these tool calls come. Absent: it never does. */
  isParked?(callIds: readonly string[]): boolean;
  /** `listener` is called after each change of `offers()`. */
  onOffersChanged(listener: () => void): void;
  close(): Promise<void>;
};
