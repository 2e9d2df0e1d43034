// Holds what is changed of identity providers to two rules, whatever their kind: only owners say who people are, and each
// domain belongs to one provider.

import { AppError } from "@auxot/wire/errors";
import { createSsoProvider, enableSsoProvider, updateSsoProvider } from "@auxot/wire/operations/sso-providers";
import { z } from "zod";
import type { AnyOperationHandler } from "../../../operations/handler.ts";
import { requireBeAnybody } from "../be-anybody.ts";
import type { SsoRow, SsoStore } from "./store.ts";

const guarded: ReadonlySet<string> = new Set(
  [createSsoProvider, updateSsoProvider, enableSsoProvider].map(({ name }) => name),
);
const domainsSchema = z.object({ domains: z.array(z.string()).default([]) });

/** The handlers; those that let people in by a provider refuse what breaks the rules. */
export function guardSso(
  handlers: readonly AnyOperationHandler[],
  store: Pick<SsoStore, "listEnabled" | "lock">,
): readonly AnyOperationHandler[] {
  return handlers.map((handler) => {
    if (!guarded.has(handler.operation.name)) return handler;
    return {
      operation: handler.operation,
      async handle(caller, input, work) {
        requireBeAnybody(caller);
        await store.lock(work.tx);
        const output = await handler.handle(caller, input, work);
        const shared = findSharedDomain(await store.listEnabled(work.tx));
        if (shared !== undefined) throw new AppError("conflict", shared, { param: "domains" });
        return output;
      },
    };
  });
}

/** What is wrong, as a sentence: with two providers for a domain each could sign in as the other's people. */
export function findSharedDomain(providers: readonly Pick<SsoRow, "name" | "settings">[]): string | undefined {
  const owners = new Map<string, string>();
  for (const { name, settings } of providers) {
    for (const domain of new Set(domainsSchema.parse(settings).domains)) {
      const other = owners.get(domain);
      if (other !== undefined) {
        return `Addresses of ${domain} belong to the identity provider "${other}" already, so "${name}" cannot say whose they are too. Take the domain from one of them, or switch one off.`;
      }
      owners.set(domain, name);
    }
  }
  return undefined;
}
