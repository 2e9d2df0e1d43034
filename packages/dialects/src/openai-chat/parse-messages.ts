// The messages of a Chat Completions request -> canonical messages, in the same order.

import type { AssistantPart, ChatMessage, ReasoningPart, TextPart, ToolCallPart, UserPart } from "@auxot/wire/chat";
import { AppError } from "@auxot/wire/errors";
import { readCacheControl } from "../reading/cache-control.ts";
import { parseMediaUrl, readDocument } from "../media.ts";
import {
  failField,
  isAbsent,
  optional,
  readArray,
  readName,
  readOneOf,
  readOptionalString,
  readRecord,
  readString,
  type Fields,
} from "../reading/read-fields.ts";
import { parseCustomCall } from "./custom-tools.ts";

const roles = ["system", "developer", "user", "assistant", "tool", "function"] as const;

type Context = {
  /** Paths of what only OpenAI understands. */
  readonly unknown: string[];
  /** Ids given to the older `function_call`s, which have none, by the name of the function last called. */
  readonly functionIds: Map<string, string>;
};

/** Adds to `unknown` the paths of parts only OpenAI understands (uploaded files). */
export function parseMessages(value: unknown, unknown: string[]): ChatMessage[] {
  const entries = readArray(value, "messages", "an array of at least one message");
  if (entries.length === 0) failField("messages", "an array of at least one message", entries);
  const context = { unknown, functionIds: new Map<string, string>() };
  return entries.map((entry, at) => parseMessage(entry, `messages[${at}]`, context));
}

function parseMessage(value: unknown, path: string, context: Context): ChatMessage {
  const { unknown } = context;
  const message = readRecord(value, path);
  const role = readOneOf(message["role"], `${path}.role`, roles);
  noteUnsaid(message, role, path, unknown);
  switch (role) {
    case "system":
    case "developer":
      return { role: "system", content: markLast(parseTexts(message["content"], `${path}.content`), message, path) };
    case "user":
      return {
        role,
        content: markLast(parseUserContent(message["content"], `${path}.content`, unknown), message, path),
      };
    case "assistant":
      return { role, content: parseAssistant(message, path, context) };
    case "function":
      return parseFunctionResult(message, path, context);
    case "tool":
      return {
        role,
        callId: readName(message["tool_call_id"], `${path}.tool_call_id`, "the id of a tool call"),
        content: parseUserContent(message["content"], `${path}.content`, unknown),
        ...readCacheControl(message, path),
      };
  }
}

/** Who of several speaks, and an earlier answer in sound: no other format has words for them. */
function noteUnsaid(message: Fields, role: (typeof roles)[number], path: string, unknown: string[]): void {
  // Tools' names are known by their calls, and older clients name them all the same.
  const isTool = role === "tool" || role === "function";
  if (!isTool && readOptionalString(message["name"], `${path}.name`) !== undefined) unknown.push(`${path}.name`);
  if (role === "assistant" && !isAbsent(message["audio"])) unknown.push(`${path}.audio`);
}

/** A marker on the message stands for one on its last part. */
function markLast<T extends UserPart>(parts: readonly T[], message: Fields, path: string): readonly T[] {
  const mark = readCacheControl(message, path);
  const last = parts.at(-1);
  return mark.cacheControl === undefined || last === undefined ? parts : [...parts.slice(0, -1), { ...last, ...mark }];
}

function parseTexts(value: unknown, path: string): TextPart[] {
  if (typeof value === "string") return [{ type: "text", text: value }];
  return readArray(value, path, "a string or an array of text parts").map((entry, at) => {
    const part = readRecord(entry, `${path}[${at}]`);
    readOneOf(part["type"], `${path}[${at}].type`, ["text"]);
    return parseText(part, `${path}[${at}]`);
  });
}

function parseText(part: Fields, path: string): TextPart {
  return { type: "text", text: readString(part["text"], `${path}.text`), ...readCacheControl(part, path) };
}

function parseUserContent(value: unknown, path: string, unknown: string[]): UserPart[] {
  if (typeof value === "string") return [{ type: "text", text: value }];
  const parts: UserPart[] = [];
  for (const [at, entry] of readArray(value, path, "a string or an array of parts").entries()) {
    const part = parseUserPart(readRecord(entry, `${path}[${at}]`), `${path}[${at}]`);
    if (part === undefined) unknown.push(`${path}[${at}]`);
    else parts.push(part);
  }
  return parts;
}

function parseUserPart(part: Fields, path: string): UserPart | undefined {
  if (part["type"] === "input_audio") {
    throw new AppError("invalid_request", `${path}: audio input is not supported; send its text.`, { param: path });
  }
  switch (readOneOf(part["type"], `${path}.type`, ["text", "image_url", "file"])) {
    case "text":
      return parseText(part, path);
    case "image_url":
      return parseImage(part, path);
    case "file":
      return parseFile(part, path);
  }
}

function parseImage(part: Fields, path: string): UserPart {
  // Several clients send the URL itself where the object belongs.
  const image = typeof part["image_url"] === "string" ? { url: part["image_url"] } : part["image_url"];
  const fields = readRecord(image, `${path}.image_url`);
  const source = parseMediaUrl(readString(fields["url"], `${path}.image_url.url`), `${path}.image_url.url`);
  if (source.type === "base64" && !source.mediaType.startsWith("image/")) {
    failField(`${path}.image_url.url`, "an image", source.mediaType);
  }
  const detail = readOptionalString(fields["detail"], `${path}.image_url.detail`);
  return {
    type: "image",
    source,
    // "original" is newer than our words and means at least "high".
    ...(detail === "auto" || detail === "low" || detail === "high" ? { detail } : {}),
    ...(detail === "original" ? { detail: "high" as const } : {}),
    ...readCacheControl(part, path),
  };
}

