// Named secrets as a file declares them: by name and whom they are for. Their values are in no file and no export: whoever
// sends a file reads them from elsewhere. Everything is done by the operations on secrets.

import { listSecrets, removeSecret, setSecret } from "@auxot/wire/operations/secrets";
import { AppError } from "@auxot/wire/errors";
import { z } from "zod";
import { asSeen, type AnyApplicable } from "../../operations/applicable.ts";
import { createApplicable } from "../../operations/create-applicable.ts";
import { chooseOperation, type AnyOperationHandler } from "../../operations/handler.ts";
import { referenceSchema } from "../../operations/names.ts";

const entrySchema = z.strictObject({
  name: z.string().min(1).max(100),
  scope: referenceSchema(["team", "service", "user"], "or org").default("org"),
  description: z.string().max(500).default(""),
  /** Where the sender reads the value: for people here. */
  valueFrom: z.strictObject({ env: z.string().min(1).max(200) }).optional(),
  value: z.string().min(1).max(65_536).optional(),
});
type Entry = z.infer<typeof entrySchema>;
type Plain = {
  readonly name: string;
  /** `org`, or whom it is for, by id. */
  readonly scope: string;
  readonly description: string;
  /** Only of what is declared. */
  readonly value?: string;
  readonly env?: string;
};

/** `handlers` has those of secrets. */
export function createSecretApplicable(handlers: readonly AnyOperationHandler[]): AnyApplicable {
  const list = chooseOperation(handlers, listSecrets);
  const set = chooseOperation(handlers, setSecret);
  const remove = chooseOperation(handlers, removeSecret);
  return createApplicable<Entry, Plain>({
    noun: "secrets",
    kind: "secret",
    entry: entrySchema,
    async read({ name, scope, description, value, valueFrom }, names, at) {
      const plain = { name, scope: await names.find(scope, at("scope")), description };
      return { ...plain, ...(value === undefined ? {} : { value }), ...(valueFrom === undefined ? {} : valueFrom) };
    },
    async write({ name, scope, description }, names) {
      return { name, scope: (await names.tell(scope)) ?? scope, description };
    },
    identify: ({ name, scope }) => `${scope} ${name}`,
    title: async ({ name, scope }, names) => (scope === "org" ? name : `${name} of ${await names.call(scope)}`),
    async list(caller, work, names) {
      const found = (await list.all(caller, {}, work)).map(async ({ id, version, name, scopeId, description }) => {
        const scope = scopeId ?? "org";
        return { id, version, isGone: (await names.tell(scope)) === undefined, entry: { name, scope, description } };
      });
      return Promise.all(found);
    },
    async create(caller, { value, ...plain }, work) {
      if (value === undefined) throw explainMissing(plain, "there is no such secret yet, and no value for it");
      // Version 0: only when nobody made it meanwhile.
      return set.run(caller, { ...toPlace(plain), value, description: plain.description, version: 0 }, work);
    },
    async update(caller, before, { value, ...plain }, work, { setSecrets }) {
      const isDescribed = before.entry.description === plain.description;
      // Nobody finds out a value by declaring guesses of it: it is set or left, never compared.
      if (isDescribed && !setSecrets) return;
      if (value !== undefined) {
        await set.run(caller, { ...toPlace(plain), value, description: plain.description, ...asSeen(before) }, work);
      } else if (!isDescribed) {
        throw explainMissing(plain, "its description changes together with its value, and there is no value for it");
      }
    },
    remove: async (caller, { id }, work) => void (await remove.run(caller, { id }, work)),
  });
}

function explainMissing({ env }: Omit<Plain, "value">, what: string): AppError {
  const hint =
    env === undefined
      ? "Say where it is with valueFrom: {env: NAME}"
      : `Set the environment variable ${env} where the file is applied`;
  return new AppError("invalid_request", `${what}. ${hint}, or the secret itself with \`npx auxot secrets set\`.`);
}

function toPlace({ name, scope }: Pick<Plain, "name" | "scope">) {
  if (scope === "org") return { name, scope } as const;
  return { name, scope: scope.startsWith("tem_") ? "team" : "user", scopeId: scope } as const;
}
