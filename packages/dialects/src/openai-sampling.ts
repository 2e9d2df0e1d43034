// The sampling fields that OpenAI's two chat formats share, in the same words and bounds.

import type { ChatRequest } from "@auxot/wire/chat";
import { optional, readOptionalNumber, type Fields } from "./read-fields.ts";

export function readSampling(
  fields: Fields,
): Pick<ChatRequest, "temperature" | "topP" | "frequencyPenalty" | "presencePenalty"> {
  return {
    ...optional("temperature", readOptionalNumber(fields["temperature"], "temperature", 0, 2)),
    ...optional("topP", readOptionalNumber(fields["top_p"], "top_p", 0, 1)),
    ...optional("frequencyPenalty", readOptionalNumber(fields["frequency_penalty"], "frequency_penalty", -2, 2)),
    ...optional("presencePenalty", readOptionalNumber(fields["presence_penalty"], "presence_penalty", -2, 2)),
  };
}
