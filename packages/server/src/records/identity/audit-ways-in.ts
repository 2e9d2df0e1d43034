// Audits what the sign-in engine and identity providers do, whose transactions are not ours: who came in and how, who was
// refused, who changed their password, passkeys or second factor.

import { AppError } from "@auxot/wire/errors";
import type { Clock } from "../../platform/clock.ts";
import type { IdentityAnswer, IdentityRequest } from "./auth-port.ts";
import type { Sessions } from "./sessions/sessions.ts";
import { createSlowdown } from "./slowdown.ts";
import { toTarget, type Act, type Trail } from "./trail.ts";
import type { UserStore } from "./users/store.ts";

type Answer = IdentityAnswer | undefined;
export type AuditWaysIn = (request: IdentityRequest, work: () => Promise<Answer>) => Promise<Answer>;

/** By method and path: how somebody comes in. */
const waysIn: Readonly<Record<string, string>> = {
  "POST /sign-in/email": "password",
  "POST /two-factor/verify-totp": "authenticator app",
  "POST /two-factor/verify-backup-code": "backup code",
  "POST /passkey/verify-authentication": "passkey",
};
/** By method and path: what somebody who is signed in does. */
const ownActs: Readonly<Record<string, string>> = {
  "POST /sign-out": "users.sign-out",
  "POST /change-password": "users.change-password",
  "POST /two-factor/verify-totp": "users.enable-two-factor",
  "POST /two-factor/disable": "users.disable-two-factor",
  "POST /two-factor/generate-backup-codes": "users.make-backup-codes",
  "POST /passkey/verify-registration": "users.add-passkey",
  "POST /passkey/delete-passkey": "users.remove-passkey",
};
const providerPath = /^\/sso\/([^/]+)\/(?!start$)[^/]+$/;

export function createAuditWaysIn(deps: {
  readonly trail: Trail;
  readonly sessions: Pick<Sessions, "identify">;
  readonly users: Pick<UserStore, "find" | "findByEmail">;
  readonly clock: Clock;
}): AuditWaysIn {
  const { trail, sessions, users, clock } = deps;
  // Whoever knocks all day fills no log: refusals of one address beyond these are not written down.
  const refusals = createSlowdown({ clock, free: 50, everyMs: 10_000 });

  /** Whom a request that was refused named. */
  async function findNamed({ body }: IdentityRequest): Promise<Act["target"]> {
    const email = body?.["email"];
    if (typeof email !== "string") return { kind: "user", id: "", name: "" };
    const name = email.trim().toLowerCase().slice(0, 254);
    return toTarget({ id: (await users.findByEmail(name).catch(() => undefined))?.id ?? "", name });
  }

  async function noteRefusal(request: IdentityRequest, act: Omit<Act, "from" | "target">, error: unknown) {
    if (!(error instanceof AppError) || !["unauthenticated", "forbidden"].includes(error.code)) return;
    try {
      refusals.count([request.address]);
    } catch {
      return;
    }
    const target = act.by === undefined ? await findNamed(request) : toTarget(act.by);
    await trail.note({ ...act, from: request, target, refusal: error.message });
  }

  return async (request, work) => {
    const name = `${request.method} ${request.path}`;
    const provider = providerPath.exec(request.path)?.[1];
    const method = provider === undefined ? waysIn[name] : "identity provider";
    if (method === undefined && ownActs[name] === undefined) return work();
    const person = provider === undefined ? await sessions.identify(request.headers["cookie"]) : undefined;
    const isOwn = ownActs[name] !== undefined && (method === undefined || person !== undefined);
    const action = isOwn ? (ownActs[name] ?? "") : "users.sign-in";
    const by = isOwn && person !== undefined ? { id: person.userId, name: person.name } : undefined;
    const after = isOwn ? {} : { after: { method, ...(provider === undefined ? {} : { provider }) } };
    let answer: Answer;
    try {
      answer = await work();
    } catch (error) {
      await noteRefusal(request, { action, by, ...after }, error);
      throw error;
    }
    // Who comes by an identity provider is noted where they are let in.
    if (provider !== undefined || answer === undefined) return answer;
    const who = by ?? (isOwn ? undefined : await findComer(answer, users));
    if (who !== undefined) await trail.note({ action, by: who, from: request, target: toTarget(who), ...after });
    return answer;
  };
}

/** Undefined: there is a second factor to come. */
async function findComer({ body }: IdentityAnswer, users: Pick<UserStore, "find">) {
  const { user, session } = (body ?? {}) as {
    readonly user?: { readonly id?: unknown };
    readonly session?: { readonly userId?: unknown };
  };
  const id = user?.id ?? session?.userId;
  const found = typeof id === "string" ? await users.find(id) : undefined;
  return found === undefined ? undefined : { id: found.id, name: found.name };
}
