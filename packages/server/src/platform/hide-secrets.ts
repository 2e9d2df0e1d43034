// Keeps credentials out of log lines: by the name of their field, however deep, and Auxot's own keys wherever they stand.
// Pure. Does not look for secrets of others inside texts.

const hidden = "[secret]";
const secretName =
  /(?:authorization|password|passphrase|secret|secrets|credentials?|cookies?|otp|(?:api|secret|private|signing|session)[-_]?key|token)$/i;
/** Keys as wire/key-format.ts makes them. */
const ownKey = /\bax[a-z]_[0-9A-Za-z]{12,}/g;
const deepest = 5;

/** The same value when there is nothing to hide, otherwise a copy. Errors and what is no plain object stay as they are. */
export function hideSecrets<Value>(value: Value, depth = 0): Value {
  if (typeof value === "string") return hideKeys(value) as Value;
  if (typeof value !== "object" || value === null || depth > deepest || !isPlain(value)) return value;
  let copy: Record<string, unknown> | undefined;
  for (const [name, field] of Object.entries(value)) {
    const kept = secretName.test(name) && canHold(field) ? hidden : hideSecrets<unknown>(field, depth + 1);
    if (kept === field) continue;
    copy ??= (Array.isArray(value) ? [...value] : { ...value }) as Record<string, unknown>;
    copy[name] = kept;
  }
  return (copy ?? value) as Value;
}

/** Whether something is there or not may be known. */
function canHold(field: unknown): boolean {
  return field !== undefined && field !== null && typeof field !== "boolean";
}

function hideKeys(text: string): string {
  return text.includes("ax") ? text.replaceAll(ownKey, hidden) : text;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === Array.prototype || prototype === null;
}
