// Does what wire/operations/secrets.ts declares of named secrets.

import { listSecrets, removeSecret, setSecret, type SecretView } from "@auxot/wire/operations/secrets";
import { eraseHandler, type AnyOperationHandler } from "../../operations/handler.ts";
import type { Secrets } from "./secrets.ts";

/** The handlers of `secrets.list`, `secrets.set` and `secrets.remove`. */
export function createSecretOperations(secrets: Secrets): readonly AnyOperationHandler[] {
  return [
    eraseHandler({
      operation: listSecrets,
      handle: (caller, { scope, scopeId, ...asked }, { tx }) => secrets.list(tx, caller, { scope, scopeId }, asked),
    }),
    eraseHandler({
      operation: setSecret,
      async handle(caller, input, work) {
        const { before, after } = await secrets.set(caller, input, work);
        work.changed({ kind: "secret", id: after.id, name: after.name, before: tell(before), after: tell(after) });
        return after;
      },
    }),
    eraseHandler({
      operation: removeSecret,
      async handle(caller, { id, version }, work) {
        const removed = await secrets.remove(caller, id, version, work);
        work.changed({ kind: "secret", id, name: removed.name, before: tell(removed), after: null });
        return removed;
      },
    }),
  ];
}

/** What is worth keeping of a change; the value is not, nor is any part of it. */
function tell(view: SecretView): Record<string, unknown>;
function tell(view: SecretView | null): Record<string, unknown> | null;
function tell(view: SecretView | null): Record<string, unknown> | null {
  if (view === null) return null;
  const { scope, scopeId, description, version } = view;
  return { scope, scopeId, description, version };
}
