// Keys as a file declares them: by name, whose they are and what they are held to, never their texts. Everything is done by
// the operations on keys.

import { createKey, listKeys, revokeKey, updateKey } from "@auxot/wire/operations/keys";
import { z } from "zod";
import { AppError } from "@auxot/wire/errors";
import { asSeen, findChanged, requireSame, type AnyApplicable } from "../../operations/applicable.ts";
import { createApplicable } from "../../operations/create-applicable.ts";
import { chooseOperation, type AnyOperationHandler } from "../../operations/handler.ts";
import { referenceSchema } from "../../operations/names.ts";
import { builtInProvider } from "../../platform/built-in-provider.ts";
import type { Keys } from "./keys.ts";

const limit = z.array(z.string()).nullable().default(null);

const entrySchema = z
  .strictObject({
    name: z.string().trim().min(1).max(100),
    description: z.string().trim().max(2000).default(""),
    kind: z.enum(["caller", "worker"]).default("caller"),
    owner: z
      .union([z.string().regex(/^(usr|svc|tem)_./), referenceSchema(["team", "service", "user"], "or org")], {
        error: "must be org, or {team: NAME} or {service: NAME} or {user: E-MAIL}",
      })
      .default("org"),
    admin: z.boolean().default(false),
    provider: z.string().min(1).max(100).nullable().default(null),
    scopes: limit,
    models: limit,
    agents: limit,
    ipRanges: limit,
    expiresAt: z.iso.datetime().nullable().default(null),
  })
  .transform((entry) => ({
    ...entry,
    provider: entry.kind === "worker" ? (entry.provider ?? builtInProvider) : entry.provider,
    expiresAt: entry.expiresAt === null ? null : new Date(entry.expiresAt).toISOString(),
  }));
type Entry = z.infer<typeof entrySchema>;
type Plain = Omit<Entry, "owner"> & { readonly owner: string };

/** What makes it another key: it cannot be changed. */
const fixed = ["kind", "owner", "admin", "provider"] as const;
const changeable = ["name", "description", "scopes", "models", "agents", "ipRanges", "expiresAt"] as const;

/** Keys that the configuration at start or the router itself declares are no part of it. `handlers` has those of keys. */
export function createKeyApplicable(
  handlers: readonly AnyOperationHandler[],
  keys: Pick<Keys, "listDeclarable">,
): AnyApplicable {
  const list = chooseOperation(handlers, listKeys);
  const create = chooseOperation(handlers, createKey);
  const update = chooseOperation(handlers, updateKey);
  const revoke = chooseOperation(handlers, revokeKey);
  return createApplicable<Entry, Plain>({
    noun: "keys",
    kind: "key",
    entry: entrySchema,
    hasIds: true,
    called: {
      kind: "key",
      async list(caller, work) {
        return (await list.all(caller, { sort: "createdAt" }, work)).filter(({ revokedAt }) => revokedAt === null);
      },
    },
    async read({ owner, ...entry }, names, at) {
      return { ...entry, owner: typeof owner === "string" ? owner : await names.find(owner, at("owner")) };
    },
    write: async (entry, names) => ({ ...entry, owner: (await names.tell(entry.owner)) ?? entry.owner }),
    identify: ({ name }) => name,
    title: ({ name }) => name,
    async list(caller, work) {
      const declarable = await keys.listDeclarable(work.tx, caller);
      const views = await list.all(caller, { sort: "createdAt" }, work);
      return views
        .filter(({ id }) => declarable.has(id))
        .map(({ id, version, name, description, kind, owner, admin, provider, expiresAt, ...held }) => {
          const { scopes, models, agents, ipRanges } = held;
          const limits = { scopes, models, agents, ipRanges, expiresAt };
          return {
            id,
            version,
            entry: { name, description, kind, owner: owner.id ?? "org", admin, provider, ...limits },
          };
        });
    },
    async create(caller, entry, work) {
      // A limit that is null is said by leaving it out: the operation then knows that nothing was asked.
      const asked = Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== null));
      const { id, key } = await create.run(caller, { ...asked, name: entry.name }, work);
      return { id, secret: key };
    },
    async update(caller, before, entry, work) {
      requireSame(before.entry, entry, fixed);
      const changed = findChanged(before.entry, entry, changeable);
      await update.run(caller, { id: before.id, ...changed, ...asSeen(before) }, work);
    },
    async remove(caller, { id }, work) {
      if (id === caller.keyId) {
        throw new AppError(
          "conflict",
          "it is the key that you use now, and the file does not have it. Add it, or use another key.",
        );
      }
      await revoke.run(caller, { id }, work);
    },
  });
}
