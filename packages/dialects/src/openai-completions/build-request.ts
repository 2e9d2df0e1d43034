// A ChatRequest with a prompt to go on with -> a legacy completions request for an upstream.

import type { ChatRequest } from "@auxot/wire/chat";
import { AppError } from "@auxot/wire/errors";
import type { CallTarget, UpstreamRequest } from "../dialect.ts";
import { fitRequest } from "../fitting/fit-request.ts";
import { optional } from "../reading/read-fields.ts";
import { createWarnings } from "../warnings.ts";

export const completionsPath = "/completions";

/** `echo` is not sent: the prompt is written by whoever answers the caller. */
export function buildRequest(asked: ChatRequest, target: CallTarget): UpstreamRequest {
  const { completion } = asked;
  if (completion === undefined) throw new AppError("internal", "A completion without a prompt.");
  const warnings = createWarnings(asked);
  const { request } = fitRequest(asked, target, "efforts", warnings.add);
  const body = {
    model: target.model,
    prompt: completion.prompt,
    ...optional("suffix", completion.suffix),
    ...optional("max_tokens", request.maxOutputTokens),
    ...optional("temperature", request.temperature),
    ...optional("top_p", request.topP),
    ...optional("top_k", request.topK),
    ...optional("stop", request.stop),
    ...optional("seed", request.seed),
    ...optional("frequency_penalty", request.frequencyPenalty),
    ...optional("presence_penalty", request.presencePenalty),
    ...optional("user", request.endUser),
    stream: target.stream,
    // Without it the stream says nothing of tokens, and nothing could be metered.
    ...(target.stream && target.traits.streamOptions ? { stream_options: { include_usage: true } } : {}),
  };
  return { path: completionsPath, body: JSON.stringify(body), warnings: warnings.list() };
}
