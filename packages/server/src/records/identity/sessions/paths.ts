// The paths on a person's own sessions.

import { answer, forPerson, type IdentityPath } from "../paths.ts";
import type { Sessions } from "./sessions.ts";

export function createSessionPaths(sessions: Sessions): readonly IdentityPath[] {
  return [
    {
      method: "GET",
      path: "/sessions",
      handle: forPerson(sessions, async (person) => answer({ items: await sessions.list(person) })),
    },
    {
      method: "DELETE",
      path: "/sessions/{id}",
      handle: forPerson(sessions, async (person, request, { id = "" }) => {
        await sessions.revoke(person, id, request);
        return answer({ revoked: id });
      }),
    },
    {
      method: "POST",
      path: "/sign-out-everywhere",
      handle: forPerson(sessions, async (person, request) => answer({ ended: await sessions.endAll(person, request) })),
    },
  ];
}
