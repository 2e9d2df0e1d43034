// Loads a model file with llama.cpp and turns requests into tokens. Runs in the child process.

import {
  getLlama,
  LlamaLogLevel,
  NoBinaryFoundError,
  type Llama,
  type LlamaContext,
  type LlamaModel,
  type Token,
} from "node-llama-cpp";
import type { ChatRequest } from "@auxot/wire/chat";
import { createChatTemplate, type ChatTemplate } from "./chat-template.ts";
import type { GpuChoice, LoadOptions } from "./child-messages.ts";
import { encodeRawPrompt, findInfillTokens, type InfillTokens } from "./raw-prompt.ts";
import { createTextGuard, type TextGuard } from "./text-guard.ts";

export type OpenedModel = { readonly llama: Llama; readonly model: LlamaModel };

export type LoadedModel = OpenedModel & {
  readonly context: LlamaContext;
  /** Prompt and answer together, of one slot. */
  readonly contextTokens: number;
  readonly template: ChatTemplate;
  readonly hasTemplate: boolean;
  /** Absent: the model cannot fill a gap. */
  readonly infill: InfillTokens | undefined;
  /** Control tokens that are part of an answer's syntax, so that they are shown as text, by id. */
  readonly markers: ReadonlyMap<Token, string>;
  /** `text` is what a chat template made of a conversation, "" for a raw prompt. */
  encodePrompt(request: ChatRequest): { readonly text: string; readonly tokens: Token[] };
};

const markerTexts = [
  "<think>",
  "</think>",
  "<tool_call>",
  "</tool_call>",
  "[TOOL_CALLS]",
  "[CALL_ID]",
  "[ARGS]",
  "<|python_tag|>",
];
const longestDefaultContext = { cpu: 8192, gpu: 32_768 } as const;

/** Throws what llama.cpp says is wrong with the file. */
export async function openModel(
  options: LoadOptions,
  log: (level: "warn" | "error", message: string) => void,
): Promise<OpenedModel> {
  const llama = await startLlama(options, log);
  return { llama, model: await llama.loadModel({ modelPath: options.modelPath }) };
}

/** Makes a model ready to chat. Throws what llama.cpp or the template parser says is wrong with the file. */
export async function prepareChat({ llama, model }: OpenedModel, options: LoadOptions): Promise<LoadedModel> {
  const most = llama.gpu === false ? longestDefaultContext.cpu : longestDefaultContext.gpu;
  const context = await model.createContext({
    sequences: options.slots,
    contextSize: options.contextTokens ?? { max: Math.min(most, model.trainContextSize) },
    threads: options.threads,
  });
  const source = model.fileInfo.metadata.tokenizer.chat_template;
  const template = createChatTemplate(source, { bos: model.tokens.bosString ?? "", eos: model.tokens.eosString ?? "" });
  const guard = createTextGuard(listControlTexts(model));
  const infill = findInfillTokens(model);
  return {
    llama,
    model,
    context,
    contextTokens: context.contextSize,
    template,
    hasTemplate: source !== undefined,
    infill,
    markers: findMarkers(model),
    encodePrompt(request) {
      if (request.completion !== undefined) {
        return { text: "", tokens: encodeRawPrompt(model, infill, request.completion, request.model) };
      }
      const text = template.render(request, guard.protect);
      return { text, tokens: tokenizePrompt(model, guard, text) };
    },
  };
}

async function startLlama(
  options: LoadOptions,
  log: (level: "warn" | "error", message: string) => void,
): Promise<Llama> {
  try {
    return await getLlama({
      build: "never",
      skipDownload: true,
      gpu: readGpu(options.gpu),
      maxThreads: options.threads,
      logLevel: LlamaLogLevel.warn,
      logger: (level, message) => log(isError(level) ? "error" : "warn", message.trim()),
    });
  } catch (cause) {
    if (!(cause instanceof NoBinaryFoundError)) throw cause;
    const advice =
      options.gpu === "auto" || options.gpu === "off"
        ? "There is no llama.cpp build for this kind of machine; use --engine url with a server of your own."
        : `llama.cpp finds no working ${options.gpu} here. Install its build (npm run add-gpu -- ${options.gpu}), check the GPU's driver, or use --gpu off.`;
    throw new Error(advice, { cause });
  }
}

function isError(level: LlamaLogLevel): boolean {
  return level === LlamaLogLevel.error || level === LlamaLogLevel.fatal;
}

function readGpu(choice: GpuChoice): "auto" | "cuda" | "vulkan" | "metal" | false {
  return choice === "off" ? false : choice;
}

function tokenizePrompt(model: LlamaModel, guard: TextGuard, text: string): Token[] {
  const tokens = guard.split(text).flatMap((piece) => model.tokenize(piece, true));
  const { bos, shouldPrependBosToken } = model.tokens;
  if (shouldPrependBosToken && bos !== null && tokens[0] !== bos) tokens.unshift(bos);
  return tokens;
}

function listControlTexts(model: LlamaModel): string[] {
  const texts: string[] = [];
  for (const token of model.iterateAllTokens()) {
    if (model.getTokenAttributes(token).control) texts.push(model.detokenize([token], true));
  }
  return texts;
}

function findMarkers(model: LlamaModel): Map<Token, string> {
  const markers = new Map<Token, string>();
  for (const text of markerTexts) {
    const [token, ...rest] = model.tokenize(text, true);
    if (token !== undefined && rest.length === 0 && model.getTokenAttributes(token).control) markers.set(token, text);
  }
  return markers;
}
