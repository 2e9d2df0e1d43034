// Owns which operations belong to a feature that a licence may include: these are refused while it does not. Reading needs no
// licence, and neither does what only takes away or tries out: nobody keeps a right because a licence ended.

import { isWrite, type Operation } from "@auxot/wire/operations/define-operation";
import type { AnyOperationHandler } from "../../operations/handler.ts";
import type { Licensing } from "./licensing.ts";

/** Nouns by feature, as vendors name features in licences. Whatever no feature has needs no licence. */
export const licensedFeatures: Readonly<Record<string, readonly string[]>> = {
  teams: ["teams", "team-members", "service-accounts"],
  roles: ["roles", "shares"],
  sso: ["sso-providers"],
  scim: ["scim-tokens"],
};

const openVerbs: ReadonlySet<string> = new Set(["remove", "take", "revoke", "disable", "test"]);

/** The feature that a licence must include for it; undefined: none. */
export function findFeature(operation: Pick<Operation, "name" | "method">): string | undefined {
  const [noun = "", verb = ""] = operation.name.split(".");
  if (!isWrite(operation) || openVerbs.has(verb)) return undefined;
  return Object.entries(licensedFeatures).find(([, nouns]) => nouns.includes(noun))?.[0];
}

/** The handlers, those of a feature refused with `forbidden` while it is read-only. */
export function keepToLicence(
  handlers: readonly AnyOperationHandler[],
  licensing: Pick<Licensing, "requireWritable">,
): readonly AnyOperationHandler[] {
  return handlers.map((handler) => {
    const feature = findFeature(handler.operation);
    if (feature === undefined) return handler;
    return {
      operation: handler.operation,
      async handle(caller, input, work) {
        licensing.requireWritable(feature);
        return handler.handle(caller, input, work);
      },
    };
  });
}
