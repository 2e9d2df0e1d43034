// An upstream's answer as the caller's request would have been answered, where the request was changed on its way.

import type { ChatEvent } from "@auxot/wire/chat-event";
import { createAnswerToolReader } from "./fitting/answer-tool.ts";
import type { UpstreamRequest } from "./dialect.ts";
import { restoreToolNames } from "./fitting/tool-names.ts";

/** One for each answer; takes its events in order, in pieces of any size. Undefined where nothing is to be changed back. */
export function createAnswerRestorer({
  answerTool,
  toolNames,
}: Pick<UpstreamRequest, "answerTool" | "toolNames">):
  | ((events: readonly ChatEvent[]) => readonly ChatEvent[])
  | undefined {
  if (answerTool === undefined && toolNames === undefined) return undefined;
  const readAnswer = answerTool === undefined ? undefined : createAnswerToolReader(answerTool);
  return (events) => {
    const named = toolNames === undefined ? events : restoreToolNames(events, toolNames);
    return readAnswer?.(named) ?? named;
  };
}
