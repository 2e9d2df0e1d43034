// A ChatRequest with a prompt to go on with -> a legacy completions request for an upstream.

import type { ChatRequest } from "@auxot/wire/chat";
import { AppError } from "@auxot/wire/errors";
import type { CallTarget, UpstreamRequest } from "../dialect.ts";
import { buildUser, isOpenaiModel } from "../openai-limits.ts";
import { optional } from "../read-fields.ts";
import { createWarnings } from "../warnings.ts";

export const completionsPath = "/completions";

const maxStops = 4;

/** `echo` is not sent: the prompt is written by whoever answers the caller. */
export function buildRequest(request: ChatRequest, target: CallTarget): UpstreamRequest {
  const { completion, stop, topK } = request;
  if (completion === undefined) throw new AppError("internal", "A completion without a prompt.");
  const warnings = createWarnings(request);
  if (stop !== undefined && stop.length > maxStops) {
    warnings.add(`stop: only the first ${maxStops} of ${stop.length} entries were sent.`);
  }
  const isOpenai = isOpenaiModel(target.model);
  if (topK !== undefined && isOpenai) warnings.add("top_k: OpenAI's models do not take it; it was not sent.");
  const body = {
    model: target.model,
    prompt: completion.prompt,
    ...optional("suffix", completion.suffix),
    ...optional("max_tokens", request.maxOutputTokens),
    ...optional("temperature", request.temperature),
    ...optional("top_p", request.topP),
    ...(isOpenai ? {} : optional("top_k", topK)),
    ...optional("stop", stop?.slice(0, maxStops)),
    ...optional("seed", request.seed),
    ...optional("frequency_penalty", request.frequencyPenalty),
    ...optional("presence_penalty", request.presencePenalty),
    ...optional("user", buildUser(request, warnings.add)),
    stream: target.stream,
    // Without it the stream says nothing of tokens, and nothing could be metered.
    ...(target.stream ? { stream_options: { include_usage: true } } : {}),
  };
  return { path: completionsPath, body: JSON.stringify(body), warnings: warnings.list() };
}
