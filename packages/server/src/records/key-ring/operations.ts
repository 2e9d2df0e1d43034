// Does what wire/operations/secrets.ts declares of the secret keys.

import { retireSecretKey, rotateSecretKey, showRotation } from "@auxot/wire/operations/secrets";
import { eraseHandler, type AnyOperationHandler } from "../../operations/handler.ts";
import { requireAccess } from "../../platform/access/may.ts";
import type { KeyRing } from "./key-ring.ts";

/** The handlers of `secrets.rotation`, `secrets.rotate-key` and `secrets.retire-key`. */
export function createKeyRingOperations(ring: KeyRing): readonly AnyOperationHandler[] {
  return [
    eraseHandler({
      operation: showRotation,
      async handle(caller) {
        requireAccess(caller, showRotation.action);
        const { currentKeyId, keys, left } = await ring.status();
        const shown = keys.map((key) => ({ ...key, currentSince: key.currentSince.toISOString() }));
        return { currentKeyId, keys: shown, left };
      },
    }),
    eraseHandler({
      operation: rotateSecretKey,
      async handle(caller, _input, work) {
        requireAccess(caller, rotateSecretKey.action);
        await ring.requireRotatable();
        const { currentKeyId, keys } = await ring.status();
        const texts = keys.reduce((sum, key) => sum + key.texts, 0);
        const before = { state: "current" };
        work.changed({
          kind: "secret-key",
          id: currentKeyId,
          name: currentKeyId,
          before,
          after: { state: "previous" },
        });
        // A key is made in a file or elsewhere, which no transaction takes back.
        work.afterCommit(async () => void (await ring.rotate()));
        return { previousKeyId: currentKeyId, texts };
      },
    }),
    eraseHandler({
      operation: retireSecretKey,
      async handle(caller, { id }, work) {
        requireAccess(caller, retireSecretKey.action);
        await ring.requireRetirable(id);
        const before = { state: "previous" };
        work.changed({ kind: "secret-key", id, name: id, before, after: { state: "retired" } });
        work.afterCommit(async () => void (await ring.retire(id)));
        return { id };
      },
    }),
  ];
}
