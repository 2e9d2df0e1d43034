// Ids of tool calls that one vendor gave and another refuses: each gets one that every vendor takes, always the same, so
// that calls and their results still meet. Ids go to clients as their upstream wrote them.

import { hashText } from "./tool-kinds.ts";

/** Anthropic: these characters (https://platform.claude.com/docs/en/api/messages). OpenAI's Responses: 64 of them. */
const refusedCharacter = /[^\w-]/g;
export const maxToolIdLength = 64;

/** The id itself where it fits; otherwise one made of it, ending in a hash so that no two ids become one. */
export function fitToolId(id: string, maxLength: number = maxToolIdLength): string {
  const clean = id.replaceAll(refusedCharacter, "_");
  if (clean === id && id.length <= maxLength) return id;
  return `${clean.slice(0, maxLength - 9)}_${hashText(id)}`;
}

/** Mistral takes these only: https://docs.mistral.ai/capabilities/function_calling */
const nineLetters = /^[A-Za-z0-9]{9}$/;

/** The id itself where it is of nine letters and digits; otherwise one made of it. */
export function shortenToolId(id: string): string {
  return nineLetters.test(id) ? id : `c${hashText(id)}`;
}
