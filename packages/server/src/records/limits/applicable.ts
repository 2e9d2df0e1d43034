// Limits as a file declares them: by whom they are for and what they count. Everything is done by the operations on limits.

import {
  limitActions,
  limitAmountSchema,
  limitMeasures,
  limitWindows,
  modelPatternSchema,
  findContradiction,
} from "@auxot/wire/limit";
import { createLimit, listLimits, removeLimit, updateLimit } from "@auxot/wire/operations/limits";
import { z } from "zod";
import { asSeen, findChanged, requireSame, type AnyApplicable } from "../../operations/applicable.ts";
import { createApplicable } from "../../operations/create-applicable.ts";
import { chooseOperation, type AnyOperationHandler } from "../../operations/handler.ts";
import { referenceSchema } from "../../operations/names.ts";

const entrySchema = z
  .strictObject({
    subject: referenceSchema(["team", "service", "user", "key"], "or org"),
    measure: z.enum(limitMeasures),
    window: z.enum(limitWindows).nullable().default(null),
    amount: limitAmountSchema,
    action: z.enum(limitActions).default("block"),
    model: modelPatternSchema.nullable().default(null),
  })
  .superRefine((entry, context) => {
    const problem = findContradiction(entry);
    if (problem !== undefined) context.addIssue({ code: "custom", ...problem, path: [...problem.path] });
  });
type Entry = z.infer<typeof entrySchema>;
type Plain = Omit<Entry, "subject"> & { readonly subject: string };

/** `handlers` has those of limits. `subject` of a plain entry is an id, or `org`. */
export function createLimitApplicable(handlers: readonly AnyOperationHandler[]): AnyApplicable {
  const list = chooseOperation(handlers, listLimits);
  const create = chooseOperation(handlers, createLimit);
  const update = chooseOperation(handlers, updateLimit);
  const remove = chooseOperation(handlers, removeLimit);
  return createApplicable<Entry, Plain>({
    noun: "limits",
    kind: "limit",
    entry: entrySchema,
    hasIds: true,
    read: async (entry, names, at) => ({ ...entry, subject: await names.find(entry.subject, at("subject")) }),
    write: async (entry, names) => ({ ...entry, subject: (await names.tell(entry.subject)) ?? entry.subject }),
    // One that warns and one that blocks stand beside each other well.
    identify: (plain) => `${identifyCounter(plain)} ${plain.action}`,
    findOthers(plain, left) {
      const others = left.filter(({ entry }) => identifyCounter(entry) === identifyCounter(plain));
      return others.length === 1 ? others : [];
    },
    async title({ subject, measure, window, model }, names) {
      const what = `${measure}${window === null ? "" : ` a ${window}`}${model === null ? "" : ` of ${model}`}`;
      return `${await names.call(subject)}: ${what}`;
    },
    async list(caller, work, names) {
      const found = (await list.all(caller, { sort: "createdAt" }, work)).map(async (view) => {
        const { id, version, measure, window, amount, action, model } = view;
        const subject = view.subject === "org" ? "org" : view.subjectId;
        const isGone = (await names.tell(subject)) === undefined;
        return { id, version, isGone, entry: { subject, measure, window, amount, action, model } };
      });
      return Promise.all(found);
    },
    create: (caller, { subject, ...entry }, work) => create.run(caller, { ...toSubject(subject), ...entry }, work),
    async update(caller, before, entry, work) {
      requireSame(before.entry, entry, ["subject", "measure", "window", "model"]);
      const changed = findChanged(before.entry, entry, ["amount", "action"]);
      await update.run(caller, { id: before.id, ...changed, ...asSeen(before) }, work);
    },
    remove: async (caller, { id }, work) => void (await remove.run(caller, { id }, work)),
  });
}

function identifyCounter({ subject, measure, window, model }: Plain): string {
  return JSON.stringify([subject, measure, window, model]);
}

function toSubject(subject: string) {
  if (subject === "org") return { subject } as const;
  const types = { tem: "team", svc: "service", usr: "user", key: "key" } as const;
  const prefix = subject.slice(0, 3);
  if (prefix === "tem" || prefix === "svc" || prefix === "usr" || prefix === "key") {
    return { subject: types[prefix], subjectId: subject } as const;
  }
  throw new Error(`${subject} is nobody a limit can be for.`);
}
