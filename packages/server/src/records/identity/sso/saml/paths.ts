// The paths of SAML: our metadata, where providers post their answers, and where the browser then fetches its own.
//
// Providers post from their own page, so the browser brings no SameSite=Lax cookie. What they post is judged and put aside,
// and the browser is sent on to a page of ours, where it brings the cookie of the sign-in that it began. So nobody can be
// signed in by an answer that another browser asked for.

import { AppError } from "@auxot/wire/errors";
import type { Log } from "../../../../platform/log.ts";
import type { IdentityAnswer, IdentityRequest } from "../../auth-port.ts";
import type { IdentityPath } from "../../paths.ts";
import type { Slowdown } from "../../slowdown.ts";
import { conclude, readFlowCookie, type SsoPathDeps } from "../paths.ts";
import type { SsoProviders } from "../providers.ts";
import type { SamlProvider } from "../settings.ts";
import { writeMetadata } from "./metadata.ts";
import { nameUs } from "./name-us.ts";

export type SamlPathDeps = Pick<
  SsoPathDeps,
  "providers" | "samlFlow" | "store" | "admit" | "engine" | "sessions" | "origins" | "now"
> & {
  /** Of refused answers, by address. */
  readonly slowdown: Slowdown;
  readonly log: Log;
};

export function createSamlPaths(deps: SamlPathDeps): readonly IdentityPath[] {
  const { providers, samlFlow, origins } = deps;
  return [
    {
      method: "GET",
      path: "/sso/{name}/metadata",
      async handle(_request, { name = "" }) {
        const provider = await requireSaml(providers, name);
        const body = writeMetadata({ ...nameUs(origins(), provider), certificate: provider.ownKey?.certificate });
        return { status: 200, body, cookies: [], contentType: "application/samlmetadata+xml" };
      },
    },
    {
      method: "POST",
      path: "/sso/{name}/acs",
      handle: (request, { name = "" }) => receive(deps, name, request),
    },
    {
      method: "GET",
      path: "/sso/{name}/finish",
      async handle(request, { name = "" }) {
        const provider = await requireSaml(providers, name);
        const token = request.query.get("answer") ?? "";
        const { claims, memory } = await samlFlow.finish(provider, { token, memory: readFlowCookie(request) });
        return conclude(deps, request, provider, memory, async () => claims);
      },
    },
  ];
}

async function receive(deps: SamlPathDeps, name: string, request: IdentityRequest): Promise<IdentityAnswer> {
  const { providers, samlFlow, origins, slowdown, log } = deps;
  const provider = await requireSaml(providers, name);
  const here = `${origins()[0]}/api/auth/sso/${name}`;
  try {
    const us = nameUs(origins(), provider);
    const token = await slowdown.attempt([request.address], () => samlFlow.receive(provider, us, request.body ?? {}));
    const location = token === undefined ? `${here}/start` : `${here}/finish?answer=${token}`;
    return { status: 303, body: null, location, cookies: [] };
  } catch (err) {
    // The person sees the sentence; who runs the router must find it without them.
    if (err instanceof AppError) {
      const { requestId, address } = request;
      log.warn(
        { provider: name, requestId, address, reason: err.message, err: err.cause },
        "A SAML answer was refused",
      );
    }
    throw err;
  }
}

async function requireSaml(providers: SsoProviders, name: string): Promise<SamlProvider> {
  const provider = await providers.require(name, true);
  if (provider.kind === "saml") return provider;
  throw new AppError("not_found", `"${name}" does not answer here: it speaks OpenID Connect.`);
}
