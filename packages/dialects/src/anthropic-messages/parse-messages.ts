// The messages of a Messages request -> canonical messages. One user turn with k tool results becomes k tool messages and,
// when it holds more, one user message.

import type {
  AssistantPart,
  ChatMessage,
  DocumentPart,
  ImagePart,
  MediaSource,
  TextPart,
  UserPart,
} from "@auxot/wire/chat";
import { readCacheControl } from "../reading/cache-control.ts";
import { isRecord, stringifyJson } from "../reading/json.ts";
import { normaliseMediaType } from "../media.ts";
import {
  failField,
  isAbsent,
  noteUnknown,
  optional,
  readArray,
  readName,
  readOneOf,
  readOptionalBoolean,
  readOptionalString,
  readRecord,
  readString,
  type Fields,
} from "../reading/read-fields.ts";
import { dropAttribution } from "./attribution.ts";

/** Adds to `unknown` the paths of blocks only Anthropic understands (server tools, their results, uploaded files). */
export function parseMessages(value: unknown, unknown: string[]): ChatMessage[] {
  const entries = readArray(value, "messages", "an array of at least one message");
  if (entries.length === 0) failField("messages", "an array of at least one message", entries);
  const lastUserTurn = entries.findLastIndex((entry) => isRecord(entry) && entry["role"] === "user");
  return entries.flatMap((entry, at) => {
    const turns = parseTurn(entry, `messages[${at}]`, unknown);
    return at < lastUserTurn && isCleared(entry) ? [] : turns;
  });
}

/** A system message may be for the user turn before it alone: once a later one exists the model is not shown it. */
function isCleared(entry: unknown): boolean {
  return isRecord(entry) && entry["role"] === "system" && entry["clear_at"] === "next_user_message";
}

/** A string or text blocks, without Claude Code's attribution. */
export function parseSystem(value: unknown, path: string): readonly TextPart[] {
  if (typeof value === "string") return value === "" ? [] : [{ type: "text", text: value }];
  const parts = readArray(value, path, "a string or an array of text blocks").map((entry, at) => {
    const block = readRecord(entry, `${path}[${at}]`);
    readOneOf(block["type"], `${path}[${at}].type`, ["text"]);
    return parseText(block, `${path}[${at}]`);
  });
  return dropAttribution(parts);
}

function parseTurn(value: unknown, path: string, unknown: string[]): ChatMessage[] {
  const turn = readRecord(value, path);
  const role = readOneOf(turn["role"], `${path}.role`, ["user", "assistant", "system"]);
  const content = turn["content"];
  switch (role) {
    case "system": {
      noteUnknown(turn, path, ["role", "content", "clear_at"], unknown);
      // One that only sets the effort of what follows needs no words.
      const isBare = isAbsent(content) && !isAbsent(turn["output_config"]);
      const parts = isBare ? [] : parseSystemTurn(content, `${path}.content`, unknown);
      return parts.length === 0 ? [] : [{ role, content: parts }];
    }
    case "assistant":
      return [{ role, content: parseAssistant(content, `${path}.content`, unknown) }];
    case "user":
      return parseUserTurn(content, `${path}.content`, unknown);
  }
}

/** A message of role system, as Claude Code sends them: it may also add and take away tools, which only Anthropic knows. */
function parseSystemTurn(content: unknown, path: string, unknown: string[]): readonly TextPart[] {
  if (!Array.isArray(content)) return parseSystem(content, path);
  return content.flatMap((entry, at) => {
    const block = readRecord(entry, `${path}[${at}]`);
    if (readString(block["type"], `${path}[${at}].type`, "the type of a block") === "text")
      return [parseText(block, `${path}[${at}]`)];
    unknown.push(`${path}[${at}]`);
    return [];
  });
}

