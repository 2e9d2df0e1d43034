// Wires the rooms of identity: who a cookie belongs to, and what answers at /api/auth and /api/setup.

import { AppError } from "@auxot/wire/errors";
import type { AnyOperationHandler } from "../../operations/handler.ts";
import type { People } from "../../operations/people.ts";
import type { Caller } from "../../platform/caller.ts";
import type { Clock } from "../../platform/clock.ts";
import { hashText } from "../../platform/hash-text.ts";
import { createAuditWaysIn } from "./audit-ways-in.ts";
import type { IdentityAnswer, IdentityRequest } from "./auth-port.ts";
import { createDeleteOver } from "./clean-up/store.ts";
import { createDeviceParts } from "./device/parts.ts";
import { createFoundation, type FoundationDeps } from "./foundation.ts";
import { createLinkParts } from "./links/parts.ts";
import type { MailSettings } from "./mail.ts";
import { answer, findPath } from "./paths.ts";
import { createSessionPaths } from "./sessions/paths.ts";
import { createScimParts } from "./scim/parts.ts";
import type { Scim } from "./scim/scim.ts";
import type { Sessions } from "./sessions/sessions.ts";
import { createSetup } from "./setup.ts";
import { createSlowdown } from "./slowdown.ts";
import { createSsoParts, type SsoParts } from "./sso/parts.ts";
import { checkPassword } from "./passwords.ts";
import { createUserCaller } from "./users/caller.ts";
import { createAccountPaths } from "./users/paths.ts";
import { createPeople } from "./users/people.ts";
import { createUserOperations } from "./users/operations.ts";

export type Identity = {
  readonly sessions: Sessions;
  /** What other rooms may know of people. */
  readonly people: People;
  readonly operations: readonly AnyOperationHandler[];
  /** A request below /api/auth. Undefined: nothing is there. `onCookies` gets Set-Cookie lines that go with an error. */
  handle(request: IdentityRequest, onCookies: (lines: readonly string[]) => void): Promise<IdentityAnswer | undefined>;
  /** GET or POST /api/setup. */
  handleSetup(request: IdentityRequest): Promise<IdentityAnswer>;
  /** Whose acts those with this Cookie header are; undefined without a session that lasts. */
  identifyCaller(cookieHeader: string | undefined): Promise<Caller | undefined>;
  /** Requests below /scim/v2. */
  readonly scim: Scim;
  /** Makes the identity providers of the configuration equal to the declared ones. */
  readonly applyConfiguredSso: SsoParts["applyConfigured"];
  /** While nobody owns the installation: a new token for the log. */
  beginSetup(): Promise<string | undefined>;
  close(): Promise<void>;
};

export type IdentityDeps = FoundationDeps & {
  /** Absent: no mail is sent. */
  readonly mail?: MailSettings | undefined;
};

/** Paths of the engine after which a cookie that was known may be worth nothing. */
const endsSessions = /^\/(sign-out|change-password|two-factor\/(enable|disable))$/;
const onPasswords = /^\/(sign-in\/email|change-password|request-password-reset|reset-password)$/;
const asksChallenge = /^\/passkey\/generate-/;
const asksPassword = /^\/(change-password|two-factor\/(enable|disable|generate-backup-codes))$/;
const cleanUpEveryMs = 60 * 60 * 1000;

export async function createIdentity(deps: IdentityDeps): Promise<Identity> {
  const foundation = await createFoundation(deps);
  const { engine, sessions, users, clock, log } = foundation;
  const deleteOver = createDeleteOver(deps.database);
  const links = createLinkParts(foundation, deps.mail);
  const sso = createSsoParts(foundation, links.canMail);
  const device = createDeviceParts(foundation);
  const scim = createScimParts(foundation);
  const setup = createSetup(foundation);
  const guess = createGuessGuards(clock);
  const auditWaysIn = createAuditWaysIn(foundation);
  const paths = [
    ...createSessionPaths(sessions),
    ...createAccountPaths(foundation),
    ...links.paths,
    ...sso.paths,
    ...device.paths,
  ];
  const cleanUp = setInterval(() => {
    deleteOver(new Date(clock.now())).catch((err: unknown) => {
      log.warn({ err }, "Sessions that are over could not be deleted; trying again later");
    });
  }, cleanUpEveryMs);
  cleanUp.unref();

  return {
    sessions,
    people: createPeople(users),
    operations: [
      ...createUserOperations({ ...foundation, passwordResets: links.passwordResets }),
      ...links.operations,
      ...sso.operations,
      ...scim.operations,
    ],
    scim,
    beginSetup: setup.begin,
    applyConfiguredSso: sso.applyConfigured,
    async identifyCaller(cookieHeader) {
      const person = await sessions.identify(cookieHeader);
      return person === undefined ? undefined : createUserCaller(person);
    },
    async handle(request, onCookies) {
      if (!deps.hasPasswords && onPasswords.test(request.path)) {
        throw new AppError("forbidden", "Passwords are off here. Sign in with your identity provider or a passkey.");
      }
      const found = findPath(paths, request);
      const given = await auditWaysIn(request, async () => {
        if (found !== undefined) return found.found.handle(request, found.fields);
        if (request.path === "/change-password") await checkNewPassword(request, sessions);
        return guess(request, () => engine.handle(request, onCookies));
      });
      if (endsSessions.test(request.path)) await sessions.forget();
      return given;
    },
    async handleSetup(request) {
      if (request.method === "GET") return answer({ needed: await setup.isNeeded() });
      if (request.method !== "POST") throw new AppError("method_not_allowed", "Try GET or POST.");
      const owner = await setup.finish(request.body, request);
      const { id, email, name, orgRole } = owner;
      return answer({ id, email, name, orgRole }, await engine.signInAs(id, request));
    },
    async close() {
      clearInterval(cleanUp);
      await links.close();
      await sessions.close();
    },
  };
}

/** The engine counts characters only. */
async function checkNewPassword({ headers, body }: IdentityRequest, sessions: Sessions): Promise<void> {
  const person = await sessions.identify(headers["cookie"]);
  const password = body?.["newPassword"];
  if (person !== undefined && typeof password === "string") checkPassword(password, person, "newPassword");
}

/** What is guessed at: the account of an address, or of whoever's session it is. */
function nameAccount({ path, body, headers }: IdentityRequest): string | undefined {
  const email = body?.["email"];
  if (path === "/sign-in/email" && typeof email === "string") return email.trim().toLowerCase();
  return asksPassword.test(path) ? `session ${hashText(headers["cookie"] ?? "")}` : undefined;
}

/** Counts wrong answers of everything that can be guessed, by account and by address. */
function createGuessGuards(clock: Clock) {
  const perAccount = createSlowdown({ clock, free: 10, everyMs: 60_000 });
  const perAddress = createSlowdown({ clock, free: 50, everyMs: 10_000 });
  const challenges = createSlowdown({ clock, free: 100, everyMs: 1000 });
  return <T>(request: IdentityRequest, work: () => Promise<T>): Promise<T> => {
    // Each makes a row that stays for minutes.
    if (asksChallenge.test(request.path)) challenges.count([request.address]);
    if (request.method !== "POST") return work();
    const byAddress = (): Promise<T> => perAddress.attempt([request.address], work);
    const account = nameAccount(request);
    return account === undefined ? byAddress() : perAccount.attempt([account], byAddress);
  };
}
