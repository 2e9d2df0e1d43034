// Renders a request with the chat template of a model file (Jinja, OpenAI-shaped messages). Pure but for `strftime_now`,
// which the template library gives to templates that print the date.

import { Template } from "@huggingface/jinja";
import type { ChatMessage, ChatRequest, TextPart, UserPart } from "@auxot/wire/chat";
import { AppError } from "@auxot/wire/errors";
import { detectReasoning, detectToolFormat, type ToolFormat } from "./tool-format.ts";

export type ChatTemplate = {
  readonly toolFormat: ToolFormat | undefined;
  readonly reasoning: boolean;
  /**
   * The prompt text. `guard` is applied to every text the caller wrote. Throws `unsupported` for images and files, and
   * `invalid_request` when the template refuses the conversation.
   */
  render(request: ChatRequest, guard: (text: string) => string): string;
};

/** Stands in for a model file without a template. */
const chatml = `{% for m in messages %}<|im_start|>{{ m.role }}
{{ m.content }}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% endif %}`;

type TemplateMessage = {
  readonly role: "system" | "user" | "assistant" | "tool";
  readonly content: string | readonly { readonly type: "text"; readonly text: string }[];
  readonly reasoning_content?: string;
  readonly tool_calls?: readonly unknown[];
  readonly tool_call_id?: string;
  readonly name?: string;
};

/** `source` undefined means ChatML. Throws when the template cannot be parsed. */
export function createChatTemplate(
  source: string | undefined,
  tokens: { readonly bos: string; readonly eos: string },
): ChatTemplate {
  const text = source ?? chatml;
  const template = new Template(text);
  const needs = probeNeeds(template, tokens);

  function renderMessages(messages: readonly TemplateMessage[], request: ChatRequest): string {
    const tools = request.toolChoice?.type === "none" ? [] : request.tools;
    const wantsReasoning = readReasoningWish(request);
    return template.render({
      messages: needs.contentLists ? messages.map(toContentList) : messages,
      tools: tools.length === 0 ? null : tools.map(toTemplateTool),
      add_generation_prompt: true,
      bos_token: tokens.bos,
      eos_token: tokens.eos,
      ...(wantsReasoning === undefined ? {} : { enable_thinking: wantsReasoning }),
      ...(request.reasoning?.effort === undefined ? {} : { reasoning_effort: request.reasoning.effort }),
    });
  }

  return {
    toolFormat: detectToolFormat(text),
    reasoning: detectReasoning(text),
    render(request, guard) {
      const messages = toTemplateMessages(request.messages, needs, guard);
      // Many templates take a system message only at the front, some none at all, and demand that turns alternate.
      const shapes = [
        () => messages,
        () => mergeTurns(gatherSystem(messages)),
        () => mergeTurns(systemIntoUser(gatherSystem(messages))),
      ];
      let refusal: unknown;
      for (const shape of shapes) {
        try {
          return renderMessages(shape(), request);
        } catch (error) {
          refusal ??= error;
        }
      }
      const reason = refusal instanceof Error ? refusal.message : String(refusal);
      throw new AppError("invalid_request", `The model's chat template refuses this conversation: ${reason}`, {
        cause: refusal,
        param: "messages",
      });
    },
  };
}

function readReasoningWish(request: ChatRequest): boolean | undefined {
  const { reasoning } = request;
  if (reasoning === undefined) return undefined;
  return reasoning.effort !== "none";
}

function toTemplateTool(tool: ChatRequest["tools"][number]): unknown {
  const { name, description, parameters } = tool;
  return { type: "function", function: { name, ...(description === undefined ? {} : { description }), parameters } };
}

