// Canonical messages -> instructions and input items.

import type {
  AssistantPart,
  ChatMessage,
  ChatRequest,
  DocumentPart,
  ReasoningPart,
  TextPart,
  UserPart,
} from "@auxot/wire/chat";
import type { ModelTraits } from "@auxot/wire/model-traits";
import { warnOfCacheControl } from "../reading/cache-control.ts";
import { buildDataUri } from "../media.ts";
import { splitResponsesSignature } from "../reasoning-proof.ts";
import { refuseEmpty } from "../fitting/refuse-empty.ts";
import { fitToolId } from "../fitting/tool-ids.ts";
import { buildCall, createToolTable, type ToolTable } from "./build-call.ts";
import type { ResponsesInputItem, ResponsesInputPart, ResponsesTextPart } from "./schema.ts";

type Warn = (message: string) => void;
type Conversation = { readonly instructions?: string; readonly input: readonly ResponsesInputItem[] };
type Context = { readonly tools: ToolTable; readonly traits: ModelTraits; readonly warn: Warn };

/** A first system message is the instructions, unless it stands alone: the input must not be empty. */
export function buildConversation(request: ChatRequest, traits: ModelTraits, warn: Warn): Conversation {
  const context = { tools: createToolTable(request.tools), traits, warn };
  const [first, ...others] = request.messages;
  const instructions = first?.role === "system" ? joinTexts(first.content) : "";
  const input = (instructions === "" ? request.messages : others).flatMap((message) => buildMessage(message, context));
  if (input.length === 0) {
    const alone = request.messages.flatMap((message) => buildMessage(message, context));
    return alone.length === 0 ? refuseEmpty() : { input: alone };
  }
  const customCalls = new Set(input.flatMap((item) => (item.type === "custom_tool_call" ? [item.call_id] : [])));
  return {
    ...(instructions === "" ? {} : { instructions }),
    input: input.map((item) =>
      item.type === "function_call_output" && customCalls.has(item.call_id)
        ? { ...item, type: "custom_tool_call_output" }
        : item,
    ),
  };
}

function buildMessage(message: ChatMessage, context: Context): ResponsesInputItem[] {
  warnOfCacheControl(message, context.warn);
  switch (message.role) {
    case "system": {
      const text = joinTexts(message.content);
      return text === "" ? [] : [{ type: "message", role: context.traits.systemRole, content: text }];
    }
    case "user":
      if (message.content.length === 0) return [];
      return [{ type: "message", role: "user", content: message.content.map(buildPart) }];
    case "assistant":
      return buildAssistant(message.content, context);
    case "tool":
      return [{ type: "function_call_output", call_id: fitToolId(message.callId), output: buildOutput(message) }];
  }
}

function buildPart(part: UserPart): ResponsesInputPart {
  switch (part.type) {
    case "text":
      return { type: "input_text", text: part.text };
    case "image": {
      const url = part.source.type === "url" ? part.source.url : buildDataUri(part.source);
      // OpenAI's default, which its schema demands all the same.
      return { type: "input_image", image_url: url, detail: part.detail ?? "auto" };
    }
    case "document":
      return buildDocument(part);
  }
}

function buildDocument(part: DocumentPart): ResponsesInputPart {
  const { source, name } = part;
  switch (source.type) {
    case "text":
      return { type: "input_text", text: name === undefined ? source.text : `${name}\n\n${source.text}` };
    case "url":
      return { type: "input_file", file_url: source.url };
    case "base64":
      return { type: "input_file", filename: name ?? "document.pdf", file_data: buildDataUri(source) };
  }
}

/** Texts alone travel as one string where there is one: many servers take no arrays here. */
function buildOutput(message: Extract<ChatMessage, { role: "tool" }>): string | ResponsesInputPart[] {
  const parts = message.content.map(buildPart);
  const [first] = parts;
  const mark = message.isError ? "Error: " : "";
  if (first === undefined) return mark.trimEnd();
  if (parts.length === 1 && first.type === "input_text") return `${mark}${first.text}`;
  return mark === "" ? parts : [{ type: "input_text", text: mark.trimEnd() }, ...parts];
}

function buildAssistant(parts: readonly AssistantPart[], context: Context): ResponsesInputItem[] {
  return parts.flatMap((part): ResponsesInputItem[] => {
    switch (part.type) {
      case "text":
        return [{ type: "message", role: "assistant", content: buildText(part) }];
      case "reasoning":
        return buildReasoning(part, context);
      case "tool-call":
        return [buildCall(context.tools, fitToolId(part.id), part.name, part.arguments)];
    }
  });
}

/** A string: parts are for messages with OpenAI's own ids, which strict servers demand next to them. */
function buildText(part: TextPart): string | readonly ResponsesTextPart[] {
  return part.refusal ? [{ type: "refusal", refusal: part.text }] : part.text;
}

/** Only OpenAI can read what it encrypted, and it takes no reasoning of anybody else. */
function buildReasoning(part: ReasoningPart, { traits, warn }: Context): ResponsesInputItem[] {
  const proof = part.signature === undefined ? undefined : splitResponsesSignature(part.signature);
  if (proof === undefined || traits.thinking === "none") {
    warn("messages: reasoning that this provider did not encrypt itself was not sent.");
    return [];
  }
  return [
    {
      type: "reasoning",
      ...(proof.id === "" ? {} : { id: proof.id }),
      summary: part.text === "" ? [] : [{ type: "summary_text", text: part.text }],
      encrypted_content: proof.encrypted,
    },
  ];
}

function joinTexts(parts: readonly TextPart[]): string {
  return parts.map((part) => part.text).join("\n\n");
}
