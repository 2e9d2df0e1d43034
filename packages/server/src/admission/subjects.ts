// Whose limits a caller has to keep: everybody's, its key's, its owner's, and those of the owner's teams.

import type { Caller } from "../platform/caller.ts";
import { nameSubject } from "./book.ts";

/** By the names the book knows them. */
export function listSubjects({ keyId, principal, teams }: Caller): string[] {
  const names = [nameSubject({ type: "org", id: "" })];
  if (keyId !== "") names.push(nameSubject({ type: "key", id: keyId }));
  const { type, id } = principal;
  if (type !== "system") names.push(nameSubject({ type, id }));
  for (const team of teams) names.push(nameSubject({ type: "team", id: team.id }));
  return [...new Set(names)];
}
