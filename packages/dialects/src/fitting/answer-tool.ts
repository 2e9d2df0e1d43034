// Structured output for models that do not write by a schema: the schema becomes a tool, the model must call it, and what it
// calls it with is the answer. The caller sees text and an ordinary end.

import type { ChatRequest } from "@auxot/wire/chat";
import type { ChatEvent } from "@auxot/wire/chat-event";

const description = "Gives the answer. Call it once, with the whole answer and nothing else.";

/** The request with the tool instead of the schema, and the tool's name. Undefined when it asks for no schema. */
export function addAnswerTool(
  request: ChatRequest,
): { readonly request: ChatRequest; readonly answerTool: string } | undefined {
  const { responseFormat: format, ...rest } = request;
  if (format?.type !== "json-schema") return undefined;
  const answerTool = findFreeName(format.name, request);
  const tool = { name: answerTool, description: format.description ?? description, parameters: format.schema };
  // With tools of the caller the model may call one of those first; the answer then comes in a later turn.
  const mayCall = request.tools.length > 0 && request.toolChoice?.type !== "none";
  return {
    answerTool,
    request: {
      ...rest,
      tools: [...request.tools, tool],
      toolChoice: mayCall ? { type: "required" } : { type: "tool", name: answerTool },
    },
  };
}

function findFreeName(wanted: string, { tools }: ChatRequest): string {
  const clean = wanted.replaceAll(/[^\w-]/g, "_").slice(0, 50) || "answer";
  const taken = new Set(tools.map(({ name }) => name));
  let name = clean;
  for (let number = 2; taken.has(name); number += 1) name = `${clean}_${number}`;
  return name;
}

/** Turns calls of the answer tool back into text. One for each answer; takes its events in order, in pieces of any size. */
export function createAnswerToolReader(answerTool: string): (events: readonly ChatEvent[]) => readonly ChatEvent[] {
  const answers = new Set<number>();
  let otherCalls = 0;

  function read(event: ChatEvent): ChatEvent {
    switch (event.type) {
      case "tool-call-start":
        if (event.name !== answerTool) {
          otherCalls += 1;
          return event;
        }
        answers.add(event.index);
        return { type: "text-start", index: event.index };
      case "tool-call-delta":
        return answers.has(event.index) ? { type: "text-delta", index: event.index, text: event.arguments } : event;
      case "tool-call-end":
        return answers.has(event.index) ? { type: "text-end", index: event.index } : event;
      case "end":
        return event.stopReason === "tool-calls" && answers.size > 0 && otherCalls === 0
          ? { type: "end", stopReason: "stop" }
          : event;
      default:
        return event;
    }
  }

  return (events) => events.map(read);
}
