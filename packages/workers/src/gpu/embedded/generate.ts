// Runs one request on one sequence: prompt, sampling, stop conditions, events, usage. Runs in the child process.

import {
  LlamaGrammarEvaluationState,
  type LlamaContextSequence,
  type SequenceEvaluateOptions,
  type Token,
} from "node-llama-cpp";
import type { ChatEvent } from "@auxot/wire/chat-event";
import type { ChatRequest, StopReason } from "@auxot/wire/chat";
import { AppError } from "@auxot/wire/errors";
import { createId } from "@auxot/wire/ids";
import type { Usage } from "@auxot/wire/usage";
import { createAnswerParser, type AnswerParser } from "./answer-parser.ts";
import { planGrammar } from "./plan-grammar.ts";
import type { LoadedModel } from "./loaded-model.ts";
import { reusePrefix, type SequencePool } from "./sequence-pool.ts";
import { createStopMatcher } from "../../stop-matcher.ts";
import { createTokenText } from "./token-text.ts";

export type RunControl = {
  readonly signal: AbortSignal;
  /** Resolves at once unless the run is paused. */
  waitWhilePaused(): Promise<void>;
  emit(events: readonly ChatEvent[]): void;
};

/** The defaults of llama-server where the request says nothing. */
const sampling = { temperature: 0.8, topK: 40, topP: 0.95, minP: 0.05 } as const;
const penaltyWindowTokens = 256;
/** A long prompt is read in steps of this many tokens, so that a cancel is noticed between them. */
const prefillTokens = 512;

/** Emits start, blocks, usage and end. Throws `AppError`; the sequence is free afterwards in any case. */
export async function generate(
  loaded: LoadedModel,
  pool: SequencePool,
  request: ChatRequest,
  control: RunControl,
): Promise<void> {
  const offersTools = request.tools.length > 0 && request.toolChoice?.type !== "none";
  if (offersTools && loaded.template.toolFormat === undefined) {
    throw new AppError("unsupported", `The model ${request.model} cannot call tools.`, { param: "tools" });
  }
  const { text, tokens } = loaded.encodePrompt(request);
  checkLength(request, tokens.length, loaded.contextTokens);
  const sequence = await pool.acquire(tokens, control.signal);
  try {
    // What goes on with a raw prompt is text, whatever it looks like.
    const reasoning = loaded.template.reasoning && request.completion === undefined;
    const parser = createAnswerParser({
      toolFormat: offersTools ? loaded.template.toolFormat : undefined,
      toolNames: request.tools.map((tool) => tool.name),
      reasoning,
      startsInReasoning: reasoning && /<think>\s*$/.test(text),
      createCallId: () => createId("call_"),
    });
    await answer(loaded, sequence, tokens, request, control, parser);
  } catch (error) {
    if (error instanceof AppError) throw error;
    // What the sequence holds after an engine error is not known.
    await sequence.clearHistory();
    const message = error instanceof Error ? error.message : String(error);
    throw new AppError("source_failed", `The engine failed: ${message}`, { cause: error });
  } finally {
    pool.release(sequence);
  }
}

function checkLength(request: ChatRequest, promptTokens: number, contextTokens: number): void {
  if (promptTokens < contextTokens) return;
  throw new AppError(
    "context_length_exceeded",
    `The prompt has ${promptTokens} tokens, but the context of ${request.model} holds ${contextTokens} tokens, prompt and answer together.`,
    { param: request.completion === undefined ? "messages" : "prompt" },
  );
}

