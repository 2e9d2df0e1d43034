// Reads SCIM filters as directories send them: comparisons with `eq`, joined by `and`. RFC 7644 §3.4.2.2. Pure.

import { ScimError } from "./words.ts";

/** One `attribute eq value`; attributes in small letters, as `emails.value` whatever was in brackets. */
export type Comparison = { readonly attribute: string; readonly value: string };

const comparison =
  /^\s*([A-Za-z][\w.:$-]*)(\[[^\]]*\])?(\.[A-Za-z]+)?\s+([A-Za-z]{2})\s+("(?:[^"\\]|\\.)*"|true|false|null|-?\d+)\s*/;

/** Throws `invalidFilter` with what is not understood. */
export function parseFilter(text: string): readonly Comparison[] {
  const found: Comparison[] = [];
  let rest = text.trim().replace(/^\((.*)\)$/, "$1");
  for (;;) {
    const match = comparison.exec(rest);
    if (match === null) throw refuse(text);
    const [whole, attribute = "", , below = "", operator = "", value = ""] = match;
    if (operator.toLowerCase() !== "eq") throw refuse(text);
    found.push({ attribute: `${attribute}${below}`.toLowerCase(), value: readValue(value) });
    rest = rest.slice(whole.length);
    if (rest === "") return found;
    const and = /^and\s+/i.exec(rest);
    if (and === null) throw refuse(text);
    rest = rest.slice(and[0].length);
  }
}

function readValue(text: string): string {
  try {
    return String(JSON.parse(text));
  } catch {
    return text.slice(1, -1);
  }
}

function refuse(text: string): ScimError {
  return new ScimError(
    "invalidFilter",
    `The filter ${text.slice(0, 200)} is not supported. Use attribute eq "value", several of them joined by and.`,
  );
}