function parseUserTurn(content: unknown, path: string, unknown: string[]): ChatMessage[] {
  if (typeof content === "string") return [{ role: "user", content: [{ type: "text", text: content }] }];
  const results: ChatMessage[] = [];
  const parts: UserPart[] = [];
  for (const [at, entry] of readArray(content, path, "a string or an array of blocks").entries()) {
    const blockPath = `${path}[${at}]`;
    const block = readRecord(entry, blockPath);
    if (block["type"] === "tool_result") results.push(parseToolResult(block, blockPath, unknown));
    else parts.push(...parseUserBlock(block, blockPath, unknown));
  }
  return parts.length === 0 && results.length > 0 ? results : [...results, { role: "user", content: parts }];
}

function parseToolResult(block: Fields, path: string, unknown: string[]): ChatMessage {
  return {
    role: "tool",
    callId: readName(block["tool_use_id"], `${path}.tool_use_id`, "the id of a tool call"),
    content: parseResultContent(block["content"], `${path}.content`, unknown),
    ...(readOptionalBoolean(block["is_error"], `${path}.is_error`) === true ? { isError: true } : {}),
    ...readCacheControl(block, path),
  };
}

function parseResultContent(content: unknown, path: string, unknown: string[]): UserPart[] {
  if (isAbsent(content)) return [];
  if (typeof content === "string") return content === "" ? [] : [{ type: "text", text: content }];
  return readArray(content, path, "a string or an array of blocks").flatMap((entry, at) =>
    parseUserBlock(readRecord(entry, `${path}[${at}]`), `${path}[${at}]`, unknown),
  );
}

/** One part, or none when only Anthropic understands the block. */
function parseUserBlock(block: Fields, path: string, unknown: string[]): UserPart[] {
  switch (readString(block["type"], `${path}.type`, "the type of a block")) {
    case "text":
      return [parseText(block, path)];
    case "image": {
      const image = parseImage(block, path);
      if (image !== undefined) return [image];
      break;
    }
    case "document": {
      const document = parseDocument(block, path);
      if (document === undefined) break;
      noteCitations(block, path, unknown);
      return [...parseContext(block, path), document];
    }
    case "search_result":
      noteCitations(block, path, unknown);
      return [parseSearchResult(block, path)];
    case "tool_reference": {
      // What a search for tools found. Elsewhere all tools are declared from the start.
      const name = readName(block["tool_name"], `${path}.tool_name`);
      return [{ type: "text", text: `The tool ${name} can be called.`, ...readCacheControl(block, path) }];
    }
    default:
      break;
  }
  unknown.push(path);
  return [];
}

function parseText(block: Fields, path: string): TextPart {
  return { type: "text", text: readString(block["text"], `${path}.text`), ...readCacheControl(block, path) };
}

function parseImage(block: Fields, path: string): ImagePart | undefined {
  const source = parseSource(readRecord(block["source"], `${path}.source`), `${path}.source`);
  if (source === undefined) return undefined;
  return { type: "image", source, ...readCacheControl(block, path) };
}

/** Undefined for an uploaded file, which only Anthropic can open. */
function parseSource(source: Fields, path: string): MediaSource | undefined {
  switch (readString(source["type"], `${path}.type`, "base64 or url")) {
    case "base64": {
      const mediaType = normaliseMediaType(readName(source["media_type"], `${path}.media_type`, "a media type"));
      return { type: "base64", mediaType, data: readName(source["data"], `${path}.data`, "base64 bytes") };
    }
    case "url": {
      const url = readString(source["url"], `${path}.url`);
      return /^https?:\/\//i.test(url) ? { type: "url", url } : failField(`${path}.url`, "an http(s) URL", url);
    }
    default:
      return undefined;
  }
}

function parseDocument(block: Fields, path: string): DocumentPart | undefined {
  const fields = readRecord(block["source"], `${path}.source`);
  const source = parseDocumentSource(fields, `${path}.source`);
  if (source === undefined) return undefined;
  return {
    type: "document",
    source,
    ...optional("name", readOptionalString(block["title"], `${path}.title`)),
    ...readCacheControl(block, path),
  };
}

/** What the caller tells the model of a document stands before it where a format has no place for it. */
function parseContext(block: Fields, path: string): TextPart[] {
  const context = readOptionalString(block["context"], `${path}.context`) ?? "";
  return context === "" ? [] : [{ type: "text", text: context }];
}

