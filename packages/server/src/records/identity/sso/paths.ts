// The paths of single sign-on: what a sign-in page offers, the way out, the way back.

import { AppError } from "@auxot/wire/errors";
import type { AuthPort, IdentityRequest } from "../auth-port.ts";
import { answer, type IdentityPath } from "../paths.ts";
import type { Admit } from "./admit.ts";
import { flowLastsMs, type Flow } from "./flow.ts";
import type { SsoProviders } from "./providers.ts";
import type { SsoStore } from "./store.ts";

export type SsoPathDeps = {
  readonly providers: SsoProviders;
  readonly store: SsoStore;
  readonly flow: Flow;
  readonly admit: Admit;
  readonly engine: Pick<AuthPort, "signInAs">;
  readonly sessions: { forget(): Promise<void> };
  readonly hasPasswords: boolean;
  readonly canMail: boolean;
  origins(): readonly string[];
  now(): Date;
};

/** Where a provider sends people back to. */
export function createRedirectUrl(origins: readonly string[], name: string): string {
  return `${origins[0]}/api/auth/sso/${name}/callback`;
}

export function createSsoPaths(deps: SsoPathDeps): readonly IdentityPath[] {
  const { providers, flow, origins } = deps;

  return [
    {
      method: "GET",
      path: "/methods",
      async handle({ query }) {
        const email = query.get("email");
        const found = email === null ? await providers.listEnabled() : [await providers.findFor(email)];
        const sso = found.flatMap((one) =>
          one === undefined ? [] : { name: one.name, label: one.settings.label ?? one.name },
        );
        return answer({
          password: deps.hasPasswords,
          passkey: true,
          passwordReset: deps.hasPasswords && deps.canMail,
          sso,
        });
      },
    },
    {
      method: "GET",
      path: "/sso/{name}/start",
      async handle({ query }, { name = "" }) {
        const test = query.get("test") === "true";
        const provider = await providers.require(name, test);
        const hint = query.get("email");
        const { location, memory } = await flow.begin(provider, {
          redirectUrl: createRedirectUrl(origins(), name),
          returnTo: readReturnTo(query.get("returnTo")),
          test,
          ...(hint === null ? {} : { loginHint: hint }),
        });
        return { status: 302, body: null, location, cookies: [writeCookie(origins(), memory, flowLastsMs / 1000)] };
      },
    },
    {
      method: "GET",
      path: "/sso/{name}/callback",
      handle: (request, { name = "" }) => finish(deps, name, request),
    },
  ];
}

async function finish(deps: SsoPathDeps, name: string, request: IdentityRequest) {
  const { providers, flow, admit, engine, origins, store } = deps;
  const provider = await providers.require(name, true);
  const memory = await flow.remember(readCookie(request.headers["cookie"]), provider);
  if (!provider.enabled && !memory.test) throw new AppError("not_found", `Nobody can sign in with "${name}" here.`);
  const redirectUrl = createRedirectUrl(origins(), name);
  const claims = await flow.finish(provider, { redirectUrl, memory, query: request.query });
  const forgetFlow = writeCookie(origins(), "", 0);
  if (memory.test) {
    await store.noteTested(provider.id, memory.version, deps.now());
    return answer({ test: "passed", provider: name, claims }, [forgetFlow]);
  }
  const user = await admit(provider, claims);
  const cookies = await engine.signInAs(user.id, request);
  await deps.sessions.forget();
  return { status: 302, body: null, location: memory.returnTo, cookies: [...cookies, forgetFlow] };
}

const cookieName = "auxot.sso_flow";

function writeCookie(origins: readonly string[], value: string, maxAgeS: number): string {
  const isSecure = origins[0]?.startsWith("https:") === true;
  const name = isSecure ? `__Secure-${cookieName}` : cookieName;
  return `${name}=${value}; Path=/api/auth/sso; HttpOnly; SameSite=Lax; Max-Age=${maxAgeS}${isSecure ? "; Secure" : ""}`;
}

function readCookie(header: string | undefined): string | undefined {
  return /(?:^|;\s*)(?:__Secure-)?auxot\.sso_flow=([^;]+)/.exec(header ?? "")?.[1];
}

/** A page of ours; anything else is the front page. */
function readReturnTo(text: string | null): string {
  return text !== null && /^\/(?![/\\])[\x21-\x7e]*$/.test(text) && !text.includes("\\") ? text : "/";
}
