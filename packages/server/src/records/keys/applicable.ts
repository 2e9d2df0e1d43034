// Keys as a file declares them: by name, what they may do, never their texts. A key cannot be changed.

import { createKey, listKeys, revokeKey } from "@auxot/wire/operations/keys";
import { z } from "zod";
import { AppError } from "@auxot/wire/errors";
import { createApplicable, type AnyApplicable } from "../../operations/applicable.ts";
import { requireAccess, requireAnywhere } from "../../platform/access/may.ts";
import { builtInProvider } from "../../platform/built-in-provider.ts";
import type { Keys } from "./keys.ts";
import { tellKeyChange } from "./operations.ts";

const entrySchema = z
  .strictObject({
    name: z.string().trim().min(1).max(100),
    kind: z.enum(["caller", "worker"]).default("caller"),
    admin: z.boolean().default(false),
    provider: z.string().min(1).max(100).nullable().default(null),
  })
  .transform((entry) => (entry.kind === "worker" ? { ...entry, provider: entry.provider ?? builtInProvider } : entry));

/** Keys that the configuration at start or the router itself declares are no part of it. */
export function createKeyApplicable(keys: Keys): AnyApplicable {
  return createApplicable({
    noun: "keys",
    entry: entrySchema,
    async list(caller, { tx }) {
      requireAnywhere(caller, listKeys.action);
      const views = await keys.listCreated(tx, caller);
      return views.map((view) => ({
        id: view.id,
        entry: { name: view.name, kind: view.kind, admin: view.admin, provider: view.provider },
      }));
    },
    async create(caller, { provider, ...entry }, work) {
      requireAccess(caller, createKey.action);
      const { key, ...view } = await keys.create({ ...entry, ...(provider === null ? {} : { provider }) }, work);
      tellKeyChange(work, null, view);
      return { id: view.id, secret: key };
    },
    async remove(caller, { id }, work) {
      requireAccess(caller, revokeKey.action);
      if (id === caller.keyId) {
        throw new AppError(
          "conflict",
          "it is the key that you use now, and the file does not have it. Add it, or use another key.",
        );
      }
      const { before, after } = await keys.revoke(id, work);
      tellKeyChange(work, before, after);
    },
  });
}