/** Only Anthropic's models can be made to name the places they quote. */
function noteCitations(block: Fields, path: string, unknown: string[]): void {
  if (isAbsent(block["citations"])) return;
  const citations = readRecord(block["citations"], `${path}.citations`);
  if (readOptionalBoolean(citations["enabled"], `${path}.citations.enabled`) === true)
    unknown.push(`${path}.citations`);
}

function parseDocumentSource(source: Fields, path: string): DocumentPart["source"] | undefined {
  if (source["type"] === "text") {
    readOneOf(source["media_type"], `${path}.media_type`, ["text/plain"]);
    return { type: "text", text: readString(source["data"], `${path}.data`) };
  }
  if (source["type"] !== "content") return parseSource(source, path);
  const { content } = source;
  const texts = typeof content === "string" ? content : parseSourceTexts(content, `${path}.content`);
  return texts === undefined ? undefined : { type: "text", text: texts };
}

/** The joined text; undefined when there is more than text. */
function parseSourceTexts(content: unknown, path: string): string | undefined {
  const texts = readArray(content, path, "an array of blocks").map((entry, at) => {
    const block = readRecord(entry, `${path}[${at}]`);
    const type = readString(block["type"], `${path}[${at}].type`, "the type of a block");
    return type === "text" ? readString(block["text"], `${path}[${at}].text`) : undefined;
  });
  return texts.every((text) => text !== undefined) ? texts.join("\n\n") : undefined;
}

function parseSearchResult(block: Fields, path: string): DocumentPart {
  const found = readString(block["source"], `${path}.source`);
  const texts = readArray(block["content"], `${path}.content`, "an array of text blocks").map((entry, at) => {
    const part = readRecord(entry, `${path}.content[${at}]`);
    readOneOf(part["type"], `${path}.content[${at}].type`, ["text"]);
    return readString(part["text"], `${path}.content[${at}].text`);
  });
  return {
    type: "document",
    source: { type: "text", text: [found, ...texts].filter((text) => text !== "").join("\n\n") },
    name: readString(block["title"], `${path}.title`),
    ...readCacheControl(block, path),
  };
}

function parseAssistant(content: unknown, path: string, unknown: string[]): AssistantPart[] {
  if (typeof content === "string") return content === "" ? [] : [{ type: "text", text: content }];
  return readArray(content, path, "a string or an array of blocks").flatMap((entry, at) => {
    const part = parseAssistantBlock(readRecord(entry, `${path}[${at}]`), `${path}[${at}]`);
    if (part === undefined) unknown.push(`${path}[${at}]`);
    return part ?? [];
  });
}

function parseAssistantBlock(block: Fields, path: string): AssistantPart | undefined {
  switch (readString(block["type"], `${path}.type`, "the type of a block")) {
    case "text":
      return parseText(block, path);
    case "thinking": {
      // We send "" for reasoning that nobody signed; it comes back the same way.
      const signature = readOptionalString(block["signature"], `${path}.signature`);
      return {
        type: "reasoning",
        text: readString(block["thinking"], `${path}.thinking`),
        ...(signature === undefined || signature === "" ? {} : { signature }),
      };
    }
    case "compaction": {
      // The summary stands for what came before it.
      const summary = readOptionalString(block["content"], `${path}.content`) ?? "";
      return summary === "" ? undefined : { type: "text", text: summary, ...readCacheControl(block, path) };
    }
    case "redacted_thinking":
      return { type: "reasoning", text: "", redacted: readString(block["data"], `${path}.data`) };
    case "tool_use":
      return {
        type: "tool-call",
        id: readName(block["id"], `${path}.id`, "the id of the tool call"),
        name: readName(block["name"], `${path}.name`),
        arguments: stringifyJson(readRecord(block["input"], `${path}.input`), `${path}.input`),
        ...readCacheControl(block, path),
      };
    default:
      return undefined;
  }
}
