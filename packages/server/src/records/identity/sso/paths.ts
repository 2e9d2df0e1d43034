// The paths of single sign-on: what a sign-in page offers, the way out, the way back from OpenID Connect, and how any way
// back ends. Those of SAML alone are in saml/paths.ts.

import { AppError } from "@auxot/wire/errors";
import type { AuthPort, IdentityAnswer, IdentityRequest } from "../auth-port.ts";
import { answer, type IdentityPath } from "../paths.ts";
import type { Admit } from "./admit.ts";
import { flowLastsMs, type Claims, type Flow } from "./flow.ts";
import type { SsoProviders } from "./providers.ts";
import type { SamlFlow } from "./saml/flow.ts";
import { nameUs } from "./saml/name-us.ts";
import type { SsoProvider } from "./settings.ts";
import type { SsoStore } from "./store.ts";

export type SsoPathDeps = {
  readonly providers: SsoProviders;
  readonly store: SsoStore;
  readonly flow: Flow;
  readonly samlFlow: SamlFlow;
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
  const { providers, flow, samlFlow, origins } = deps;

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
        const about = {
          returnTo: readReturnTo(query.get("returnTo")),
          test,
          ...(hint === null ? {} : { loginHint: hint }),
        };
        const { location, memory } =
          provider.kind === "saml"
            ? await samlFlow.begin(provider, nameUs(origins(), provider), about)
            : await flow.begin(provider, { ...about, redirectUrl: createRedirectUrl(origins(), name) });
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

async function finish(deps: SsoPathDeps, name: string, request: IdentityRequest): Promise<IdentityAnswer> {
  const { providers, flow, origins } = deps;
  const provider = await providers.require(name, true);
  if (provider.kind !== "oidc") throw new AppError("not_found", `"${name}" does not answer here: it speaks SAML.`);
  const memory = await flow.remember(readFlowCookie(request), provider);
  const redirectUrl = createRedirectUrl(origins(), name);
  return conclude(deps, request, provider, memory, () =>
    flow.finish(provider, { redirectUrl, memory, query: request.query }),
  );
}

/** How every way back ends: a test is noted, anybody else is signed in. */
export async function conclude(
  deps: Pick<SsoPathDeps, "store" | "admit" | "engine" | "sessions" | "origins" | "now">,
  request: IdentityRequest,
  provider: SsoProvider,
  memory: { readonly test: boolean; readonly version: number; readonly returnTo: string },
  readClaims: () => Promise<Claims>,
): Promise<IdentityAnswer> {
  const { name } = provider;
  if (!provider.enabled && !memory.test) throw new AppError("not_found", `Nobody can sign in with "${name}" here.`);
  const claims = await readClaims();
  const forgetFlow = writeCookie(deps.origins(), "", 0);
  if (memory.test) {
    await deps.store.noteTested(provider.id, memory.version, deps.now());
    return answer({ test: "passed", provider: name, claims }, [forgetFlow]);
  }
  const user = await deps.admit(provider, claims, request);
  const cookies = await deps.engine.signInAs(user.id, request);
  await deps.sessions.forget();
  return { status: 302, body: null, location: memory.returnTo, cookies: [...cookies, forgetFlow] };
}

const cookieName = "auxot.sso_flow";

function writeCookie(origins: readonly string[], value: string, maxAgeS: number): string {
  const isSecure = origins[0]?.startsWith("https:") === true;
  const name = isSecure ? `__Secure-${cookieName}` : cookieName;
  return `${name}=${value}; Path=/api/auth/sso; HttpOnly; SameSite=Lax; Max-Age=${maxAgeS}${isSecure ? "; Secure" : ""}`;
}

/** What the browser was given when it began. */
export function readFlowCookie({ headers }: Pick<IdentityRequest, "headers">): string | undefined {
  return /(?:^|;\s*)(?:__Secure-)?auxot\.sso_flow=([^;]+)/.exec(headers["cookie"] ?? "")?.[1];
}

/** A page of ours; anything else is the front page. */
function readReturnTo(text: string | null): string {
  return text !== null && /^\/(?![/\\])[\x21-\x7e]*$/.test(text) && !text.includes("\\") ? text : "/";
}
