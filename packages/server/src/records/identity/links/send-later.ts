// Sends mail while nobody waits: how long it takes and whether it works tells nothing to whoever asked for it.

import type { Log } from "../../../platform/log.ts";
import type { Mail, Mailer } from "../mail.ts";

/** Never throws; failures are in the log. Does nothing when no mail server is configured. */
export type SendLater = (mail: Mail) => void;

/** `settle` resolves when all mail under way was sent or failed. */
export function createSendLater(mailer: Mailer, log: Log): { readonly sendLater: SendLater; settle(): Promise<void> } {
  const underWay = new Set<Promise<void>>();
  return {
    sendLater(mail) {
      if (!mailer.isConfigured) return;
      const sending = mailer
        .send(mail)
        .catch((err: unknown) =>
          log.warn({ err, subject: mail.subject }, "A mail could not be sent; send it again later"),
        )
        .finally(() => underWay.delete(sending));
      underWay.add(sending);
    },
    settle: async () => void (await Promise.all(underWay)),
  };
}