function toTemplateMessages(
  messages: readonly ChatMessage[],
  needs: TemplateNeeds,
  guard: (text: string) => string,
): TemplateMessage[] {
  const toolNames = new Map<string, string>();
  return messages.map((message, i) => {
    switch (message.role) {
      case "system":
        return { role: "system", content: guard(joinText(message.content)) };
      case "user":
        return { role: "user", content: guard(joinUserParts(message.content, i)) };
      case "tool": {
        const name = toolNames.get(message.callId);
        return {
          role: "tool",
          // Templates have no word for a result that is an error.
          content: guard(`${message.isError ? "Error: " : ""}${joinUserParts(message.content, i)}`),
          tool_call_id: message.callId,
          ...(name === undefined ? {} : { name }),
        };
      }
      case "assistant": {
        const texts = message.content.filter((part) => part.type === "text");
        const reasoning = message.content.flatMap((part) => (part.type === "reasoning" ? [part.text] : [])).join("\n");
        const calls = message.content.filter((part) => part.type === "tool-call");
        for (const call of calls) toolNames.set(call.id, call.name);
        return {
          role: "assistant",
          content: guard(joinText(texts)),
          ...(reasoning === "" ? {} : { reasoning_content: guard(reasoning) }),
          ...(calls.length === 0
            ? {}
            : {
                tool_calls: calls.map((call) => {
                  const text = guard(call.arguments);
                  const given = needs.argumentTexts ? text : parseArguments(text);
                  return { id: call.id, type: "function", function: { name: call.name, arguments: given } };
                }),
              }),
        };
      }
    }
  });
}

function parseArguments(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function joinText(parts: readonly TextPart[]): string {
  return parts.map((part) => part.text).join("\n");
}

function joinUserParts(parts: readonly UserPart[], message: number): string {
  return parts
    .map((part) => {
      if (part.type === "text") return part.text;
      if (part.type === "document" && part.source.type === "text") {
        return part.name === undefined ? part.source.text : `${part.name}:\n${part.source.text}`;
      }
      const what = part.type === "image" ? "images" : "files";
      throw new AppError("unsupported", `This model reads text only; the request holds ${what}.`, {
        param: `messages[${message}].content`,
      });
    })
    .join("\n");
}

/** One system message at the front that holds the text of all of them. */
function gatherSystem(messages: readonly TemplateMessage[]): TemplateMessage[] {
  const system = messages.filter((message) => message.role === "system");
  const rest = messages.filter((message) => message.role !== "system");
  if (system.length === 0) return rest;
  return [{ role: "system", content: system.map(readContent).join("\n\n") }, ...rest];
}

function systemIntoUser(messages: readonly TemplateMessage[]): TemplateMessage[] {
  const [first, ...rest] = messages;
  if (first?.role !== "system") return [...messages];
  return [{ role: "user", content: first.content }, ...rest];
}

/** Joins neighbours that are both of the user or both plain words of the assistant. */
function mergeTurns(messages: readonly TemplateMessage[]): TemplateMessage[] {
  const merged: TemplateMessage[] = [];
  for (const message of messages) {
    const last = merged.at(-1);
    const isPlain = message.role === "user" || (message.role === "assistant" && message.tool_calls === undefined);
    if (last !== undefined && isPlain && last.role === message.role && last.tool_calls === undefined) {
      merged[merged.length - 1] = { ...last, content: `${readContent(last)}\n\n${readContent(message)}` };
    } else {
      merged.push(message);
    }
  }
  return merged;
}

function readContent(message: TemplateMessage): string {
  return typeof message.content === "string" ? message.content : message.content.map((part) => part.text).join("\n");
}

function toContentList(message: TemplateMessage): TemplateMessage {
  return typeof message.content === "string"
    ? { ...message, content: [{ type: "text", text: message.content }] }
    : message;
}

/** What a template wants to be given, found out by trying. */
type TemplateNeeds = {
  /** Content as a list of parts: a few templates print nothing else. */
  readonly contentLists: boolean;
  /** Arguments of earlier calls as text: most templates print a value with `tojson`, some join text. */
  readonly argumentTexts: boolean;
};

function probeNeeds(template: Template, tokens: { readonly bos: string; readonly eos: string }): TemplateNeeds {
  const needle = "needle";
  const user = { role: "user", content: "question" };
  const prints = (messages: readonly object[], expected: string): boolean => {
    try {
      const given = {
        messages,
        tools: null,
        add_generation_prompt: true,
        bos_token: tokens.bos,
        eos_token: tokens.eos,
      };
      return template.render(given).includes(expected);
    } catch {
      return false;
    }
  };
  const printsContent = (content: TemplateMessage["content"]): boolean => prints([{ role: "user", content }], needle);
  const printsArguments = (given: unknown): boolean => {
    const call = { id: "call00000", type: "function", function: { name: "name", arguments: given } };
    return prints([user, { role: "assistant", content: "", tool_calls: [call] }], `"${needle}"`);
  };
  return {
    contentLists: !printsContent(needle) && printsContent([{ type: "text", text: needle }]),
    argumentTexts: !printsArguments({ [needle]: 1 }) && printsArguments(`{"${needle}": 1}`),
  };
}
