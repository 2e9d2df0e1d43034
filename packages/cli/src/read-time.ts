// Reads a time as people write one: a day, or a span from now.

import type { CommandOption } from "@auxot/wire/operations/command-line";

const unitMs = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

export function isTime({ schema }: Pick<CommandOption, "schema">): boolean {
  return schema.format === "date-time";
}

/** What help says of a time. */
export function explainTime(option: Pick<CommandOption, "path">): string {
  return `a day, 2027-01-31T12:00:00Z, or ${isAhead(option) ? "a span from now like 90d" : "how long ago, like 24h"}`;
}

/** `2027-01-31` is its beginning in UTC; `24h` is from now, into the direction in which the field looks. */
export function readTime(option: Pick<CommandOption, "path">, text: string, now: number): string {
  if (/^\d{4}-\d\d-\d\d$/.test(text)) return `${text}T00:00:00Z`;
  const { count, unit } = /^(?<count>\d{1,5})(?<unit>[mhdw])$/.exec(text)?.groups ?? {};
  if (count === undefined || unit === undefined) return text;
  const spanMs = Number(count) * unitMs[unit as keyof typeof unitMs];
  return new Date(isAhead(option) ? now + spanMs : now - spanMs).toISOString();
}

/** Expiry and what begins later lie ahead; everything else asks what was. */
function isAhead({ path }: Pick<CommandOption, "path">): boolean {
  return ["expiresAt", "effectiveFrom"].includes(path.at(-1) ?? "");
}
