// Canonical messages -> `system` and strictly alternating turns.

import type {
  AssistantPart,
  CacheControl,
  ChatMessage,
  DocumentPart,
  TextPart,
  ToolCallPart,
  UserPart,
} from "@auxot/wire/chat";
import type { ModelTraits } from "@auxot/wire/model-traits";
import { isRecord, tryParseJson } from "../reading/json.ts";
import { readDocument } from "../media.ts";
import { refuseEmpty } from "../fitting/refuse-empty.ts";
import { fitToolId } from "../fitting/tool-ids.ts";
import type {
  AnthropicAssistantBlock,
  AnthropicSource,
  AnthropicTextBlock,
  AnthropicToolResult,
  AnthropicTurn,
  AnthropicUserBlock,
} from "./schema.ts";

type Warn = (message: string) => void;
type Conversation = { readonly system: readonly AnthropicTextBlock[]; readonly messages: readonly AnthropicTurn[] };
type OpenTurn =
  | { readonly role: "user"; readonly results: AnthropicToolResult[]; readonly blocks: AnthropicUserBlock[] }
  | { readonly role: "assistant"; readonly blocks: AnthropicAssistantBlock[] };

/** Stands for a last message without words. */
const emptyMessage = "(empty message)";

/** All system messages go to `system` in their order; neighbours of one role become one turn; empty turns disappear. */
export function buildConversation(
  messages: readonly ChatMessage[],
  { unsignedReasoning }: ModelTraits,
  warn: Warn,
): Conversation {
  const system: AnthropicTextBlock[] = [];
  const turns: OpenTurn[] = [];
  for (const message of messages) {
    switch (message.role) {
      case "system":
        system.push(...dropBlanks(message.content).map(buildText));
        break;
      case "user":
        openUserTurn(turns).blocks.push(...dropBlanks(message.content).map(buildUserPart));
        break;
      case "tool":
        openUserTurn(turns).results.push(buildToolResult(message));
        break;
      case "assistant": {
        const blocks = dropBlanks(message.content).flatMap((part) => buildAssistantPart(part, unsignedReasoning, warn));
        if (blocks.length > 0) openAssistantTurn(turns).blocks.push(...blocks);
        break;
      }
    }
  }
  fillLastTurn(turns, messages, warn);
  const built = turns.flatMap(closeTurn);
  if (built.length > 0) return { system, messages: trimLastTurn(built) };
  // The format demands a user turn: what stands alone is what the model is to answer.
  if (system.length > 0) return { system: [], messages: [{ role: "user", content: system }] };
  return refuseEmpty();
}

function openUserTurn(turns: OpenTurn[]): Extract<OpenTurn, { role: "user" }> {
  const last = turns.at(-1);
  if (last?.role === "user") return last;
  const turn = { role: "user" as const, results: [], blocks: [] };
  turns.push(turn);
  return turn;
}

function openAssistantTurn(turns: OpenTurn[]): Extract<OpenTurn, { role: "assistant" }> {
  const last = turns.at(-1);
  if (last?.role === "assistant") return last;
  const turn = { role: "assistant" as const, blocks: [] };
  turns.push(turn);
  return turn;
}

/** OpenAI's models answer an empty message, so this is no reason to go on writing the turn before it. */
function fillLastTurn(turns: readonly OpenTurn[], messages: readonly ChatMessage[], warn: Warn): void {
  const turn = turns.at(-1);
  const last = messages.at(-1);
  if (turn?.role !== "user" || turn.results.length + turn.blocks.length > 0) return;
  if (last?.role !== "user" || last.content.length === 0) return;
  warn(`messages: Anthropic refuses the last message, which is empty; "${emptyMessage}" was sent.`);
  turn.blocks.push({ type: "text", text: emptyMessage });
}

/** Results must come first in their turn. */
function closeTurn(turn: OpenTurn): AnthropicTurn[] {
  if (turn.role === "assistant") return [{ role: "assistant", content: turn.blocks }];
  const content = [...turn.results, ...turn.blocks];
  return content.length === 0 ? [] : [{ role: "user", content }];
}

