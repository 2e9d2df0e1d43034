// What a column of a list is.

import type { Terminal } from "./command.ts";

export type Column = { readonly heading: string; read(item: never, terminal: Pick<Terminal, "now">): string };

/** `read` gives "-" for nothing; a column without anything is not shown. */
export function column<Item>(heading: string, read: (item: Item, terminal: Pick<Terminal, "now">) => string): Column {
  return { heading, read };
}
