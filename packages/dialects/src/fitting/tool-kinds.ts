// OpenAI's custom tools (a call is free text, maybe held to a grammar) and namespaces of tools, in the words every format
// has: a function with one string, and a name made of both names.

import type { ToolDefinition } from "@auxot/wire/chat";
import { isRecord, tryParseJson } from "../reading/json.ts";

/** The longest name all vendors take. */
const maxNameLength = 64;

/** The same two names always give the same one, of characters and length every vendor takes. */
export function flattenToolName(namespace: string, name: string): string {
  const joined = `${namespace}${namespace.endsWith("__") ? "" : "__"}${name}`;
  const clean = joined.replaceAll(/[^\w-]/g, "_");
  return clean.length <= maxNameLength ? clean : `${clean.slice(0, maxNameLength - 9)}_${hashText(joined)}`;
}

/** FNV-1a, 32 bits, as eight hexadecimal digits. */
export function hashText(text: string): string {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, "0");
}

/** The JSON Schema of a custom tool for formats that know functions only; the grammar is told in words. */
export function buildCustomParameters(
  format: Readonly<Record<string, unknown>> | undefined,
): ToolDefinition["parameters"] {
  const definition = format?.["definition"];
  const syntax = format?.["syntax"];
  const input =
    typeof definition === "string"
      ? { type: "string", description: `Text that follows this ${String(syntax ?? "")} grammar:\n${definition}` }
      : { type: "string" };
  return { type: "object", properties: { input }, required: ["input"], additionalProperties: false };
}

export function buildCustomArguments(input: string): string {
  return JSON.stringify({ input });
}

/** The text of a custom tool's call. Models that write something else than `{"input": "…"}` are taken at their word. */
export function readCustomInput(argumentsText: string): string {
  const parsed = tryParseJson(argumentsText);
  if (typeof parsed === "string") return parsed;
  if (!isRecord(parsed)) return argumentsText;
  if (typeof parsed["input"] === "string") return parsed["input"];
  const values = Object.values(parsed);
  return values.length === 0 ? "" : values.length === 1 && typeof values[0] === "string" ? values[0] : argumentsText;
}

/** One warning for every tool whose grammar only its own format can hold a model to. */
export function warnOfGrammars(tools: readonly ToolDefinition[], warn: (message: string) => void): void {
  for (const { name, custom } of tools) {
    if (typeof custom?.format?.["definition"] === "string")
      warn(`tools: the grammar of ${name} was told to the model in words; nothing holds it to it.`);
  }
}
