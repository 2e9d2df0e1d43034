// Reads money as people write it: 50usd or $50, where an operation takes micro-dollars.

import type { CommandOption } from "@auxot/wire/operations/command-line";

/** Amounts of limits may be money; prices are. */
export function isMoney({ path, takes }: Pick<CommandOption, "path" | "takes">): boolean {
  const field = path.at(-1) ?? "";
  return takes === "number" && (field === "amount" || field.endsWith("MicroUsd"));
}

/** What help says of money. */
export const explainMoney = "dollars as 50usd";

/** `1.25usd` is 1250000; anything else stays as it is. */
export function readMoney(text: string): string {
  const dollars = /^(?:\$(?<before>\d{1,9}(?:\.\d{1,6})?)|(?<behind>\d{1,9}(?:\.\d{1,6})?)usd)$/i.exec(text)?.groups;
  const found = dollars?.["before"] ?? dollars?.["behind"];
  return found === undefined ? text : String(Math.round(Number(found) * 1_000_000));
}
