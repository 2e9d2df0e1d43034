// Builds the sign-in engine: better-auth on our tables, with passwords, passkeys and authenticator apps, and without
// sign-up, organisations or keys, which are ours. Imported only when somebody signs in.

import { createAuthEndpoint } from "@better-auth/core/api";
import { APIError } from "@better-auth/core/error";
import { passkey } from "@better-auth/passkey";
import { createId, idPrefixes } from "@auxot/wire/ids";
import { createAdapterFactory } from "better-auth/adapters";
import { isAPIError } from "better-auth/api";
import { setSessionCookie } from "better-auth/cookies";
import { betterAuth } from "better-auth/minimal";
import { twoFactor } from "better-auth/plugins/two-factor";
import { z } from "zod";
import type { Log } from "../../../platform/log.ts";
import { passwordLength, type Passwords } from "../passwords.ts";
import { addressHeader } from "./engine.ts";
import type { Condition, EngineRow, EngineStore } from "./store.ts";

export type EngineDeps = {
  readonly store: EngineStore;
  readonly passwords: Passwords;
  /** Signs cookies and encrypts authenticator secrets. */
  readonly secret: string;
  /** How browsers reach the router, the main one first, e.g. `https://auxot.example.com`. */
  origins(): readonly string[];
  /** False: may not sign in any more. */
  isActive(userId: string): Promise<boolean>;
  /** Told of each new session. */
  onSignIn(userId: string): Promise<void>;
  readonly log: Log;
};

/** What the rest sees of the engine. */
export type EngineApi = {
  handler(request: Request): Promise<Response>;
  signInAs(call: { body: { userId: string }; headers: Headers; asResponse: true }): Promise<Response>;
  readSession(headers: Headers): Promise<{ session: { id: string; userId: string } } | null>;
};

const dayS = 24 * 60 * 60;
const prefixes: Readonly<Record<string, string>> = {
  user: idPrefixes.user,
  account: idPrefixes.signInMethod,
  session: idPrefixes.signIn,
  verification: idPrefixes.challenge,
  twoFactor: idPrefixes.twoFactor,
  passkey: idPrefixes.passkey,
};

export function buildEngine(deps: EngineDeps): EngineApi {
  const { passwords, log } = deps;
  const origins = [...deps.origins()];
  const baseURL = origins[0] ?? "";
  const engine = betterAuth({
    appName: "Auxot",
    baseURL,
    basePath: "/api/auth",
    secret: deps.secret,
    trustedOrigins: origins,
    database: createAdapter(deps.store),
    emailAndPassword: {
      enabled: true,
      disableSignUp: true,
      minPasswordLength: passwordLength.least,
      maxPasswordLength: passwordLength.most,
      revokeSessionsOnPasswordReset: true,
      password: { hash: passwords.hash, verify: ({ hash, password }) => passwords.verify(hash, password) },
    },
    session: { expiresIn: 30 * dayS, updateAge: dayS, freshAge: dayS },
    verification: { storeIdentifier: "hashed" },
    // Counted by account and address in slowdown.ts.
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    // Its own way would be to print them.
    onAPIError: {
      onError(error) {
        if (!isAPIError(error)) throw error;
      },
    },
    logger: { level: "debug", log: (level, message) => log[level === "error" ? "warn" : "debug"]({ level }, message) },
    databaseHooks: {
      session: { create: { before: refuseDeactivated(deps), after: ({ userId }) => deps.onSignIn(userId) } },
    },
    advanced: {
      cookiePrefix: "auxot",
      useSecureCookies: baseURL.startsWith("https:"),
      ipAddress: { ipAddressHeaders: [addressHeader] },
      database: { generateId: ({ model }) => createId(prefixes[model] ?? "") },
    },
    plugins: [
      // Who comes by single sign-on has no password to give.
      twoFactor({ issuer: "Auxot", allowPasswordless: true }),
      passkey({
        rpName: "Auxot",
        rpID: baseURL === "" ? "localhost" : new URL(baseURL).hostname,
        origin: origins,
        authenticatorSelection: { residentKey: "required", userVerification: "required" },
        authentication: { afterVerification: refuseUnverified },
      }),
      { id: "auxot", endpoints: { signInAs } },
    ],
  });
  return {
    handler: (request) => engine.handler(request),
    signInAs: (call) => engine.api.signInAs(call),
    readSession: async (headers) =>
      engine.api.getSession({ headers, query: { disableCookieCache: true, disableRefresh: true } }),
  };
}

/** Only for this process: it has no path on the outside. */
const signInAs = createAuthEndpoint.serverOnly(
  { method: "POST", body: z.object({ userId: z.string() }) },
  async (context) => {
    const { internalAdapter } = context.context;
    const user = await internalAdapter.findUserById(context.body.userId);
    if (user === null) throw new APIError("FORBIDDEN", { message: "There is no such account" });
    const session = await internalAdapter.createSession(user.id);
    await setSessionCookie(context, { session, user });
    return context.json({ ok: true });
  },
);

/** Whichever way people sign in, a session is made of it, so this holds for all. */
function refuseDeactivated(deps: EngineDeps) {
  return async ({ userId }: { readonly userId: string }): Promise<undefined> => {
    if (await deps.isActive(userId)) return;
    throw new APIError("FORBIDDEN", { message: "This account was deactivated. Ask an administrator" });
  };
}

/** A passkey stands for two factors only when its device asked for finger, face or PIN. */
async function refuseUnverified({
  verification,
}: {
  readonly verification: { readonly authenticationInfo: { readonly userVerified: boolean } };
}): Promise<void> {
  if (verification.authenticationInfo.userVerified) return;
  throw new APIError("UNAUTHORIZED", {
    message: "This passkey did not check that it is you. Use one with a PIN, finger or face",
  });
}

type Target = { readonly model: string; readonly where: Condition[] };

function createAdapter(store: EngineStore) {
  return createAdapterFactory({
    config: { adapterId: "auxot", supportsNumericIds: false, supportsJSON: false, transaction: false },
    adapter: () => ({
      create: async <T extends EngineRow>({ model, data }: { model: string; data: T }) =>
        (await store.insert(model, data)) as T,
      update: async <T>({ model, where, update }: Target & { update: T }) =>
        ((await store.updateOne(model, where, update as EngineRow)) ?? null) as T | null,
      updateMany: ({ model, where, update }: Target & { update: EngineRow }) => store.updateMany(model, where, update),
      findOne: async <T>({ model, where }: Target) => ((await store.find(model, where))[0] ?? null) as T | null,
      findMany: async <T>(call: {
        model: string;
        where?: Condition[] | undefined;
        limit: number;
        offset?: number | undefined;
        sortBy?: { field: string; direction: "asc" | "desc" } | undefined;
      }) =>
        (await store.find(call.model, call.where ?? [], {
          limit: call.limit,
          offset: call.offset ?? 0,
          sortBy: call.sortBy,
        })) as T[],
      delete: async ({ model, where }: Target): Promise<void> => {
        await store.deleteMany(model, where);
      },
      deleteMany: ({ model, where }: Target) => store.deleteMany(model, where),
      count: ({ model, where }: { model: string; where?: Condition[] | undefined }) => store.count(model, where ?? []),
      consumeOne: async <T>({ model, where }: Target) => ((await store.take(model, where)) ?? null) as T | null,
      incrementOne: async <T>({
        model,
        where,
        increment,
        set,
      }: Target & { increment: Record<string, number>; set?: EngineRow | undefined }) =>
        ((await store.updateOne(model, where, set ?? {}, increment)) ?? null) as T | null,
    }),
  });
}
