// Owns the sign-in engine (better-auth) behind our port: which of its paths are open, what of its answers goes out.
// The only room that knows it. It is loaded with the first person who signs in: 0.2 s and about 60 MB.

import { AppError, type ErrorCode } from "@auxot/wire/errors";
import type { Log } from "../../../platform/log.ts";
import type { AuthPort, IdentityAnswer, IdentityRequest } from "../auth-port.ts";
import type { EngineApi, EngineDeps } from "./build-engine.ts";

/** What of the engine is open to the outside; the rest of it does not exist. */
const openPaths = new Set([
  "POST /sign-in/email",
  "POST /sign-out",
  "GET /get-session",
  "POST /change-password",
  "POST /two-factor/enable",
  "POST /two-factor/disable",
  "POST /two-factor/verify-totp",
  "POST /two-factor/verify-backup-code",
  "POST /two-factor/generate-backup-codes",
  "GET /passkey/generate-register-options",
  "POST /passkey/verify-registration",
  "GET /passkey/generate-authenticate-options",
  "POST /passkey/verify-authentication",
  "GET /passkey/list-user-passkeys",
  "POST /passkey/update-passkey",
  "POST /passkey/delete-passkey",
]);

/** Where the engine reads the caller's address; what a caller sends under this name is overwritten. */
export const addressHeader = "x-auxot-caller-address";

export function createEngine(deps: EngineDeps & { readonly log: Log }): AuthPort {
  let loading: Promise<EngineApi> | undefined;

  function load(): Promise<EngineApi> {
    loading ??= (async () => {
      const startedAt = performance.now();
      const { buildEngine } = await import("./build-engine.ts");
      const engine = buildEngine(deps);
      deps.log.debug({ ms: Math.round(performance.now() - startedAt) }, "the sign-in engine was loaded");
      return engine;
    })();
    loading.catch(() => (loading = undefined));
    return loading;
  }

  async function ask(request: IdentityRequest): Promise<Response> {
    const engine = await load();
    const origin = deps.origins()[0] ?? "";
    const url = new URL(`/api/auth${request.path}`, origin);
    for (const [name, value] of request.query) url.searchParams.append(name, value);
    const { cookie, "user-agent": agent } = request.headers;
    return engine.handler(
      new Request(url, {
        method: request.method,
        headers: {
          // The edge has judged the caller's own.
          origin,
          ...(cookie === undefined ? {} : { cookie }),
          ...(agent === undefined ? {} : { "user-agent": agent.slice(0, 300) }),
          [addressHeader]: request.address,
          ...(request.method === "POST" ? { "content-type": "application/json" } : {}),
        },
        ...(request.method === "POST" ? { body: JSON.stringify(request.body ?? {}) } : {}),
      }),
    );
  }

  return {
    async handle(request, onCookies) {
      if (!openPaths.has(`${request.method} ${request.path}`)) return undefined;
      try {
        return await readAnswer(await ask(request), request.path, onCookies);
      } catch (cause) {
        throw request.path.startsWith("/two-factor/") ? explainLostKey(cause) : cause;
      }
    },
    async signInAs(userId, { headers, address }) {
      const engine = await load();
      const sent = new Headers({ [addressHeader]: address, "user-agent": (headers["user-agent"] ?? "").slice(0, 300) });
      try {
        return (await engine.signInAs({ body: { userId }, headers: sent, asResponse: true })).headers.getSetCookie();
      } catch (cause) {
        throw explain(cause);
      }
    },
    async readSession(cookie) {
      const engine = await load();
      const found = await engine.readSession(new Headers({ cookie }));
      return found === null ? undefined : { sessionId: found.session.id, userId: found.session.userId };
    },
  };
}

async function readAnswer(
  response: Response,
  path: string,
  onCookies: (lines: readonly string[]) => void,
): Promise<IdentityAnswer> {
  const cookies = response.headers.getSetCookie();
  const text = await response.text();
  const body: unknown = text === "" ? null : JSON.parse(text);
  if (response.ok) return { status: 200, body: withoutTokens(body), cookies };
  onCookies(cookies);
  throw toAppError(response.status, body, path);
}

/** What an authenticator app was set up with is encrypted: a router that lost the key of it can check no code. */
function explainLostKey(error: unknown): unknown {
  if (!(error instanceof Error) || error.message !== "invalid tag") return error;
  return new AppError(
    "forbidden",
    "Your authenticator app was set up under a secret key that this router has lost. Ask an administrator to remove it: auxot users remove-factors.",
    { cause: error },
  );
}

/** The cookie is the only place of a session's token: no script shall read it. */
function withoutTokens(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutTokens);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => name !== "token" && name !== "redirect" && name !== "url")
      .map(([name, item]) => [name, withoutTokens(item)]),
  );
}

function explain(error: unknown): unknown {
  if (error instanceof Error && "statusCode" in error && typeof error.statusCode === "number" && "body" in error) {
    return toAppError(error.statusCode, error.body);
  }
  return error;
}

/** A wrong password of somebody who is signed in is `forbidden`, so that it counts as a guess. */
const codes: Readonly<Record<number, ErrorCode>> = {
  400: "invalid_request",
  401: "unauthenticated",
  403: "forbidden",
  404: "not_found",
  415: "invalid_request",
  422: "invalid_request",
  429: "rate_limited",
  503: "no_capacity",
};

/** Its own words, where ours say more. */
const messages: Readonly<Record<string, string>> = {
  INVALID_EMAIL_OR_PASSWORD: "The e-mail address or the password is wrong.",
  INVALID_PASSWORD: "The password is wrong.",
  SESSION_NOT_FRESH: "Sign in again first: this needs a session that is less than a day old.",
  INVALID_CODE: "The code is wrong. Codes change every 30 seconds; check the clock of your phone.",
  INVALID_BACKUP_CODE: "The backup code is wrong or was used before.",
  CHALLENGE_NOT_FOUND: "This took too long or was answered already. Start again.",
  PASSKEY_NOT_FOUND: "No account knows this passkey.",
};

/** Which field was wrong, where the engine tells it by its code alone. */
const params: Readonly<Record<string, string>> = {
  INVALID_PASSWORD: "password",
  PASSWORD_TOO_SHORT: "newPassword",
  PASSWORD_TOO_LONG: "newPassword",
  INVALID_CODE: "code",
  INVALID_BACKUP_CODE: "code",
};

function toAppError(status: number, body: unknown, path = ""): AppError {
  const { code = "", message = "" } = (typeof body === "object" && body !== null ? body : {}) as {
    readonly code?: string;
    readonly message?: string;
  };
  const ours = code === "INVALID_PASSWORD" ? "forbidden" : codes[status];
  if (ours === undefined) return new AppError("internal", "Signing in failed inside Auxot. The log has the details.");
  const text = messages[code] ?? (message === "" ? "Not possible." : /[.!?]$/.test(message) ? message : `${message}.`);
  const param = code === "INVALID_PASSWORD" && path === "/change-password" ? "currentPassword" : params[code];
  return new AppError(ours, text, { param, ...(status === 429 ? { retryAfterMs: 60_000 } : {}) });
}