/** Undefined for an uploaded file: only OpenAI knows its id. */
function parseFile(part: Fields, path: string): UserPart | undefined {
  const file = readRecord(part["file"], `${path}.file`);
  if (isAbsent(file["file_data"]) && !isAbsent(file["file_id"])) return undefined;
  const text = readString(file["file_data"], `${path}.file.file_data`, "a base64 data URI");
  // The API reference shows bare base64 as well; that is a PDF.
  const uri = /^(data:|https?:)/i.test(text) ? text : `data:application/pdf;base64,${text}`;
  return {
    type: "document",
    source: readDocument(parseMediaUrl(uri, `${path}.file.file_data`)),
    ...optional("name", readOptionalString(file["filename"], `${path}.file.filename`)),
    ...readCacheControl(part, path),
  };
}

/** Reasoning comes first, then text, then tool calls: this is the order models write them in. */
function parseAssistant(message: Fields, path: string, { functionIds }: Context): AssistantPart[] {
  const refusal = readOptionalString(message["refusal"], `${path}.refusal`);
  const parts: AssistantPart[] = [
    ...parseReasoning(message, path),
    ...parseAssistantTexts(message["content"], `${path}.content`),
    ...(refusal === undefined || refusal === "" ? [] : [{ type: "text", text: refusal, refusal: true } as const]),
  ];
  const calls = isAbsent(message["tool_calls"]) ? [] : readArray(message["tool_calls"], `${path}.tool_calls`);
  for (const [at, entry] of calls.entries()) {
    const callPath = `${path}.tool_calls[${at}]`;
    const call = readRecord(entry, callPath);
    const isCustom = readOptionalString(call["type"], `${callPath}.type`) === "custom";
    parts.push(isCustom ? parseCustomCall(call, callPath) : parseToolCall(call, callPath));
  }
  if (!isAbsent(message["function_call"])) parts.push(parseFunctionCall(message["function_call"], path, functionIds));
  const mark = readCacheControl(message, path);
  const last = parts.at(-1);
  if (mark.cacheControl !== undefined && last !== undefined && last.type !== "reasoning") {
    parts[parts.length - 1] = { ...last, ...mark };
  }
  return parts;
}

function parseAssistantTexts(value: unknown, path: string): TextPart[] {
  if (isAbsent(value) || value === "") return [];
  if (typeof value === "string") return [{ type: "text", text: value }];
  return readArray(value, path, "a string, null or an array of parts").map((entry, at) => {
    const part = readRecord(entry, `${path}[${at}]`);
    if (readOneOf(part["type"], `${path}[${at}].type`, ["text", "refusal"]) === "text") {
      return parseText(part, `${path}[${at}]`);
    }
    return { type: "text", text: readString(part["refusal"], `${path}[${at}].refusal`), refusal: true };
  });
}

/** `thinking_blocks` say all that `reasoning_content` says and carry signatures, so they win. */
function parseReasoning(message: Fields, path: string): ReasoningPart[] {
  if (!isAbsent(message["thinking_blocks"])) {
    return readArray(message["thinking_blocks"], `${path}.thinking_blocks`).map((entry, at) => {
      const blockPath = `${path}.thinking_blocks[${at}]`;
      const block = readRecord(entry, blockPath);
      if (readOneOf(block["type"], `${blockPath}.type`, ["thinking", "redacted_thinking"]) === "redacted_thinking") {
        return { type: "reasoning", text: "", redacted: readString(block["data"], `${blockPath}.data`) };
      }
      const signature = readOptionalString(block["signature"], `${blockPath}.signature`);
      return {
        type: "reasoning",
        text: readString(block["thinking"], `${blockPath}.thinking`),
        ...(signature === undefined || signature === "" ? {} : { signature }),
      };
    });
  }
  const text =
    readOptionalString(message["reasoning_content"], `${path}.reasoning_content`) ??
    readOptionalString(message["reasoning"], `${path}.reasoning`);
  return text === undefined || text === "" ? [] : [{ type: "reasoning", text }];
}

function parseToolCall(call: Fields, path: string): ToolCallPart {
  const target = readRecord(call["function"], `${path}.function`);
  const text = isAbsent(target["arguments"]) ? "" : readString(target["arguments"], `${path}.function.arguments`);
  return {
    type: "tool-call",
    id: readName(call["id"], `${path}.id`, "the id of the tool call"),
    name: readName(target["name"], `${path}.function.name`),
    arguments: text.trim() === "" ? "{}" : text,
    ...readCacheControl(call, path),
  };
}

/** The same message always gets the same id. */
function parseFunctionCall(value: unknown, path: string, functionIds: Map<string, string>): ToolCallPart {
  const target = readRecord(value, `${path}.function_call`);
  const id = `call_${path.replaceAll(/\W+/g, "_")}function`;
  const part = parseToolCall({ id, function: target }, path);
  functionIds.set(part.name, id);
  return part;
}

function parseFunctionResult(message: Fields, path: string, { unknown, functionIds }: Context): ChatMessage {
  const name = readName(message["name"], `${path}.name`, "the name of the function that gave the result");
  const callId = functionIds.get(name);
  if (callId === undefined) failField(`${path}.name`, "a function called by an earlier message", name);
  const content = isAbsent(message["content"]) ? "" : message["content"];
  return { role: "tool", callId, content: parseUserContent(content, `${path}.content`, unknown) };
}
