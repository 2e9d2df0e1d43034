// Anthropic's rule on thinking within a loop of tools
// (https://platform.claude.com/docs/en/build-with-claude/extended-thinking#preserving-thinking-blocks).

/** `types` are those of its blocks. */
export type Turn = { readonly role: unknown; readonly types: readonly unknown[] };

/**
 * True when the request goes on with tool results after a turn that did not begin with thinking, e.g. because another
 * provider took that turn. With a thinking budget the API refuses that.
 */
export function lacksThinking(turns: readonly Turn[]): boolean {
  if (turns.at(-1)?.types.includes("tool_result") !== true) return false;
  const assistant = turns.findLast(({ role }) => role === "assistant");
  const first = assistant?.types[0];
  return assistant?.types.includes("tool_use") === true && first !== "thinking" && first !== "redacted_thinking";
}
