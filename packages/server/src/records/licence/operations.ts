// Does what wire/operations/licence.ts declares.

import { installLicence, showLicence } from "@auxot/wire/operations/licence";
import { eraseHandler, type AnyOperationHandler } from "../../operations/handler.ts";
import { requireAccess } from "../../platform/access/may.ts";
import type { Licensing } from "./licensing.ts";

/** The handlers of `licence.show` and `licence.install`. */
export function createLicenceOperations(licensing: Licensing): readonly AnyOperationHandler[] {
  return [
    eraseHandler({
      operation: showLicence,
      async handle(caller) {
        requireAccess(caller, showLicence.action);
        return licensing.view();
      },
    }),
    eraseHandler({
      operation: installLicence,
      async handle(caller, { licence }, work) {
        requireAccess(caller, installLicence.action);
        const { before, after } = await licensing.install(licence, caller.name, work);
        work.changed({ kind: "licence", id: "licence", name: after.tier ?? "", before, after });
        return after;
      },
    }),
  ];
}
