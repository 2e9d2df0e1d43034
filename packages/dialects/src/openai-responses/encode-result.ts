// ChatResult -> a whole Responses answer.

import { unfoldResult } from "@auxot/wire/chat-event";
import type { ChatResult } from "@auxot/wire/chat";
import { noUsage } from "@auxot/wire/usage";
import type { AnswerMeta } from "../dialect.ts";
import { createItemWriter, isBlockEvent } from "./item-writer.ts";
import { buildResponse } from "./response-object.ts";
import { encodeIncompleteReason } from "./usage.ts";

/** Written as a short stream, so that both ways give the same items. */
export function encodeResult(result: ChatResult, meta: AnswerMeta): string {
  const items = createItemWriter(meta, () => "");
  for (const event of unfoldResult(result)) if (isBlockEvent(event)) items.push(event);
  const incompleteReason = encodeIncompleteReason(result.stopReason);
  items.finish(incompleteReason === undefined ? "completed" : "incomplete");
  return JSON.stringify(
    buildResponse(meta, {
      status: incompleteReason === undefined ? "completed" : "incomplete",
      output: items.output(),
      usage: result.usage ?? noUsage,
      ...(incompleteReason === undefined ? {} : { incompleteReason }),
    }),
  );
}
