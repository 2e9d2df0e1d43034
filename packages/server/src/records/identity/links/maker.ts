// Tells who makes a link, so that it can end with their access.

import type { Caller } from "../../../platform/caller.ts";

/** `id`: of a person; null for programs. */
export type LinkMaker = { readonly name: string; readonly id: string | null };

export function toMaker({ name, principal }: Caller): LinkMaker {
  return { name, id: principal.type === "user" ? principal.id : null };
}
