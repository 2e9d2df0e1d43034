// The words of lists: every list comes in pages, filtered and sorted as asked.

import { z } from "zod";

export const defaultPageSize = 50;
export const maxPageSize = 200;

/** The input of a list: `filters` and how much of it. `sort` begins with "-" for the other direction; the first one is the default. */
export function pageInput<Filters extends z.ZodRawShape, const Sort extends string>(
  filters: Filters,
  sort: readonly [Sort, ...Sort[]],
) {
  return z.strictObject({
    ...filters,
    sort: z.enum(sort).default(sort[0]).describe("In which order; `-` for the other direction."),
    limit: z.coerce
      .number()
      .int()
      .min(1)
      .max(maxPageSize)
      .default(defaultPageSize)
      .describe(`How many on a page, 1 to ${maxPageSize}.`),
    cursor: z.string().max(1000).optional().describe("The `nextCursor` of the page before."),
  });
}

/** The output of a list. `nextCursor` is null on the last page. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({ items: z.array(item), nextCursor: z.string().nullable() });
}

export type Page<Item> = { items: Item[]; nextCursor: string | null };
