// Owns new passwords for those who lost theirs: by mail, or by a link that an administrator passes on.

import { AppError } from "@auxot/wire/errors";
import { createId, idPrefixes } from "@auxot/wire/ids";
import { z } from "zod";
import type { Clock } from "../../../platform/clock.ts";
import { hashText } from "../../../platform/hash-text.ts";
import type { Log } from "../../../platform/log.ts";
import type { Executor } from "../../../store/database.ts";
import { checkPassword, type Passwords } from "../passwords.ts";
import { emailSchema, readInput } from "../read-input.ts";
import type { Sessions } from "../sessions/sessions.ts";
import type { SessionStore } from "../sessions/store.ts";
import { toTarget, type From, type Trail } from "../trail.ts";
import type { User, UserStore } from "../users/store.ts";
import type { LinkMaker } from "./maker.ts";
import { createLinkUrl, createOneTimeToken } from "./one-time-token.ts";
import type { SendLater } from "./send-later.ts";
import type { LinkStore } from "./store.ts";

export type PasswordResets = {
  /** The same answer at the same moment, whether there is such an account or not. */
  request(input: unknown, from: From): Promise<void>;
  /** A link that works once, for an hour; earlier ones of the account do not work any more. */
  create(tx: Executor, user: User, by: LinkMaker): Promise<{ readonly url: string; readonly expiresAt: Date }>;
  /** Sets the password and ends all sessions. Throws `not_found` for any token that does not work. */
  finish(input: unknown, from: From): Promise<void>;
  /** Resolves when what was asked for is done. */
  settle(): Promise<void>;
};

const lastsMs = 60 * 60 * 1000;
const requestSchema = z.strictObject({ email: emailSchema });
const finishSchema = z.strictObject({ token: z.string().max(200), password: z.string() });

export function createPasswordResets(deps: {
  readonly links: LinkStore;
  readonly users: UserStore;
  readonly passwords: Passwords;
  readonly sessions: Pick<Sessions, "forget">;
  readonly sessionStore: Pick<SessionStore, "end">;
  readonly sendLater: SendLater;
  readonly canMail: boolean;
  readonly trail: Trail;
  origins(): readonly string[];
  readonly clock: Clock;
  readonly log: Log;
}): PasswordResets {
  const { links, users, passwords, trail, clock, log } = deps;
  const underWay = new Set<Promise<void>>();

  const create: PasswordResets["create"] = async (tx, { id: userId, email }, by) => {
    const createdAt = new Date(clock.now());
    const expiresAt = new Date(clock.now() + lastsMs);
    const { token, hash } = createOneTimeToken();
    await links.revokeOpen(tx, "password-reset", email, createdAt);
    const id = createId(idPrefixes.passwordReset);
    const link = {
      id,
      kind: "password-reset",
      email,
      userId,
      orgRole: null,
      teams: [],
      createdBy: by.name,
      createdAt,
      expiresAt,
    } as const;
    await links.insert(tx, { ...link, tokenHash: hash, createdById: by.id });
    return { url: createLinkUrl(deps.origins()[0] ?? "", "reset-password", token), expiresAt };
  };

  async function mailLink(email: string, from: From): Promise<void> {
    const user = await users.findByEmail(email);
    if (user === undefined || user.deactivatedAt !== null) return;
    const { url } = await users.transaction(async (tx) => {
      const made = await create(tx, user, user);
      await trail.append(tx, [{ action: "users.mail-password-link", by: undefined, from, target: toTarget(user) }]);
      return made;
    });
    deps.sendLater({
      to: email,
      subject: "A new password for Auxot",
      text: `Somebody, probably you, asked for a new password for your Auxot account.\n\nThis link sets it. It works once, for an hour:\n\n${url}\n\nIf it was not you, do nothing: your password stays as it is.\n`,
    });
  }

  return {
    create,
    async request(input, from) {
      const { email } = readInput(requestSchema, input);
      if (!deps.canMail) {
        throw new AppError(
          "unsupported",
          "This installation sends no mail. Ask an administrator for a link to set a new password.",
        );
      }
      const working = mailLink(email, from)
        .catch((err: unknown) => log.warn({ err }, "A link for a new password could not be made"))
        .finally(() => underWay.delete(working));
      underWay.add(working);
    },
    async finish(input, from) {
      const { token, password } = readInput(finishSchema, input);
      const hash = hashText(token);
      const at = new Date(clock.now());
      const link = await links.find(hash, "password-reset", at);
      if (link === undefined || link.userId === null) throw explainGone();
      const { userId } = link;
      checkPassword(password, link);
      const passwordHash = await passwords.hash(password);
      await users.transaction(async (tx) => {
        if ((await links.use(tx, hash, "password-reset", at)) === undefined) throw explainGone();
        await users.setPassword(tx, { id: createId(idPrefixes.signInMethod), userId, hash: passwordHash });
        const ended = await deps.sessionStore.end(tx, userId);
        const target = toTarget((await users.find(userId, tx)) ?? { id: userId, name: link.email });
        const after = { link: link.id, madeBy: link.createdBy, sessionsEnded: ended };
        await trail.append(tx, [{ action: "users.set-password", by: target, from, target, after }]);
      });
      await deps.sessions.forget();
    },
    settle: async () => void (await Promise.all(underWay)),
  };
}

function explainGone(): AppError {
  return new AppError(
    "not_found",
    "This link was used, was replaced by a newer one or is too old. Ask for a new one.",
    {
      param: "token",
    },
  );
}
