// Canonical messages -> Chat Completions messages.

import type { AssistantPart, ChatMessage, DocumentPart, ImagePart, TextPart, UserPart } from "@auxot/wire/chat";
import { AppError } from "@auxot/wire/errors";
import type { ModelTraits } from "@auxot/wire/model-traits";
import { warnOfCacheControl } from "../reading/cache-control.ts";
import { buildDataUri, readDocument } from "../media.ts";
import { optional } from "../reading/read-fields.ts";
import { refuseEmpty } from "../fitting/refuse-empty.ts";
import { fitToolId, shortenToolId } from "../fitting/tool-ids.ts";
import type { OpenaiMessage, OpenaiPart } from "./schema.ts";
import { buildThinkingBlocks } from "./thinking-block.ts";

type Warn = (message: string) => void;
type FitId = (id: string) => string;
type Media = ImagePart | DocumentPart;

/** What the assistant says where a server wants a word of it. */
const bridge: OpenaiMessage = { role: "assistant", content: "Understood." };
/** https://ai.google.dev/gemini-api/docs/thought-signatures: for calls whose proof is not known. */
const unproven = { google: { thought_signature: "skip_thought_signature_validator" } };

/** Ids of calls become such as the model takes. */
export function buildMessages(messages: readonly ChatMessage[], traits: ModelTraits, warn: Warn): OpenaiMessage[] {
  const { systemRole, reasoningBack, userAfterTool, signedCalls } = traits;
  const fitId = createIdFitter(traits);
  const built: OpenaiMessage[] = [];
  // Media of tool results wait here until the run of tool messages is over: nothing may stand between those.
  let waiting: { callId: string; media: readonly Media[] }[] = [];
  function pushUser(content: string | OpenaiPart[]): void {
    if (!userAfterTool && built.at(-1)?.role === "tool") built.push(bridge);
    built.push({ role: "user", content });
  }
  function flushMedia(): void {
    for (const { callId, media } of waiting) {
      const intro: OpenaiPart = { type: "text", text: `Attached to the result of tool call ${callId}:` };
      pushUser([intro, ...media.map(buildPart)]);
    }
    waiting = [];
  }
  for (const message of messages) {
    warnOfCacheControl(message, warn);
    if (message.role !== "tool") flushMedia();
    switch (message.role) {
      case "system":
        if (message.content.length > 0) built.push({ role: systemRole, content: joinTexts(message.content) });
        break;
      case "user":
        if (message.content.length > 0) pushUser(buildUserContent(message.content));
        break;
      case "assistant": {
        const parts = reasoningBack ? message.content : dropReasoning(message.content, warn);
        if (parts.length > 0) built.push(buildAssistant(parts, fitId, signedCalls));
        break;
      }
      case "tool": {
        const { text, media } = splitToolResult(message.content);
        const content = message.isError ? `Error: ${text}` : text;
        built.push({ role: "tool", tool_call_id: fitId(message.callId), content });
        if (media.length > 0) waiting.push({ callId: fitId(message.callId), media });
        break;
      }
    }
  }
  flushMedia();
  return built.length === 0 ? refuseEmpty() : built;
}

/** Servers without a known limit keep more than a name in their ids, and take back what they gave. */
function createIdFitter({ toolIds, maxToolIdLength }: ModelTraits): FitId {
  if (toolIds === "nine-letters") return shortenToolId;
  return maxToolIdLength === undefined ? (id) => id : (id) => fitToolId(id, maxToolIdLength);
}

/** Texts alone travel as one string: many servers take no arrays of parts. */
function buildUserContent(parts: readonly UserPart[]): string | OpenaiPart[] {
  const texts = parts.filter((part) => part.type === "text");
  return texts.length === parts.length ? joinTexts(texts) : parts.map(buildPart);
}

function splitToolResult(parts: readonly UserPart[]): { text: string; media: Media[] } {
  const media: Media[] = [];
  const texts: TextPart[] = [];
  for (const part of parts) {
    if (part.type === "text") texts.push(part);
    else if (part.type === "document" && part.source.type === "text")
      texts.push(buildDocumentText(part, part.source.text));
    else media.push(part);
  }
  return { text: joinTexts(texts), media };
}

function buildPart(part: UserPart): OpenaiPart {
  switch (part.type) {
    case "text":
      return { type: "text", text: part.text };
    case "image": {
      const url = part.source.type === "url" ? part.source.url : buildDataUri(part.source);
      return { type: "image_url", image_url: { url, ...(part.detail === undefined ? {} : { detail: part.detail }) } };
    }
    case "document":
      return buildDocument(part);
  }
}

function buildDocument(part: DocumentPart): OpenaiPart {
  const source = readDocument(part.source);
  if (source.type === "text") return buildDocumentText(part, source.text);
  if (source.type === "url") {
    throw new AppError(
      "invalid_request",
      `document: the model's provider takes no documents by URL (${source.url.slice(0, 200)}); send its bytes as base64.`,
    );
  }
  return { type: "file", file: { filename: part.name ?? "document.pdf", file_data: buildDataUri(source) } };
}

function buildDocumentText(part: DocumentPart, text: string): { readonly type: "text"; readonly text: string } {
  return { type: "text", text: part.name === undefined ? text : `${part.name}\n\n${text}` };
}

/** DeepSeek and its kin want it back within a loop of tools; OpenAI's own models have no field for it. */
function dropReasoning(parts: readonly AssistantPart[], warn: Warn): readonly AssistantPart[] {
  if (!parts.some((part) => part.type === "reasoning")) return parts;
  warn("messages: OpenAI's models take no reasoning back in this format; it was not sent.");
  return parts.filter((part) => part.type !== "reasoning");
}

function buildAssistant(parts: readonly AssistantPart[], fitId: FitId, signedCalls: boolean): OpenaiMessage {
  const texts = parts.filter((part) => part.type === "text");
  const content = texts.filter((part) => !part.refusal).map((part) => part.text);
  const refusal = texts.filter((part) => part.refusal).map((part) => part.text);
  const calls = parts.filter((part) => part.type === "tool-call");
  const reasoning = parts.filter((part) => part.type === "reasoning");
  const thinkingBlocks = buildThinkingBlocks(reasoning);
  const reasoningText = thinkingBlocks === undefined ? reasoning.map((part) => part.text).join("") : "";
  return {
    role: "assistant",
    content: content.length === 0 && (calls.length > 0 || refusal.length > 0) ? null : content.join(""),
    ...(refusal.length === 0 ? {} : { refusal: refusal.join("") }),
    ...(reasoningText === "" ? {} : { reasoning_content: reasoningText }),
    ...optional("thinking_blocks", thinkingBlocks),
    ...(calls.length === 0
      ? {}
      : {
          tool_calls: calls.map((call, at) => ({
            id: fitId(call.id),
            type: "function" as const,
            function: { name: call.name, arguments: call.arguments },
            // The first of several carries it for all.
            ...(signedCalls && at === 0 ? { extra_content: unproven } : {}),
          })),
        }),
  };
}

function joinTexts(parts: readonly TextPart[]): string {
  return parts.map((part) => part.text).join("\n\n");
}
