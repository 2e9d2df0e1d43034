// What every place where inference runs looks like to the layers above. Types only.

import type { AnswerBatch } from "@auxot/wire/chat-event";
import type { ChatRequest, DialectName } from "@auxot/wire/chat";
import type { EmbedPart, EmbedRequest } from "@auxot/wire/embed";
import type { ModelAbilities, Tier } from "@auxot/wire/model-offer";
import type { ModelTraits } from "@auxot/wire/model-traits";

/** A model that a provider can run now, over all its workers. */
export type Offer = {
  readonly tier: Tier;
  readonly providerId: string;
  readonly provider: string;
  /** In a call's targets: only this worker of the provider will do. */
  readonly workerId?: string;
  /** Concrete id: what the provider calls it. */
  readonly model: string;
  readonly aliases: readonly string[];
  readonly abilities: ModelAbilities;
  /** All that is known of the model, where the router speaks to it itself. */
  readonly traits?: ModelTraits;
  /** Prompt and answer together, in tokens; undefined when unknown. */
  readonly contextTokens: number | undefined;
  /** Length of an embedding model's vectors, where it is known. */
  readonly dimensions?: number;
  /** Requests it would take at once now. 0: a request would have to wait. */
  readonly freeSlots: number;
  /** Left out of plans until then (ms since 1970), because it failed or asked for it. */
  readonly restsUntil?: number;
  /** The share used of what limits it (a subscription's window), 0 to 1. Absent: nothing does. */
  readonly load?: number;
  readonly description?: string;
  /** The dialect the provider speaks, when it is one of ours. */
  readonly dialect?: DialectName;
};

/** Where one answer comes from. `worker` is the worker's name, absent for the cloud. */
export type Placement = {
  readonly tier: Tier;
  readonly provider: string;
  readonly worker?: string;
  readonly model: string;
};

export type SourceCall<Request = ChatRequest> = {
  readonly requestId: string;
  readonly callerId: string;
  readonly request: Request;
  /** What workers of a tier may see of the request, where that is not the same for all. Absent: `request`. */
  requestFor?(tier: Tier): Request;
  /** At least one; a source picks the first that is free. */
  readonly targets: readonly Offer[];
  /** What the call may take instead while it waits, asked whenever offers change. Absent: always `targets`. */
  retarget?(): readonly Offer[];
  /** How long the call may wait for a free slot; 0: not at all. */
  readonly waitMs: number;
  /** What an upstream goes on with this request's trace by. */
  readonly traceHeaders?: Readonly<Record<string, string>>;
};

/**
 * `batches` ends after an `end` event, or fails: by an `error` event or by throwing, both mean the same.
 * Leaving it early (`return`) stops the work at the source.
 */
export type Answer = {
  readonly placement: Placement;
  /** What the target's format could not carry. */
  readonly warnings: readonly string[];
  /** Of an upstream that speaks the caller's dialect: headers for the caller, by lower-case name. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly batches: AsyncIterable<AnswerBatch>;
};

/**
 * Vectors of all inputs, or, where the caller's bytes passed, the answer's own bytes. Throws when it fails; leaving it
 * early stops the work at the source.
 */
export type EmbedAnswer = Omit<Answer, "batches"> & { readonly parts: EmbedParts };

export type EmbedParts = AsyncIterable<EmbedPart | PassedEmbeddings> | Iterable<EmbedPart | PassedEmbeddings>;

/** A whole answer in the caller's own format. `inputTokens` as its usage says. */
export type PassedEmbeddings = { readonly bytes: Uint8Array; readonly inputTokens: number | undefined };

export type Source = {
  offers(): readonly Offer[];
  /** Resolves when a slot is taken (worker) or the upstream accepted (cloud). Throws `no_capacity` when nothing came free in time, `cancelled` after an abort. Aborting `signal` also stops an answer under way. */
  run(call: SourceCall, signal: AbortSignal): Promise<Answer>;
  /** As `run`, for a target that makes embeddings. */
  embed(call: SourceCall<EmbedRequest>, signal: AbortSignal): Promise<EmbedAnswer>;
  /** Tokens of the request as a prompt for `target`, exactly; undefined when this source cannot tell. Throws like `run`. */
  countTokens(request: ChatRequest, target: Offer, signal: AbortSignal): Promise<number | undefined>;
};
