// Does what wire/operations/prices.ts declares.

import { AppError } from "@auxot/wire/errors";
import { createId, idPrefixes } from "@auxot/wire/ids";
import type { Tier } from "@auxot/wire/model-offer";
import {
  findPrice,
  listComparisons,
  listPriceHistory,
  listPrices,
  removeComparison,
  removePrice,
  setComparison,
  setPrice,
  type ComparisonView,
  type PriceEntryView,
} from "@auxot/wire/operations/prices";
import { eraseHandler, type AnyOperationHandler } from "../../operations/handler.ts";
import { requireAccess } from "../../platform/access/may.ts";
import type { Caller } from "../../platform/caller.ts";
import type { Prices } from "./prices.ts";
import type { ComparisonRow, PriceRow, PriceStore } from "./store.ts";

export type PriceOperationsDeps = {
  readonly store: Omit<PriceStore, "load">;
  readonly prices: Prices;
  /** Of the providers there are, by name. */
  findTier(provider: string): Tier | undefined;
};

/** The handlers of `prices.*` and `comparisons.*`. */
export function createPriceOperations(deps: PriceOperationsDeps): readonly AnyOperationHandler[] {
  return [...createEntryOperations(deps), ...createComparisonOperations(deps)];
}

function createEntryOperations({ store, prices, findTier }: PriceOperationsDeps): readonly AnyOperationHandler[] {
  return [
    eraseHandler({
      operation: listPrices,
      handle: async (_caller, input, { tx }) => toPage(await store.list(tx, input, true), toView),
    }),
    eraseHandler({
      operation: listPriceHistory,
      handle: async (_caller, input, { tx }) => toPage(await store.list(tx, input, false), toView),
    }),
    eraseHandler({
      operation: findPrice,
      handle(_caller, { model, provider, at }, { now }) {
        const tier = findTier(provider);
        if (tier === undefined) throw new AppError("not_found", `There is no provider named "${provider}".`);
        const question = { model, provider, tier, at: at === undefined ? now.getTime() : Date.parse(at) };
        return Promise.resolve({ tier, ...prices.explain(question) });
      },
    }),
    eraseHandler({
      operation: setPrice,
      async handle(caller, { model, provider = null, effectiveFrom, ...price }, { tx, now, changed, afterCommit }) {
        requireAccess(caller, setPrice.action);
        if (provider !== null && findTier(provider) === undefined) {
          throw new AppError("invalid_request", `provider: there is no provider named "${provider}".`, {
            param: "provider",
          });
        }
        const row: PriceRow = {
          id: createId(idPrefixes.price),
          model,
          provider,
          price,
          effectiveFrom: effectiveFrom === undefined ? now : new Date(effectiveFrom),
          createdAt: now,
          createdBy: nameCaller(caller),
          removedAt: null,
          removedBy: null,
        };
        const before = await store.replace(tx, row);
        const after = toView(row);
        changed({
          kind: "price",
          id: row.id,
          name: model,
          before: before === undefined ? null : toView(before),
          after,
        });
        afterCommit(() => prices.reload());
        return after;
      },
    }),
    eraseHandler({
      operation: removePrice,
      async handle(caller, { id }, { tx, now, changed, afterCommit }) {
        requireAccess(caller, removePrice.action);
        const row = await store.find(tx, id);
        if (row === undefined) throw new AppError("not_found", `There is no price in use with the id "${id}".`);
        await store.remove(tx, id, now, nameCaller(caller));
        changed({ kind: "price", id, name: row.model, before: toView(row), after: null });
        afterCommit(() => prices.reload());
        return toView({ ...row, removedAt: now, removedBy: nameCaller(caller) });
      },
    }),
  ];
}

function createComparisonOperations({ store, prices }: PriceOperationsDeps): readonly AnyOperationHandler[] {
  return [
    eraseHandler({
      operation: listComparisons,
      handle: async (_caller, input, { tx }) => toPage(await store.listComparisons(tx, input), toComparisonView),
    }),
    eraseHandler({
      operation: setComparison,
      async handle(caller, input, { tx, now, changed, afterCommit }) {
        requireAccess(caller, setComparison.action);
        const found = await store.findComparison(tx, input.model);
        const row = { ...input, updatedAt: now, updatedBy: nameCaller(caller) };
        await store.setComparison(tx, row);
        const before = found === undefined ? null : toComparisonView(found);
        const after = toComparisonView(row);
        changed({ kind: "price-comparison", id: row.model, name: row.model, before, after });
        afterCommit(() => prices.reload());
        return after;
      },
    }),
    eraseHandler({
      operation: removeComparison,
      async handle(caller, { model }, { tx, changed, afterCommit }) {
        requireAccess(caller, removeComparison.action);
        const row = await store.findComparison(tx, model);
        if (row === undefined) throw new AppError("not_found", `Nothing is set for the local model "${model}".`);
        await store.removeComparison(tx, model);
        changed({ kind: "price-comparison", id: model, name: model, before: toComparisonView(row), after: null });
        afterCommit(() => prices.reload());
        return toComparisonView(row);
      },
    }),
  ];
}

/** Who did it, for the history. */
function nameCaller({ principal, keyId }: Caller): string {
  return principal.type === "system" ? keyId : principal.id;
}

function toPage<Row, View>(
  { rows, nextCursor }: { readonly rows: readonly Row[]; readonly nextCursor: string | null },
  toItem: (row: Row) => View,
): { items: View[]; nextCursor: string | null } {
  return { items: rows.map(toItem), nextCursor };
}

function toView({ price, effectiveFrom, createdAt, removedAt, ...row }: PriceRow): PriceEntryView {
  return {
    ...row,
    ...price,
    effectiveFrom: effectiveFrom.toISOString(),
    createdAt: createdAt.toISOString(),
    removedAt: removedAt?.toISOString() ?? null,
  };
}

function toComparisonView({ updatedAt, ...row }: ComparisonRow): ComparisonView {
  return { ...row, updatedAt: updatedAt.toISOString() };
}
