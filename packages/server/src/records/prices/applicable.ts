// The organisation's own prices and comparisons as a file declares them. The vendored list is no part of it. Everything is
// done by the operations on prices.

import { isDeepStrictEqual } from "node:util";
import {
  listComparisons,
  listPrices,
  removeComparison,
  removePrice,
  setComparison,
  setPrice,
} from "@auxot/wire/operations/prices";
import { priceSchema } from "@auxot/wire/price";
import { z } from "zod";
import type { AnyApplicable, Existing } from "../../operations/applicable.ts";
import { createApplicable } from "../../operations/create-applicable.ts";
import { chooseOperation, type AnyOperationHandler } from "../../operations/handler.ts";

const pattern = z.string().trim().toLowerCase().min(1).max(200);

const entrySchema = z
  .strictObject({
    model: pattern,
    provider: z.string().trim().min(1).max(100).nullable().default(null),
    ...priceSchema.shape,
    /** Null: what it costs now, since whenever. */
    effectiveFrom: z.iso.datetime({ offset: true }).nullable().default(null),
  })
  .transform((entry) => ({
    ...entry,
    effectiveFrom: entry.effectiveFrom === null ? null : new Date(entry.effectiveFrom).toISOString(),
  }));
type Entry = z.infer<typeof entrySchema>;

/** `handlers` has those of prices. */
export function createPriceApplicable(handlers: readonly AnyOperationHandler[]): AnyApplicable {
  const list = chooseOperation(handlers, listPrices);
  const set = chooseOperation(handlers, setPrice);
  const remove = chooseOperation(handlers, removePrice);

  return createApplicable<Entry, Entry>({
    noun: "prices",
    kind: "price",
    entry: entrySchema,
    read: (entry) => Promise.resolve(entry),
    write: (entry) => Promise.resolve(entry),
    identify: ({ effectiveFrom, ...entry }) => `${identifyModel(entry)} ${effectiveFrom ?? "now"}`,
    findOthers(plain, left, now) {
      const current = plain.effectiveFrom === null ? findCurrent(plain, left, now) : undefined;
      return current === undefined ? [] : [current];
    },
    title: ({ model, provider }) => (provider === null ? model : `${provider}/${model}`),
    async list(caller, work) {
      return (await list.all(caller, {}, work)).map((view) => {
        const { id, createdAt: _, createdBy: _who, removedAt: _then, removedBy: _whom, ...entry } = view;
        return { id, entry };
      });
    },
    create: (caller, entry, work) => set.run(caller, withoutNulls(entry), work),
    isPast(one, kept, now) {
      const current = findCurrent(one.entry, kept, now);
      return current !== undefined && timeOf(current.entry) > timeOf(one.entry);
    },
    async update(caller, { entry: before }, entry, work) {
      if (isDeepStrictEqual({ ...entry, effectiveFrom: before.effectiveFrom }, before)) return;
      await set.run(caller, withoutNulls(entry), work);
    },
    remove: async (caller, { id }, work) => void (await remove.run(caller, { id }, work)),
  });
}

const comparisonSchema = z.strictObject({
  model: pattern,
  /** null: nothing is compared. */
  cloudModel: z.string().trim().min(1).max(200).nullable(),
});
type Comparison = z.infer<typeof comparisonSchema>;

/** `handlers` has those of comparisons. */
export function createComparisonApplicable(handlers: readonly AnyOperationHandler[]): AnyApplicable {
  const list = chooseOperation(handlers, listComparisons);
  const set = chooseOperation(handlers, setComparison);
  const remove = chooseOperation(handlers, removeComparison);
  return createApplicable<Comparison, Comparison>({
    noun: "comparisons",
    kind: "price-comparison",
    entry: comparisonSchema,
    read: (entry) => Promise.resolve(entry),
    write: (entry) => Promise.resolve(entry),
    identify: ({ model }) => model,
    title: ({ model }) => model,
    async list(caller, work) {
      return (await list.all(caller, {}, work)).map(({ model, cloudModel }) => {
        return { id: model, entry: { model, cloudModel } };
      });
    },
    async create(caller, entry, work) {
      await set.run(caller, entry, work);
      return { id: entry.model };
    },
    update: async (caller, _before, entry, work) => void (await set.run(caller, entry, work)),
    remove: async (caller, { id }, work) => void (await remove.run(caller, { model: id }, work)),
  });
}

/** Of the same model and provider, the price that holds now. */
function findCurrent(plain: Entry, left: readonly Existing<Entry>[], now: Date): Existing<Entry> | undefined {
  return left
    .filter(({ entry }) => identifyModel(entry) === identifyModel(plain))
    .filter(({ entry }) => timeOf(entry) <= now.toISOString())
    .toSorted((a, b) => (timeOf(a.entry) < timeOf(b.entry) ? 1 : -1))[0];
}

/** All are written alike, in UTC, so that they compare as texts. */
function timeOf({ effectiveFrom }: Entry): string {
  return effectiveFrom ?? "";
}

function identifyModel({ model, provider }: Pick<Entry, "model" | "provider">): string {
  return JSON.stringify([model, provider]);
}

/** The operation takes what is not said as null. */
function withoutNulls({ provider, effectiveFrom, ...entry }: Entry) {
  return {
    ...entry,
    ...(provider === null ? {} : { provider }),
    ...(effectiveFrom === null ? {} : { effectiveFrom }),
  };
}
