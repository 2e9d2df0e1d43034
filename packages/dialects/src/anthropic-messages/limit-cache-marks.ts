// Anthropic takes four cache markers a request (https://platform.claude.com/docs/en/build-with-claude/prompt-caching) and
// refuses a fifth. OpenAI-format clients may send any number.

import type { CacheControl } from "@auxot/wire/chat";

const maxMarks = 4;

type Marked = { readonly cache_control?: CacheControl; readonly content?: unknown };
type Parts<Tool, Text, Turn> = {
  readonly tools: readonly Tool[];
  readonly system: readonly Text[];
  readonly messages: readonly Turn[];
};

/**
 * Takes the oldest markers away until four are left: first from the messages, whose later markers cover what the earlier
 * ones did, then from `system`, then from the tools.
 */
export function limitCacheMarks<Tool extends object, Text extends object, Turn extends object>(
  parts: Parts<Tool, Text, Turn>,
  warn: (message: string) => void,
): Parts<Tool, Text, Turn> {
  const total = [...parts.tools, ...parts.system, ...parts.messages].reduce((sum, item) => sum + countMarks(item), 0);
  if (total <= maxMarks) return parts;
  warn(`cache_control: Anthropic takes ${maxMarks} markers, got ${total}; the oldest were not sent.`);
  let excess = total - maxMarks;
  function strip<T>(item: T): T {
    if (excess === 0 || !isObject(item)) return item;
    const { cache_control, content, ...rest }: Marked = item;
    const isStripped = cache_control !== undefined;
    if (isStripped) excess--;
    return {
      ...rest,
      ...(content === undefined ? {} : { content: Array.isArray(content) ? content.map(strip) : content }),
      ...(isStripped || cache_control === undefined ? {} : { cache_control }),
    } as T;
  }
  const messages = parts.messages.map(strip);
  const system = parts.system.map(strip);
  return { messages, system, tools: parts.tools.map(strip) };
}

function countMarks(item: unknown): number {
  if (!isObject(item)) return 0;
  const { cache_control, content }: Marked = item;
  const inside = Array.isArray(content) ? content.reduce((sum: number, part) => sum + countMarks(part), 0) : 0;
  return inside + (cache_control === undefined ? 0 : 1);
}

function isObject(item: unknown): item is object {
  return typeof item === "object" && item !== null;
}
