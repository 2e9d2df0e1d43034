// Wires how people sign in: what it needs of keys, and how browsers reach the router.

import type { Config } from "../config/settings.ts";
import type { AppendAudit } from "../operations/audit-entry.ts";
import { createIdentity, type Identity } from "../records/identity/identity.ts";
import type { Keys } from "../records/keys/keys.ts";
import type { Licensing } from "../records/licence/licensing.ts";
import { announceRights } from "../store/rights.ts";
import type { Foundation } from "./foundation.ts";
import { formatHost } from "./listen.ts";

export async function openIdentity(
  { config, clock, log, defer, database, ring: { sealing, workingKeys } }: Foundation,
  deps: {
    readonly keys: Keys;
    readonly licensing: Pick<Licensing, "requireSeat">;
    readonly appendAudit: AppendAudit;
    origins(): readonly string[];
  },
): Promise<Identity> {
  const { keys, licensing, appendAudit, origins } = deps;
  const identity = await createIdentity({
    database,
    sealing,
    appendAudit,
    origins,
    clock,
    log,
    engineSecret: workingKeys.current("sign-in").key,
    mail: config.mail,
    hasPasswords: config.signIn.password,
    revokeKeysOf: keys.revokeOwned,
    requireSeat: licensing.requireSeat,
    announceRights: (tx) => announceRights(tx, { from: "", ids: [] }),
    async mintKey(work, { userId, name, expiresAt }) {
      const input = { name, kind: "caller", admin: false, ownerId: userId, expiresAt } as const;
      const { record, text } = await keys.create(input, work);
      return { text, id: record.id };
    },
  });
  defer(() => identity.close());
  await identity.applyConfiguredSso(config.sso);
  return identity;
}

/** How browsers reach the router. Passkeys need a name: without a configured address it is localhost. */
export function listOrigins({ baseUrl, host }: Config, port: number): readonly string[] {
  if (baseUrl !== undefined) return [new URL(baseUrl).origin];
  return [...new Set([`http://localhost:${port}`, `http://127.0.0.1:${port}`, `http://${formatHost(host)}:${port}`])];
}
