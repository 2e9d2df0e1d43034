// Decides which thing each entry of a file means. Pure.

import { AppError } from "@auxot/wire/errors";
import type { Applicable, Existing } from "./applicable.ts";

/** An entry, taken apart. `id`: its own word on which thing it means. `path`: where it stands in the file. */
export type Declared<Plain> = { readonly id: string | undefined; readonly plain: Plain; readonly path: string };

/** Which thing each entry means: by its id, by what identifies it, or as the only one left that it may mean. */
export function matchEntries<Entry extends object, Plain extends object>(
  noun: Pick<Applicable<Entry, Plain>, "kind" | "hasIds" | "identify" | "findOthers">,
  entries: readonly Declared<Plain>[],
  existing: readonly Existing<Plain>[],
  now: Date,
): ReadonlyMap<Declared<Plain>, Existing<Plain>> {
  const matches = new Map<Declared<Plain>, Existing<Plain>>();
  const left = new Set(existing);
  const byId = new Map(existing.map((one) => [one.id, one]));
  const byIdentity = Map.groupBy(existing, ({ entry }) => noun.identify(entry));

  function matchBy(find: (entry: Declared<Plain>) => readonly Existing<Plain>[]): void {
    for (const entry of entries) {
      if (matches.has(entry)) continue;
      const found = find(entry).filter((one) => left.has(one));
      const [one, second] = found;
      if (one === undefined) continue;
      if (second !== undefined) throw explainSeveral(noun, entry, found);
      matches.set(entry, one);
      left.delete(one);
    }
  }

  matchBy(({ id, path }) => {
    const found = id === undefined ? undefined : byId.get(id);
    if (id === undefined || found !== undefined) return found === undefined ? [] : [found];
    const message = `there is no ${noun.kind} "${id}"; leave the id out to make a new one.`;
    throw new AppError("conflict", `${path}.id: ${message}`, { param: `${path}.id` });
  });
  matchBy(({ plain }) => byIdentity.get(noun.identify(plain)) ?? []);
  if (noun.findOthers !== undefined) {
    matchBy(({ plain }) => noun.findOthers?.(plain, [...left], now) ?? []);
  }
  return matches;
}

function explainSeveral(
  { kind, hasIds }: { readonly kind: string; readonly hasIds?: true },
  { path }: { readonly path: string },
  found: readonly Existing<unknown>[],
): AppError {
  const ways = found.map(({ id }) => `id: ${id}`).join(" or ");
  const message = `there are several like this, so it is not clear which ${kind} is meant`;
  return new AppError("conflict", `${path}: ${message}${hasIds === true ? `; write ${ways}` : ""}.`, { param: path });
}
