// Makes embeddings with llama.cpp from a model file made for it. Pooling (mean, first or last token) is what the file
// says; vectors leave at length 1. Runs in the child process.

import type { LlamaEmbeddingContext, LlamaModel, Token } from "node-llama-cpp";
import { encodeVector, normalizeVector, shortenVector } from "@auxot/dialects/vectors";
import type { EmbedPart, EmbedRequest } from "@auxot/wire/embed";
import { AppError } from "@auxot/wire/errors";
import { checkTokens } from "./check-tokens.ts";
import type { LoadOptions } from "./child-messages.ts";
import type { OpenedModel } from "./loaded-model.ts";

export type EmbedControl = {
  readonly signal: AbortSignal;
  waitWhilePaused(): Promise<void>;
  emit(part: EmbedPart): void;
};

export type Embedder = {
  readonly dimensions: number;
  /** The longest input, with the tokens the model adds at its ends. */
  readonly contextTokens: number;
  /**
   * Emits a vector for each input, in order. Throws `AppError`: what is wrong with an input is found before any vector is
   * made. Several may run at once; they take turns, input by input.
   */
  embed(request: EmbedRequest, control: EmbedControl): Promise<void>;
};

/** Of llama.cpp's architectures, those that only read: they have no next token. */
const encoderPattern = /bert|gemma-embedding|llama-embed|t5encoder/;
/** llama.cpp's enumeration: none and rank (for rerankers) are the others. */
const poolings = { mean: 1, cls: 2, last: 3 } as const;
const rankPooling = 4;
/** A whole input is read in one step, and the memory for that grows with its square. */
const longestDefaultInput = { cpu: 2048, gpu: 8192 } as const;
/** A part is sent when it has so many vectors or is so old, so that the router sees a slow model work. */
const partInputs = 16;
const partAgeMs = 250;

/** Read from the file: its architecture, or that it names a pooling of its tokens. */
export function isEmbeddingModel({ fileInfo }: LlamaModel): boolean {
  const pooling = fileInfo.architectureMetadata.pooling_type;
  return (
    encoderPattern.test(fileInfo.metadata.general.architecture) || Object.values<unknown>(poolings).includes(pooling)
  );
}

/** Throws what llama.cpp says is wrong with the file. */
export async function createEmbedder({ llama, model }: OpenedModel, options: LoadOptions): Promise<Embedder> {
  if (Number(model.fileInfo.architectureMetadata.pooling_type) === rankPooling) {
    throw new Error("it is a reranker, and those are not in this version.");
  }
  const usual = llama.gpu === false ? longestDefaultInput.cpu : longestDefaultInput.gpu;
  // A model knows no positions beyond those it was made for.
  const contextTokens = Math.min(options.contextTokens ?? usual, model.trainContextSize);
  // One more, because this context wants room for a next token, which is never made.
  const size = contextTokens + 1;
  const context = await model.createEmbeddingContext({
    contextSize: size,
    batchSize: size,
    threads: options.threads,
  });
  return {
    dimensions: model.embeddingVectorSize,
    contextTokens,
    async embed(request, control) {
      checkDimensions(request, model.embeddingVectorSize);
      const inputs = request.input.map((_, at) => readInput(model, context, request, at, contextTokens));
      await embedInputs(context, inputs, request, control);
    },
  };
}

type Input = { readonly tokens: Token[]; /** With those the model adds. */ readonly count: number };

function readInput(
  model: LlamaModel,
  context: LlamaEmbeddingContext,
  { input, model: name }: EmbedRequest,
  at: number,
  contextTokens: number,
): Input {
  const path = input.length === 1 ? "input" : `input[${at}]`;
  const given = input[at] ?? "";
  const tokens = typeof given === "string" ? model.tokenize(given, false) : checkTokens(model, given, path);
  const count = context.calculateInputLength([...tokens]);
  if (count === 0) {
    throw new AppError("invalid_request", `${path}: has no token that "${name}" knows.`, { param: path });
  }
  if (count <= contextTokens) return { tokens, count };
  throw new AppError(
    "context_length_exceeded",
    `${path}: has ${count} tokens, but "${name}" takes ${contextTokens} at most. Cut it into shorter texts.`,
    { param: path },
  );
}

async function embedInputs(
  context: LlamaEmbeddingContext,
  inputs: readonly Input[],
  { dimensions }: EmbedRequest,
  { signal, waitWhilePaused, emit }: EmbedControl,
): Promise<void> {
  let vectors: string[] = [];
  let inputTokens = 0;
  let since = performance.now();
  for (const [at, { tokens, count }] of inputs.entries()) {
    if (signal.aborted) throw new AppError("cancelled", "The request was cancelled.");
    const vector = normalizeVector(await computeVector(context, tokens));
    vectors.push(encodeVector(shortenVector(vector, dimensions)));
    inputTokens += count;
    const isDue = vectors.length >= partInputs || performance.now() - since >= partAgeMs;
    if (!isDue && at < inputs.length - 1) continue;
    emit({ vectors, inputTokens });
    vectors = [];
    inputTokens = 0;
    since = performance.now();
    await waitWhilePaused();
  }
}

async function computeVector(context: LlamaEmbeddingContext, tokens: Token[]): Promise<Float32Array> {
  try {
    const { vector } = await context.getEmbeddingFor([...tokens]);
    return Float32Array.from(vector);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new AppError("source_failed", `The engine failed: ${message}`, { cause });
  }
}

function checkDimensions({ dimensions = 0, model }: EmbedRequest, most: number): void {
  if (dimensions <= most) return;
  const message = `dimensions: the vectors of "${model}" have ${most} dimensions; ask for ${most} or fewer.`;
  throw new AppError("invalid_request", message, { param: "dimensions" });
}
