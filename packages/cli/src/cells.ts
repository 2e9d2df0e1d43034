// Writes single values for people.

/** Every value on one line: `-` for none, `yes` and `no`, money in dollars, times in UTC to the minute. */
export function formatCell(field: string, value: unknown): string {
  if (value === null || value === undefined || value === "") return "-";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "number") return field.endsWith("MicroUsd") ? formatMoney(value) : String(value);
  if (typeof value === "string") return isTime(value) ? `${value.slice(0, 10)} ${value.slice(11, 16)}` : oneLine(value);
  if (Array.isArray(value)) {
    if (value.length === 0) return "-";
    return value.map((one) => formatCell(field, one)).join(", ");
  }
  return JSON.stringify(value);
}

/** A field of a thing; what a limit on money counts is in dollars too. */
export function formatField(thing: Readonly<Record<string, unknown>>, field: string): string {
  const isMoney = thing["measure"] === "money" && ["amount", "used", "remaining"].includes(field);
  return formatCell(isMoney ? `${field}MicroUsd` : field, thing[field]);
}

/** `createdAt` as `CREATED`, `budgetMicroUsd` as `BUDGET`. */
export function toHeading(field: string): string {
  return field
    .replace(/(?<=[a-z])(?:At|MicroUsd)$/, "")
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1 $2")
    .toUpperCase();
}

/** Nested fields get names with dots; lists and empty objects stay as they are. */
export function flatten(value: Readonly<Record<string, unknown>>, prefix = ""): [field: string, value: unknown][] {
  return Object.entries(value).flatMap(([field, inner]) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner) && Object.keys(inner).length > 0
      ? flatten(inner as Readonly<Record<string, unknown>>, `${prefix}${field}.`)
      : [[`${prefix}${field}`, inner] satisfies [string, unknown]],
  );
}

/** E.g. "3 s", "2 h". */
export function formatSpan(spanMs: number): string {
  const seconds = Math.max(0, Math.round(spanMs / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

/** E.g. "7 ms", "1.4 s", "3 min". */
export function formatDuration(durationMs: number): string {
  if (durationMs < 1000) return `${Math.round(durationMs)} ms`;
  if (durationMs < 60_000) return `${(durationMs / 1000).toFixed(1)} s`;
  return formatSpan(durationMs);
}

/** Cents, or as many digits as it has. */
export function formatMoney(microUsd: number): string {
  const text = (microUsd / 1_000_000).toFixed(6).replace(/0{1,4}$/, "");
  return microUsd < 0 ? `-$${text.slice(1)}` : `$${text}`;
}

function isTime(text: string): boolean {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(text);
}

/** Names may hold anything: line breaks and control characters must not reach the terminal. */
function oneLine(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, " ");
}
