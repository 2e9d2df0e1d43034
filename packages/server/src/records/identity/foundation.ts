// Owns what all rooms of identity stand on: accounts, the sign-in engine, sessions. Knows no room above them.

import type { AppendAudit } from "../../operations/audit-entry.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Log } from "../../platform/log.ts";
import type { Sealing } from "../../platform/sealing.ts";
import type { Database } from "../../store/database.ts";
import type { AuthPort } from "./auth-port.ts";
import type { MintKey } from "./device/device-login.ts";
import { createEngine } from "./engine/engine.ts";
import { createEngineStore, type EngineStore } from "./engine/store.ts";
import { createOrganisationStore, type AnnounceRights, type OrganisationStore } from "./organisation/store.ts";
import { createPasswords, type Passwords } from "./passwords.ts";
import { createSessions, type Sessions } from "./sessions/sessions.ts";
import { createTrail, type Trail } from "./trail.ts";
import { createSessionStore, type SessionStore } from "./sessions/store.ts";
import { createDeactivation, type Deactivation, type RevokeKeysOf } from "./users/deactivation.ts";
import { createTakeSeat, type RequireSeat, type TakeSeat } from "./users/seats.ts";
import { createUserStore, type UserStore } from "./users/store.ts";

export type FoundationDeps = {
  readonly database: Database;
  readonly sealing: Sealing;
  /** 32 random bytes: signs cookies and encrypts authenticator secrets. */
  readonly engineSecret: Buffer;
  /** How browsers reach the router, the main one first. Asked when it listens. */
  origins(): readonly string[];
  /** False: passwords open nothing. */
  readonly hasPasswords: boolean;
  readonly revokeKeysOf: RevokeKeysOf;
  readonly announceRights: AnnounceRights;
  readonly mintKey: MintKey;
  /** Whether one more may come in. */
  readonly requireSeat: RequireSeat;
  readonly appendAudit: AppendAudit;
  readonly clock: Clock;
  readonly log: Log;
};

export type Foundation = FoundationDeps & {
  readonly users: UserStore;
  readonly organisation: OrganisationStore;
  readonly passwords: Passwords;
  readonly engine: AuthPort;
  readonly engineStore: EngineStore;
  readonly sessions: Sessions;
  readonly sessionStore: SessionStore;
  readonly deactivation: Deactivation;
  readonly trail: Trail;
  readonly takeSeat: TakeSeat;
};

export async function createFoundation(deps: FoundationDeps): Promise<Foundation> {
  const { database, clock, log, origins, revokeKeysOf } = deps;
  const users = createUserStore(database);
  const organisation = createOrganisationStore(database, deps.announceRights);
  const passwords = createPasswords();
  const engineStore = createEngineStore(database);
  const engine = createEngine({
    store: engineStore,
    passwords,
    secret: deps.engineSecret.toString("base64url"),
    origins,
    async isActive(userId) {
      const user = await users.find(userId);
      return user !== undefined && user.deactivatedAt === null;
    },
    onSignIn: (userId) => users.noteSignIn(userId, new Date(clock.now())),
    log,
  });
  const trail = createTrail(deps);
  const sessionStore = createSessionStore(database);
  const sessions = await createSessions({ engine, store: sessionStore, users, trail, clock });
  const takeSeat = createTakeSeat(organisation, deps.requireSeat);
  const deactivation = createDeactivation({
    takeSeat,
    users,
    organisation,
    sessions,
    sessionStore,
    revokeKeysOf,
    announceRights: deps.announceRights,
  });
  return {
    ...deps,
    users,
    organisation,
    passwords,
    engine,
    engineStore,
    sessions,
    sessionStore,
    deactivation,
    trail,
    takeSeat,
  };
}
