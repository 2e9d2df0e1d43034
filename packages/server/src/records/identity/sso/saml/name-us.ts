// Says what we are called at a SAML provider and where it finds us.

import type { SamlProvider } from "../settings.ts";
import type { Us } from "./flow.ts";

/** `origins`: the main one first. */
export function nameUs(origins: readonly string[], { name, clientId }: Pick<SamlProvider, "name" | "clientId">): Us {
  return {
    entityId: clientId ?? createServiceMetadataUrl(origins, name),
    answerUrl: `${origins[0]}/api/auth/sso/${name}/acs`,
  };
}

/** Where our metadata is, stable as long as the provider's name and our address are. */
export function createServiceMetadataUrl(origins: readonly string[], name: string): string {
  return `${origins[0]}/api/auth/sso/${name}/metadata`;
}
