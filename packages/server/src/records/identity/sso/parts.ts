// Wires single sign-on.

import type { AnyOperationHandler } from "../../../operations/handler.ts";
import type { Foundation } from "../foundation.ts";
import type { IdentityPath } from "../paths.ts";
import { createAdmit } from "./admit.ts";
import { createSlowdown } from "../slowdown.ts";
import { askForText, askProvider } from "./ask-provider.ts";
import { createDiscovery } from "./discovery.ts";
import { createFlow } from "./flow.ts";
import { findSharedDomain, guardSso } from "./guard.ts";
import { createSsoOperations } from "./operations.ts";
import { createSsoPaths } from "./paths.ts";
import { createSsoProviders, type SsoProviders } from "./providers.ts";
import { createDescriptions } from "./saml/descriptions.ts";
import { createSamlFlow } from "./saml/flow.ts";
import { createSamlPaths } from "./saml/paths.ts";
import { createSamlStore } from "./saml/store.ts";
import { createSsoStore } from "./store.ts";

export type SsoParts = {
  readonly paths: readonly IdentityPath[];
  readonly operations: readonly AnyOperationHandler[];
  readonly applyConfigured: SsoProviders["applyConfigured"];
};

export function createSsoParts(foundation: Foundation, canMail: boolean): SsoParts {
  const { database, clock } = foundation;
  const store = createSsoStore(database);
  const providers = createSsoProviders({ ...foundation, store });
  const discovery = createDiscovery({ ask: askProvider, clock });
  const flow = createFlow({ ...foundation, discovery, ask: askProvider });
  const admit = createAdmit(foundation);
  const samlStore = createSamlStore(database);
  const descriptions = createDescriptions({ ask: askForText, clock });
  const samlFlow = createSamlFlow({ ...foundation, descriptions, store: samlStore });
  const now = (): Date => new Date(clock.now());
  const pathDeps = { ...foundation, providers, store, samlFlow, admit, now };
  // Of refused answers. Signatures cannot be guessed: this only bounds the work that one address makes.
  const slowdown = createSlowdown({ clock, free: 200, everyMs: 500 });
  return {
    paths: [...createSsoPaths({ ...pathDeps, flow, canMail }), ...createSamlPaths({ ...pathDeps, slowdown })],
    operations: guardSso(createSsoOperations({ ...foundation, store, providers, discovery, descriptions }), store),
    async applyConfigured(declared) {
      await providers.applyConfigured(declared);
      const shared = findSharedDomain(await store.listEnabled());
      if (shared !== undefined) throw new Error(`sso: ${shared}`);
    },
  };
}
