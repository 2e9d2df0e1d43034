// The input of a Responses request -> canonical messages. Neighbouring items a model wrote (reasoning, messages, calls) are
// one assistant message.

import type { AssistantPart, ChatMessage, ReasoningPart, TextPart } from "@auxot/wire/chat";
import { AppError } from "@auxot/wire/errors";
import {
  isAbsent,
  readArray,
  readName,
  readOneOf,
  readOptionalString,
  readRecord,
  readString,
  type Fields,
} from "../reading/read-fields.ts";
import { readEncryptedContent } from "../reasoning-proof.ts";
import { buildCustomArguments, flattenToolName } from "../fitting/tool-kinds.ts";
import { parseUserContent } from "./parse-content.ts";

/** What was stored and is needed to read a request. */
export type History = {
  /** Input and output items of the responses before it, oldest first. */
  readonly previous: readonly Fields[];
  /** Items named by `item_reference`, by id. */
  readonly items: ReadonlyMap<string, Fields>;
};

const roles = ["user", "assistant", "system", "developer"] as const;

/**
 * The items of `history` first, then those of the caller. Adds to `unknown` the paths of items and parts only OpenAI
 * understands (its own tools' calls, uploaded files). Throws for an item named by its id: `not_found` when `history`
 * lacks it, `invalid_request` without a history.
 */
export function parseInput(value: unknown, unknown: string[], history?: History): ChatMessage[] {
  const messages: ChatMessage[] = [];
  let turn: AssistantPart[] | undefined;
  function addTurnParts(parts: readonly AssistantPart[]): void {
    if (parts.length === 0) return;
    if (turn === undefined) messages.push({ role: "assistant", content: (turn = []) });
    turn.push(...parts);
  }
  function addMessage(message: ChatMessage): void {
    turn = undefined;
    messages.push(message);
  }
  function addItem(item: Fields, path: string): void {
    const type = readItemType(item, path);
    switch (type) {
      case "message": {
        const message = parseMessage(item, path, unknown);
        if (message.role === "assistant") addTurnParts(message.content);
        else addMessage(message);
        break;
      }
      case "reasoning":
        addTurnParts(parseReasoning(item, path));
        break;
      case "function_call":
      case "custom_tool_call":
        addTurnParts([parseCall(item, path)]);
        break;
      case "function_call_output":
      case "custom_tool_call_output":
        addMessage(parseCallOutput(item, path, unknown));
        break;
      case "additional_tools":
        // Read in parse-tools.ts.
        break;
      case "item_reference":
        addItem(findItem(item, path, history), path);
        break;
      default:
        unknown.push(path.startsWith("input") ? path : `${type} of ${path}`);
    }
  }
  for (const item of history?.previous ?? []) addItem(item, "previous_response_id");
  if (typeof value === "string") {
    if (value !== "") addMessage({ role: "user", content: [{ type: "text", text: value }] });
    return messages;
  }
  for (const [at, entry] of readArray(value, "input", "a string or an array of items").entries()) {
    addItem(readRecord(entry, `input[${at}]`), `input[${at}]`);
  }
  return messages;
}

function findItem({ id }: Fields, path: string, history: History | undefined): Fields {
  if (history === undefined) {
    throw new AppError(
      "invalid_request",
      `${path}: nothing is stored here, so an item cannot be named by its id; send the item itself.`,
      { param: path },
    );
  }
  const name = readString(id, `${path}.id`, "the id of an item");
  const found = history.items.get(name);
  if (found !== undefined) return found;
  throw new AppError("not_found", `Item with id '${name.slice(0, 100)}' not found.`, { param: path });
}

/** An item without a type is a message, or names a stored item. */
export function readItemType(item: Fields, path: string): string {
  if (!isAbsent(item["type"])) return readString(item["type"], `${path}.type`, "the type of an item");
  const isReference =
    typeof item["id"] === "string" && Object.keys(item).every((key) => key === "id" || key === "type");
  return isReference ? "item_reference" : "message";
}

function parseMessage(item: Fields, path: string, unknown: string[]): ChatMessage {
  const role = readOneOf(item["role"], `${path}.role`, roles);
  const content = item["content"];
  switch (role) {
    case "system":
    case "developer":
      return { role: "system", content: parseTexts(content, `${path}.content`, ["input_text"]) };
    case "assistant":
      return { role, content: parseTexts(content, `${path}.content`, ["output_text", "refusal", "input_text"]) };
    case "user":
      return { role, content: parseUserContent(content, `${path}.content`, unknown) };
  }
}

function parseTexts(
  value: unknown,
  path: string,
  types: readonly ("input_text" | "output_text" | "refusal")[],
): TextPart[] {
  if (typeof value === "string") return value === "" ? [] : [{ type: "text", text: value }];
  return readArray(value, path, "a string or an array of parts").map((entry, at) => {
    const part = readRecord(entry, `${path}[${at}]`);
    if (readOneOf(part["type"], `${path}[${at}].type`, types) === "refusal") {
      return { type: "text", text: readString(part["refusal"], `${path}[${at}].refusal`), refusal: true };
    }
    return { type: "text", text: readString(part["text"], `${path}[${at}].text`) };
  });
}

/** Nothing for an item that holds neither words nor a proof. */
function parseReasoning(item: Fields, path: string): ReasoningPart[] {
  const content = parseReasoningTexts(item["content"], `${path}.content`);
  const summary = parseReasoningTexts(item["summary"], `${path}.summary`);
  const encrypted = readOptionalString(item["encrypted_content"], `${path}.encrypted_content`);
  const proof = readEncryptedContent(readOptionalString(item["id"], `${path}.id`), encrypted);
  const text = joinReasoning(content, summary);
  if (text === "" && proof.signature === undefined) return [];
  return [{ type: "reasoning", text, ...proof }];
}

/** The reasoning itself says more than its summary. */
export function joinReasoning(content: readonly string[], summary: readonly string[]): string {
  return content.length > 0 ? content.join("\n\n") : summary.join("\n\n");
}

function parseReasoningTexts(value: unknown, path: string): string[] {
  if (isAbsent(value)) return [];
  return readArray(value, path).map((entry, at) => {
    const part = readRecord(entry, `${path}[${at}]`);
    readString(part["type"], `${path}[${at}].type`, "the type of a part, e.g. summary_text");
    return readString(part["text"], `${path}[${at}].text`);
  });
}

function parseCall(item: Fields, path: string): AssistantPart {
  const name = readName(item["name"], `${path}.name`);
  const namespace = readOptionalString(item["namespace"], `${path}.namespace`) ?? "";
  return {
    type: "tool-call",
    id: readName(item["call_id"], `${path}.call_id`, "the id of the tool call"),
    name: namespace === "" ? name : flattenToolName(namespace, name),
    arguments: parseArguments(item, path),
  };
}

function parseArguments(item: Fields, path: string): string {
  if (item["type"] === "custom_tool_call") return buildCustomArguments(readString(item["input"], `${path}.input`));
  const text = readString(item["arguments"], `${path}.arguments`, "JSON text");
  return text.trim() === "" ? "{}" : text;
}

function parseCallOutput(item: Fields, path: string, unknown: string[]): ChatMessage {
  return {
    role: "tool",
    callId: readName(item["call_id"], `${path}.call_id`, "the id of a tool call"),
    content: item["output"] === "" ? [] : parseUserContent(item["output"], `${path}.output`, unknown),
  };
}
