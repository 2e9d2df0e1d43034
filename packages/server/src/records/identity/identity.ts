// Wires the rooms of identity: who a cookie belongs to, and what answers at /api/auth and /api/setup.

import { AppError } from "@auxot/wire/errors";
import type { AnyOperationHandler } from "../../operations/handler.ts";
import type { Caller } from "../../platform/caller.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Log } from "../../platform/log.ts";
import { derive } from "../../platform/sealing.ts";
import type { Secret } from "../../platform/secret-text.ts";
import type { Database } from "../../store/database.ts";
import type { IdentityAnswer, IdentityRequest } from "./auth-port.ts";
import { createEngine } from "./engine/engine.ts";
import { createEngineStore } from "./engine/store.ts";
import { createInvitations } from "./links/invitations.ts";
import { createInvitationOperations } from "./links/operations.ts";
import { createPasswordResets } from "./links/password-resets.ts";
import { createLinkPaths } from "./links/paths.ts";
import { createSendLater } from "./links/send-later.ts";
import { createLinkStore } from "./links/store.ts";
import { createMailer, type MailSettings } from "./mail.ts";
import { createOrganisationStore } from "./organisation/store.ts";
import { createPasswords } from "./passwords.ts";
import { answer, findPath } from "./paths.ts";
import { createSessionPaths } from "./sessions/paths.ts";
import { createSessions, type Person, type Sessions } from "./sessions/sessions.ts";
import { createSessionStore } from "./sessions/store.ts";
import { createSetup } from "./setup.ts";
import { createSlowdown } from "./slowdown.ts";
import { createDeactivation, type RevokeKeysOf } from "./users/deactivation.ts";
import { createUserOperations } from "./users/operations.ts";
import { createUserStore } from "./users/store.ts";

export type Identity = {
  readonly sessions: Sessions;
  readonly operations: readonly AnyOperationHandler[];
  /** A request below /api/auth. Undefined: nothing is there. `onCookies` gets Set-Cookie lines that go with an error. */
  handle(request: IdentityRequest, onCookies: (lines: readonly string[]) => void): Promise<IdentityAnswer | undefined>;
  /** GET or POST /api/setup. */
  handleSetup(request: IdentityRequest): Promise<IdentityAnswer>;
  /** Whose acts those with this Cookie header are; undefined without a session that lasts. */
  identifyCaller(cookieHeader: string | undefined): Promise<Caller | undefined>;
  /** While nobody owns the installation: a new token for the log. */
  beginSetup(): Promise<string | undefined>;
  close(): Promise<void>;
};

export type IdentityDeps = {
  readonly database: Database;
  readonly secretKey: Secret;
  /** How browsers reach the router, the main one first. Asked when it listens. */
  origins(): readonly string[];
  /** Absent: no mail is sent. */
  readonly mail?: MailSettings | undefined;
  readonly revokeKeysOf: RevokeKeysOf;
  readonly clock: Clock;
  readonly log: Log;
};

/** Paths of the engine after which a cookie that was known may be worth nothing. */
const endsSessions = /^\/(sign-out|change-password|two-factor\/(enable|disable))$/;
const cleanUpEveryMs = 60 * 60 * 1000;

export async function createIdentity(deps: IdentityDeps): Promise<Identity> {
  const { database, clock, log } = deps;
  const users = createUserStore(database);
  const organisation = createOrganisationStore(database);
  const passwords = createPasswords();
  const engineStore = createEngineStore(database);
  const engine = createEngine({
    store: engineStore,
    passwords,
    secret: derive(deps.secretKey, "auxot sign-in engine v1").toString("base64url"),
    origins: deps.origins,
    async isActive(userId) {
      const user = await users.find(userId);
      return user !== undefined && user.deactivatedAt === null;
    },
    onSignIn: (userId) => users.noteSignIn(userId, new Date(clock.now())),
    log,
  });
  const sessionStore = createSessionStore(database);
  const sessions = await createSessions({ engine, store: sessionStore, users, clock });
  const mailer = createMailer(deps.mail, log);
  const { sendLater, settle } = createSendLater(mailer, log);
  const links = createLinkStore(database);
  const { origins } = deps;
  const invitations = createInvitations({ links, users, organisation, passwords, sendLater, origins, clock });
  const canMail = mailer.isConfigured;
  const passwordResets = createPasswordResets({
    links,
    users,
    passwords,
    sessions,
    sessionStore,
    sendLater,
    canMail,
    origins,
    clock,
    log,
  });
  const { revokeKeysOf } = deps;
  const deactivation = createDeactivation({ users, organisation, sessions, sessionStore, revokeKeysOf });
  const setup = createSetup({ users, organisation, passwords, clock });
  const guess = createGuessGuards(clock);
  const mailSlowdown = createSlowdown({ clock, free: 5, everyMs: 60_000 });
  const paths = [
    ...createSessionPaths(sessions),
    ...createLinkPaths({ engine, invitations, passwordResets, mailSlowdown }),
  ];
  const cleanUp = setInterval(() => {
    engineStore.deleteExpired(new Date(clock.now())).catch((err: unknown) => {
      log.warn({ err }, "Sessions that are over could not be deleted; trying again later");
    });
  }, cleanUpEveryMs);
  cleanUp.unref();

  return {
    sessions,
    operations: [
      ...createUserOperations({ users, sessions, sessionStore, deactivation, passwordResets }),
      ...createInvitationOperations({ links, invitations, canMail }),
    ],
    beginSetup: setup.begin,
    async identifyCaller(cookieHeader) {
      const person = await sessions.identify(cookieHeader);
      return person === undefined ? undefined : toCaller(person);
    },
    async handle(request, onCookies) {
      const found = findPath(paths, request);
      if (found !== undefined) return found.found.handle(request, found.fields);
      const given = await guess(request, () => engine.handle(request, onCookies));
      if (endsSessions.test(request.path)) await sessions.forget();
      return given;
    },
    async handleSetup(request) {
      if (request.method === "GET") return answer({ needed: await setup.isNeeded() });
      if (request.method !== "POST") throw new AppError("method_not_allowed", "Try GET or POST.");
      const owner = await setup.finish(request.body, request.address);
      const { id, email, name, orgRole } = owner;
      return answer({ id, email, name, orgRole }, await engine.signInAs(id, request));
    },
    async close() {
      clearInterval(cleanUp);
      await passwordResets.settle();
      await settle();
      await sessions.close();
    },
  };
}

function toCaller({ userId, name, orgRole }: Person): Caller {
  return {
    kind: "caller",
    keyId: "",
    name,
    principal: { type: "user", id: userId },
    orgRole,
    teams: [],
    roles: [],
    scopes: null,
    models: null,
  };
}

/** Counts wrong answers of everything that can be guessed, by account and by address. */
function createGuessGuards(clock: Clock) {
  const perAccount = createSlowdown({ clock, free: 10, everyMs: 60_000 });
  const perAddress = createSlowdown({ clock, free: 50, everyMs: 10_000 });
  return <T>(request: IdentityRequest, work: () => Promise<T>): Promise<T> => {
    if (request.method !== "POST") return work();
    const byAddress = (): Promise<T> => perAddress.attempt([request.address], work);
    const email = request.path === "/sign-in/email" ? request.body?.["email"] : undefined;
    return typeof email === "string" ? perAccount.attempt([email.trim().toLowerCase()], byAddress) : byAddress();
  };
}
