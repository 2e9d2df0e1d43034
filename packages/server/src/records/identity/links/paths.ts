// The paths on invitations and password resets for those who are not signed in.

import type { AuthPort } from "../auth-port.ts";
import { answer, type IdentityPath } from "../paths.ts";
import type { Slowdown } from "../slowdown.ts";
import type { Invitations } from "./invitations.ts";
import type { PasswordResets } from "./password-resets.ts";

export function createLinkPaths(deps: {
  readonly engine: Pick<AuthPort, "signInAs">;
  readonly invitations: Invitations;
  readonly passwordResets: PasswordResets;
  /** Of requests for mail, which cost somebody else's attention. */
  readonly mailSlowdown: Slowdown;
}): readonly IdentityPath[] {
  const { engine, invitations, passwordResets, mailSlowdown } = deps;
  return [
    {
      method: "POST",
      path: "/read-invitation",
      handle: async ({ body }) => answer(await invitations.read(body)),
    },
    {
      method: "POST",
      path: "/accept-invitation",
      async handle(request) {
        const { id, email, name, orgRole } = await invitations.accept(request.body, request);
        return answer({ id, email, name, orgRole }, await engine.signInAs(id, request));
      },
    },
    {
      method: "POST",
      path: "/request-password-reset",
      async handle(request) {
        const { body, address } = request;
        const email = String(body?.["email"] ?? "")
          .trim()
          .toLowerCase();
        mailSlowdown.count([address, email]);
        await passwordResets.request(body, request);
        return answer({ message: "If this address has an account, a link is on its way to it." });
      },
    },
    {
      method: "POST",
      path: "/reset-password",
      async handle(request) {
        await passwordResets.finish(request.body, request);
        return answer({ message: "The new password is set, and all sessions ended. Sign in with it." });
      },
    },
  ];
}