/** The API refuses a last assistant turn that ends in white space. */
function trimLastTurn(turns: readonly AnthropicTurn[]): readonly AnthropicTurn[] {
  const turn = turns.at(-1);
  const block = turn?.role === "assistant" ? turn.content.at(-1) : undefined;
  if (turn?.role !== "assistant" || block?.type !== "text") return turns;
  const content = [...turn.content.slice(0, -1), { ...block, text: block.text.trimEnd() }];
  return [...turns.slice(0, -1), { role: "assistant", content }];
}

/** The API refuses text without a visible character. Its cache marker goes to the part before it. */
function dropBlanks<T extends UserPart | AssistantPart>(parts: readonly T[]): readonly T[] {
  if (!parts.some(isBlank)) return parts;
  const kept: T[] = [];
  for (const part of parts) {
    const last = kept.at(-1);
    if (!isBlank(part)) kept.push(part);
    else if ("cacheControl" in part && last !== undefined && last.type !== "reasoning") {
      kept[kept.length - 1] = { cacheControl: part.cacheControl, ...last };
    }
  }
  return kept;
}

function isBlank(part: UserPart | AssistantPart): boolean {
  return part.type === "text" && part.text.trim() === "";
}

function buildText(part: TextPart): AnthropicTextBlock {
  return { type: "text", text: part.text, ...cacheMark(part) };
}

function buildUserPart(part: UserPart): AnthropicUserBlock {
  switch (part.type) {
    case "text":
      return buildText(part);
    case "image":
      return { type: "image", source: buildSource(part.source), ...cacheMark(part) };
    case "document":
      return buildDocument(part);
  }
}

/** The API takes PDFs as bytes, text only as text. */
function buildDocument(part: DocumentPart): AnthropicUserBlock {
  const source = buildSource(readDocument(part.source));
  return { type: "document", source, ...(part.name === undefined ? {} : { title: part.name }), ...cacheMark(part) };
}

function buildSource(source: DocumentPart["source"]): AnthropicSource {
  if (source.type === "text") return { type: "text", media_type: "text/plain", data: source.text };
  if (source.type === "url") return { type: "url", url: source.url };
  return { type: "base64", media_type: source.mediaType, data: source.data };
}

function buildToolResult(message: Extract<ChatMessage, { role: "tool" }>): AnthropicToolResult {
  const content = dropBlanks(message.content).map(buildUserPart);
  return {
    type: "tool_result",
    tool_use_id: fitToolId(message.callId),
    ...(content.length === 0 ? {} : { content }),
    ...(message.isError ? { is_error: true } : {}),
    ...cacheMark(message),
  };
}

function buildAssistantPart(part: AssistantPart, unsignedReasoning: boolean, warn: Warn): AnthropicAssistantBlock[] {
  switch (part.type) {
    case "text":
      return [buildText(part)];
    case "reasoning":
      if (part.redacted !== undefined) return [{ type: "redacted_thinking", data: part.redacted }];
      if (part.signature !== undefined || unsignedReasoning)
        return [{ type: "thinking", thinking: part.text, signature: part.signature ?? "" }];
      warn("messages: reasoning without a signature is refused by Anthropic; it was not sent.");
      return [];
    case "tool-call":
      return [
        {
          type: "tool_use",
          id: fitToolId(part.id),
          name: part.name,
          input: parseInput(part, warn),
          ...cacheMark(part),
        },
      ];
  }
}

/** The format demands an object. A call a model once broke must not lock its conversation for good, so it is wrapped. */
function parseInput(part: ToolCallPart, warn: Warn): unknown {
  const input = tryParseJson(part.arguments);
  if (isRecord(input)) return input;
  warn(`messages: the arguments of tool call ${part.id} are not a JSON object; they were sent as text.`);
  return { arguments: part.arguments };
}

export function cacheMark(part: { readonly cacheControl?: CacheControl }): { readonly cache_control?: CacheControl } {
  return part.cacheControl === undefined ? {} : { cache_control: part.cacheControl };
}
