// Anthropic's token counting. https://docs.anthropic.com/en/api/messages-count-tokens

import { parseCountRequest } from "@auxot/dialects/anthropic-messages/parse-request";
import type { Caller } from "../platform/caller.ts";
import type { CountTokens } from "../inference/count-tokens.ts";
import { attachHeaders } from "./attach-headers.ts";
import type { Context } from "./context.ts";
import { readBody } from "./read-body.ts";
import { sendJson } from "./send-json.ts";

export type CountTokensDeps = { readonly countTokens: CountTokens; readonly maxBodyBytes: number };

/** Answers `{input_tokens}`; an estimate is told in `x-auxot-warnings`. */
export async function handleCountTokens(deps: CountTokensDeps, context: Context, caller: Caller): Promise<void> {
  const body = await readBody(context.request, deps.maxBodyBytes);
  const request = attachHeaders(parseCountRequest(body), context.request);
  const { inputTokens, model, estimated } = await deps.countTokens(request, caller, context.log, context.signal);
  if (estimated) {
    context.response.setHeader(
      "x-auxot-warnings",
      `input_tokens: estimated, because the source of ${encodeURI(model)} cannot count.`,
    );
  }
  sendJson(context.response, 200, { input_tokens: inputTokens });
}
