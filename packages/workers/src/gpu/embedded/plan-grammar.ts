// Decides which grammar an answer must follow, and says what of the request no grammar enforces. Pure.

import type { ChatRequest } from "@auxot/wire/chat";
import { AppError } from "@auxot/wire/errors";
import { writeJsonGrammar, writeSchemaGrammar, writeToolCallGrammar } from "./json-grammar.ts";
import type { ToolFormat } from "./tool-format.ts";

export type GrammarPlan = {
  /** GBNF text; absent when the answer is free. */
  readonly grammar?: string;
  /** What the engine leaves to the model's good will, for the caller. */
  readonly warnings: readonly string[];
};

/** Throws `invalid_request` when the tool choice names no tool of the request. */
export function planGrammar(request: ChatRequest, toolFormat: ToolFormat | undefined): GrammarPlan {
  const warnings: string[] = [];
  if (request.reasoning?.budgetTokens !== undefined) {
    warnings.push("The GPU worker does not limit reasoning tokens; the reasoning budget was ignored.");
  }
  const choice = request.toolChoice ?? { type: "auto" };
  const tools = choice.type === "none" ? [] : request.tools;
  if (choice.type === "required" || choice.type === "tool") {
    const allowed = choice.type === "tool" ? tools.filter((tool) => tool.name === choice.name) : tools;
    if (allowed.length === 0) {
      throw new AppError("invalid_request", "The tool choice names no tool of this request.", { param: "tool_choice" });
    }
    const grammar = toolFormat === undefined ? undefined : writeToolCallGrammar(allowed, toolFormat);
    if (grammar !== undefined) return { grammar, warnings };
    warnings.push("The GPU worker cannot force a tool call in this model's format; the model may answer without one.");
  }
  const format = request.responseFormat;
  if (format === undefined) return { warnings };
  if (tools.length > 0) {
    warnings.push("The GPU worker does not enforce a response format while tools are offered.");
    return { warnings };
  }
  return { grammar: format.type === "json" ? writeJsonGrammar() : writeSchemaGrammar(format.schema), warnings };
}
