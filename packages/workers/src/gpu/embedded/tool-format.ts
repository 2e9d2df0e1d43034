// Tells from a chat template how its model writes tool calls and reasoning. Pure.

/**
 * - `hermes`: `<tool_call>{"name": …, "arguments": …}</tool_call>` (Qwen, Hermes and most others)
 * - `mistral`: `[TOOL_CALLS][{…}, …]` or `[TOOL_CALLS]name[ARGS]{…}`
 * - `llama`: the whole answer is `{"name": …, "parameters": …}`, after `<|python_tag|>` or bare
 */
export type ToolFormat = "hermes" | "mistral" | "llama";

/** Undefined when the template takes no tools, or shows calls in a way this engine cannot read. */
export function detectToolFormat(template: string): ToolFormat | undefined {
  if (!/\btools\b/.test(template)) return undefined;
  if (template.includes("[TOOL_CALLS]")) return "mistral";
  // Qwen3-Coder's XML calls use the same tag around another syntax.
  if (template.includes("<tool_call>") && !template.includes("<function=")) return "hermes";
  if (template.includes('"parameters":') || template.includes("<|python_tag|>")) return "llama";
  return undefined;
}

/** True when answers may begin with `<think>…</think>`. */
export function detectReasoning(template: string): boolean {
  return template.includes("<think>") || template.includes("</think>");
}
