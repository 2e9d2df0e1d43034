// Sends mail over SMTP, when it is configured. The library is loaded with the first mail.

import { AppError } from "@auxot/wire/errors";
import type { Log } from "../../platform/log.ts";
import type { Secret } from "../../platform/secret-text.ts";

export type MailSettings = {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte (port 465). Otherwise STARTTLS, which `requireTls` insists on. */
  readonly secure: boolean;
  readonly requireTls: boolean;
  readonly user?: string;
  readonly password?: Secret;
  /** `Auxot <auxot@example.com>`. */
  readonly from: string;
};

export type Mail = { readonly to: string; readonly subject: string; readonly text: string };

export type Mailer = {
  readonly isConfigured: boolean;
  /** Resolves when the mail server took it. Throws `source_failed` with the reason, `unsupported` when none is configured. */
  send(mail: Mail): Promise<void>;
};

const timeoutMs = 15_000;

export function createMailer(settings: MailSettings | undefined, log: Log): Mailer {
  return {
    isConfigured: settings !== undefined,
    async send(mail) {
      if (settings === undefined) {
        throw new AppError(
          "unsupported",
          "No mail server is configured: set mail in auxot.yaml, or pass the link on yourself.",
        );
      }
      const { createTransport } = await import("nodemailer");
      const { user, password } = settings;
      const transport = createTransport({
        host: settings.host,
        port: settings.port,
        secure: settings.secure,
        requireTLS: settings.requireTls,
        ...(user === undefined ? {} : { auth: { user, pass: password?.reveal() ?? "" } }),
        connectionTimeout: timeoutMs,
        greetingTimeout: timeoutMs,
        socketTimeout: timeoutMs,
        disableFileAccess: true,
        disableUrlAccess: true,
      });
      try {
        await transport.sendMail({ ...mail, from: settings.from });
      } catch (cause) {
        const reason = cause instanceof Error ? cause.message : String(cause);
        log.warn({ err: cause, host: settings.host }, "A mail could not be sent");
        throw new AppError("source_failed", `The mail server ${settings.host} did not take the mail: ${reason}.`, {
          cause,
        });
      } finally {
        transport.close();
      }
    },
  };
}
