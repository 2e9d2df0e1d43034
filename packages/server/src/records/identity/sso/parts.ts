// Wires single sign-on.

import type { AnyOperationHandler } from "../../../operations/handler.ts";
import type { Foundation } from "../foundation.ts";
import type { IdentityPath } from "../paths.ts";
import { createAdmit } from "./admit.ts";
import { askProvider } from "./ask-provider.ts";
import { createDiscovery } from "./discovery.ts";
import { createFlow } from "./flow.ts";
import { createSsoOperations } from "./operations.ts";
import { createSsoPaths } from "./paths.ts";
import { createSsoProviders, type SsoProviders } from "./providers.ts";
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
  const now = (): Date => new Date(clock.now());
  return {
    paths: createSsoPaths({ ...foundation, providers, store, flow, admit, canMail, now }),
    operations: createSsoOperations({ ...foundation, store, providers, discovery }),
    applyConfigured: providers.applyConfigured,
  };
}
