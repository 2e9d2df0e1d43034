// The messages between the worker and the child process that holds one model.

import type { ChatEvent } from "@auxot/wire/chat-event";
import type { ChatRequest } from "@auxot/wire/chat";
import type { EmbedPart, EmbedRequest } from "@auxot/wire/embed";
import type { ErrorBody } from "@auxot/wire/errors";

export const gpuChoices = ["auto", "off", "cuda", "vulkan", "metal"] as const;
/** `auto` takes the best there is, the CPU at last. */
export type GpuChoice = (typeof gpuChoices)[number];

export type LoadOptions = {
  readonly modelPath: string;
  /** Answers at once, each with a context of its own. */
  readonly slots: number;
  /** Tokens a slot; absent: what fits, within limits. */
  readonly contextTokens?: number;
  readonly threads: number;
  readonly gpu: GpuChoice;
};

export type LoadedInfo = {
  readonly contextTokens: number;
  readonly tools: boolean;
  readonly reasoning: boolean;
  /** It has tokens to fill a gap with. */
  readonly infill: boolean;
  /** There when it makes embeddings, and so does not chat: the length of its vectors. */
  readonly dimensions?: number;
  /** "cpu" or the kind of GPU in use. */
  readonly device: string;
  readonly hasTemplate: boolean;
};

export type ParentMessage =
  | { readonly type: "load"; readonly options: LoadOptions }
  | { readonly type: "run"; readonly id: number; readonly request: ChatRequest }
  | { readonly type: "embed"; readonly id: number; readonly request: EmbedRequest }
  | { readonly type: "cancel"; readonly id: number }
  | { readonly type: "count"; readonly id: number; readonly request: ChatRequest }
  /** Generate no further until `resume`. */
  | { readonly type: "pause"; readonly id: number }
  | { readonly type: "resume"; readonly id: number };

export type ChildMessage =
  | { readonly type: "loaded"; readonly info: LoadedInfo }
  | { readonly type: "load-failed"; readonly message: string }
  | { readonly type: "log"; readonly level: "warn" | "error"; readonly message: string }
  | { readonly type: "counted"; readonly id: number; readonly tokens: number }
  | { readonly type: "events"; readonly id: number; readonly events: readonly ChatEvent[] }
  | { readonly type: "part"; readonly id: number; readonly part: EmbedPart }
  /** The run is over and its slot free; or, with `error`, the count failed. */
  | { readonly type: "done"; readonly id: number; readonly error?: ErrorBody };
