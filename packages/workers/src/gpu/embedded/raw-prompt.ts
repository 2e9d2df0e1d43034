// Turns a prompt to go on with into tokens, without a chat template: as it is, or around a gap with the model's own
// fill-in-the-middle tokens. Runs in the child process.

import type { LlamaModel, Token } from "node-llama-cpp";
import type { CompletionPrompt } from "@auxot/wire/chat";
import { AppError } from "@auxot/wire/errors";
import { checkTokens } from "./check-tokens.ts";

/** The tokens before the text, before what follows the gap, and where the model begins to fill it. */
export type InfillTokens = { readonly prefix: Token; readonly suffix: Token; readonly middle: Token };

/** From the file's metadata; undefined unless it has all three. */
export function findInfillTokens({ tokens }: LlamaModel): InfillTokens | undefined {
  const { prefix, suffix, middle } = tokens.infill;
  return prefix === null || suffix === null || middle === null ? undefined : { prefix, suffix, middle };
}

/**
 * Control tokens written in a prompt count as such, because the whole prompt is the caller's; around a gap they are text.
 * Tokens are taken as they are. Throws `invalid_request` that names the field.
 */
export function encodeRawPrompt(
  model: LlamaModel,
  infill: InfillTokens | undefined,
  { prompt, suffix }: CompletionPrompt,
  name: string,
): Token[] {
  const isText = typeof prompt === "string";
  const isGap = suffix !== undefined;
  const given = isText ? model.tokenize(prompt, !isGap) : checkTokens(model, prompt, "prompt");
  const tokens = isGap ? encodeGap(model, infill, given, suffix, name) : given;
  const { bos, shouldPrependBosToken } = model.tokens;
  if ((isText || isGap) && shouldPrependBosToken && bos !== null && tokens[0] !== bos) tokens.unshift(bos);
  if (tokens.length > 0) return tokens;
  throw new AppError("invalid_request", `prompt: is empty, and "${name}" needs something to go on with.`, {
    param: "prompt",
  });
}

/** Text before the gap first, as llama-server does it and most models learn it. */
function encodeGap(
  model: LlamaModel,
  infill: InfillTokens | undefined,
  before: readonly Token[],
  after: string,
  name: string,
): Token[] {
  if (infill === undefined) {
    const message = `suffix: "${name}" cannot fill a gap. Leave it out or use a model made for it.`;
    throw new AppError("invalid_request", message, { param: "suffix" });
  }
  return [infill.prefix, ...before, infill.suffix, ...model.tokenize(after, false), infill.middle];
}