async function answer(
  loaded: LoadedModel,
  sequence: LlamaContextSequence,
  tokens: Token[],
  request: ChatRequest,
  control: RunControl,
  parser: AnswerParser,
): Promise<void> {
  const { signal, emit } = control;
  const plan = planGrammar(request, loaded.template.toolFormat);
  const cachedInputTokens = await reusePrefix(sequence, tokens);
  emit([
    { type: "start", model: request.model },
    ...plan.warnings.map((message) => ({ type: "warning", message }) as const),
  ]);
  const output: Token[] = [];
  const stops = createStopMatcher(request.stop ?? []);
  const tokenText = createTokenText((list, before) => loaded.model.detokenize(list, false, before), tokens);
  const options = await createEvaluateOptions(loaded, request, plan.grammar, parser, output);
  const last = await prefill(sequence, tokens.slice(cachedInputTokens), signal);
  let reasoningTokens = 0;
  let stopReason: StopReason | undefined;
  let stopSequence: string | undefined;
  for await (const token of sequence.evaluate(last, options)) {
    throwIfAborted(signal);
    output.push(token);
    const marker = loaded.markers.get(token);
    const wasReasoning = parser.inReasoning();
    const free = stops.push(marker === undefined ? tokenText.push(token) : tokenText.finish() + marker);
    const events = parser.push(free.text);
    if (wasReasoning || parser.inReasoning()) reasoningTokens++;
    if (events.length > 0) emit(events);
    stopSequence = free.matched;
    stopReason = findStop(request, free.matched, output.length, tokens.length, loaded.contextTokens);
    if (stopReason !== undefined) break;
    await control.waitWhilePaused();
    throwIfAborted(signal);
  }
  throwIfAborted(signal);
  const rest = stopSequence === undefined ? stops.push(tokenText.finish()).text + stops.finish() : "";
  const usage: Usage = {
    inputTokens: tokens.length,
    outputTokens: output.length,
    cachedInputTokens,
    cacheWriteTokens: 0,
    reasoningTokens,
  };
  emit([
    ...parser.push(rest),
    ...parser.finish(),
    { type: "usage", usage },
    {
      type: "end",
      stopReason: stopReason ?? (parser.sawCall() ? "tool-calls" : "stop"),
      ...(stopSequence === undefined ? {} : { stopSequence }),
    },
  ]);
}

function findStop(
  request: ChatRequest,
  matched: string | undefined,
  outputTokens: number,
  inputTokens: number,
  contextTokens: number,
): StopReason | undefined {
  if (matched !== undefined) return "stop-sequence";
  if (outputTokens >= (request.maxOutputTokens ?? Number.POSITIVE_INFINITY)) return "length";
  // The next step would push the beginning of the prompt out of the context.
  if (inputTokens + outputTokens >= contextTokens) return "context-exceeded";
  return undefined;
}

/** Reads all but the last tokens of the prompt; returns those last ones, never none. */
async function prefill(sequence: LlamaContextSequence, tokens: Token[], signal: AbortSignal): Promise<Token[]> {
  let at = 0;
  for (; tokens.length - at > prefillTokens; at += prefillTokens) {
    throwIfAborted(signal);
    await sequence.evaluateWithoutGeneratingNewTokens(tokens.slice(at, at + prefillTokens));
  }
  throwIfAborted(signal);
  return tokens.slice(at);
}

async function createEvaluateOptions(
  loaded: LoadedModel,
  request: ChatRequest,
  grammarText: string | undefined,
  parser: AnswerParser,
  output: Token[],
): Promise<SequenceEvaluateOptions> {
  const grammar = await createGrammarState(loaded, grammarText);
  const options = readSampling(request, output);
  if (grammar === undefined) return options;
  // A grammar describes the answer, not the reasoning before it.
  return { ...options, grammarEvaluationState: () => (parser.inReasoning() ? undefined : grammar) };
}

function readSampling(request: ChatRequest, output: Token[]): SequenceEvaluateOptions {
  const { frequencyPenalty = 0, presencePenalty = 0 } = request;
  return {
    temperature: request.temperature ?? sampling.temperature,
    topK: request.topK ?? sampling.topK,
    topP: request.topP ?? sampling.topP,
    minP: sampling.minP,
    // llama.cpp takes 32 bits.
    seed: (request.seed ?? Math.random() * 0x1_0000_0000) >>> 0,
    ...(frequencyPenalty === 0 && presencePenalty === 0
      ? {}
      : {
          repeatPenalty: {
            punishTokens: () => output.slice(-penaltyWindowTokens),
            maxPunishTokens: penaltyWindowTokens,
            penalty: 1,
            frequencyPenalty,
            presencePenalty,
          },
        }),
  };
}

async function createGrammarState(
  { llama, model }: LoadedModel,
  text: string | undefined,
): Promise<LlamaGrammarEvaluationState | undefined> {
  if (text === undefined) return undefined;
  try {
    return new LlamaGrammarEvaluationState({ model, grammar: await llama.createGrammar({ grammar: text }) });
  } catch (cause) {
    throw new AppError("unsupported", "This engine cannot enforce the given JSON Schema.", {
      cause,
      param: "response_format",
    });
  }
}

function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw new AppError("cancelled", "The request was cancelled.");
}
