// The path on a person's own account: what a page about it has to know.

import { AppError } from "@auxot/wire/errors";
import { answer, forPerson, type IdentityPath } from "../paths.ts";
import type { Sessions } from "../sessions/sessions.ts";
import type { UserStore } from "./store.ts";

export function createAccountPaths({
  sessions,
  users,
}: {
  readonly sessions: Sessions;
  readonly users: Pick<UserStore, "find" | "listMethods">;
}): readonly IdentityPath[] {
  return [
    {
      method: "GET",
      path: "/account",
      handle: forPerson(sessions, async ({ userId }) => {
        const [user, methods] = await Promise.all([users.find(userId), users.listMethods(userId)]);
        if (user === undefined) throw new AppError("unauthenticated", "Sign in first.");
        const { id, email, name, orgRole, twoFactorEnabled } = user;
        return answer({
          id,
          email,
          name,
          orgRole,
          hasPassword: methods.includes("credential"),
          hasProvider: methods.some((method) => method.startsWith("sso:")),
          hasAuthenticator: twoFactorEnabled,
        });
      }),
    },
  ];
}
