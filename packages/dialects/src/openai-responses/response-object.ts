// The response object, whole answer and frame of every stream. All fields of the Open Responses schema are there, null or
// the vendor's default where nothing was asked.

import type { Usage } from "@auxot/wire/usage";
import type { AnswerMeta } from "../dialect.ts";
import { isRecord } from "../reading/json.ts";
import type { ResponseFailure } from "./errors.ts";
import type { ResponsesOutputItem } from "./schema.ts";
import { encodeUsage } from "./usage.ts";

export type ResponseState = {
  readonly status: "queued" | "in_progress" | "completed" | "incomplete" | "failed" | "cancelled";
  readonly output: readonly ResponsesOutputItem[];
  readonly usage?: Usage;
  readonly incompleteReason?: string;
  readonly error?: ResponseFailure;
};

/** Whether it is kept is told by the echo of a request that was looked up: `completeRequest`. */
const serverFields = {
  previous_response_id: null,
  background: false,
  service_tier: "default",
  store: false,
  // We cut nothing off, whatever was asked.
  truncation: "disabled",
  top_logprobs: 0,
};

export function buildResponse(meta: AnswerMeta, state: ResponseState): object {
  const echo = meta.request.original?.echo ?? {};
  const text = isRecord(echo["text"]) ? echo["text"] : {};
  const reasoning = isRecord(echo["reasoning"]) ? echo["reasoning"] : {};
  return {
    id: meta.id,
    object: "response",
    created_at: meta.createdAt,
    // Nobody tells the time of the end: dialects have no clock.
    completed_at: null,
    status: state.status,
    error: state.error ?? null,
    incomplete_details: state.incompleteReason === undefined ? null : { reason: state.incompleteReason },
    model: meta.model,
    instructions: null,
    max_output_tokens: null,
    max_tool_calls: null,
    metadata: {},
    parallel_tool_calls: true,
    temperature: 1,
    top_p: 1,
    presence_penalty: 0,
    frequency_penalty: 0,
    tool_choice: "auto",
    tools: [],
    safety_identifier: null,
    prompt_cache_key: null,
    user: null,
    ...serverFields,
    ...echo,
    text: { format: { type: "text" }, ...text },
    reasoning: { effort: null, summary: null, ...reasoning },
    output: state.output,
    usage: state.usage === undefined ? null : encodeUsage(state.usage),
  };
}
