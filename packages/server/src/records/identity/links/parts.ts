// Wires invitations and password resets.

import type { AnyOperationHandler } from "../../../operations/handler.ts";
import type { Foundation } from "../foundation.ts";
import { createMailer, type MailSettings } from "../mail.ts";
import type { IdentityPath } from "../paths.ts";
import { createSlowdown } from "../slowdown.ts";
import { createInvitations } from "./invitations.ts";
import { createInvitationOperations } from "./operations.ts";
import { createPasswordResets, type PasswordResets } from "./password-resets.ts";
import { createLinkPaths } from "./paths.ts";
import { createSendLater } from "./send-later.ts";
import { createLinkStore } from "./store.ts";

export type LinkParts = {
  readonly paths: readonly IdentityPath[];
  readonly operations: readonly AnyOperationHandler[];
  readonly passwordResets: PasswordResets;
  readonly canMail: boolean;
  /** Resolves when all mail was sent or failed. */
  close(): Promise<void>;
};

export function createLinkParts(foundation: Foundation, mail: MailSettings | undefined): LinkParts {
  const { database, engine, clock, log } = foundation;
  const mailer = createMailer(mail, log);
  const { sendLater, settle } = createSendLater(mailer, log);
  const links = createLinkStore(database);
  const canMail = mailer.isConfigured;
  const invitations = createInvitations({ ...foundation, links, sendLater });
  const passwordResets = createPasswordResets({ ...foundation, links, sendLater, canMail });
  const mailSlowdown = createSlowdown({ clock, free: 5, everyMs: 60_000 });
  return {
    paths: createLinkPaths({ engine, invitations, passwordResets, mailSlowdown }),
    operations: createInvitationOperations({ links, invitations, canMail }),
    passwordResets,
    canMail,
    async close() {
      await passwordResets.settle();
      await settle();
    },
  };
}
