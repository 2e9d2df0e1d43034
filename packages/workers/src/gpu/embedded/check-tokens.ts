// Checks tokens a caller wrote: llama.cpp ends the process at one its vocabulary does not have.

import type { LlamaModel, Token } from "node-llama-cpp";
import { AppError } from "@auxot/wire/errors";

const sizes = new WeakMap<LlamaModel, number>();

/** Throws `invalid_request` that names the entry of `path`. */
export function checkTokens(model: LlamaModel, tokens: readonly number[], path: string): Token[] {
  const size = countTokens(model);
  const wrong = tokens.findIndex((token) => token >= size);
  if (wrong === -1) return [...tokens] as Token[];
  const message = `${path}[${wrong}]: there is no token ${tokens[wrong]}; this model has the tokens 0 to ${size - 1}.`;
  throw new AppError("invalid_request", message, { param: `${path}[${wrong}]` });
}

function countTokens(model: LlamaModel): number {
  const known = sizes.get(model);
  if (known !== undefined) return known;
  let size = 0;
  for (const _ of model.iterateAllTokens()) size++;
  sizes.set(model, size);
  return size;
}
