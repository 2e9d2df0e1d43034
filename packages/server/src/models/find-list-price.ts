// The price table: what clouds ask for models, from the vendored data set. Pure; the data is in price-table.json.

import { freePrice, priceSchema, type Price } from "@auxot/wire/price";
import { z } from "zod";
import { listModelIds } from "./normalize-id.ts";
import tableData from "./price-table.json" with { type: "json" };

const models = new Map(
  Object.entries(z.record(z.string(), z.record(z.string(), priceSchema)).parse(tableData.models)).map(([id, row]) => [
    id,
    new Map(Object.entries(row)),
  ]),
);
const makers = new Set(tableData.makers);

/** A name without a dot, an address, or a name of private networks: what runs there is sold by nobody we know. */
const privateHost = /^(?:[^.]*|.*\.(?:localhost|local|internal|lan|test)|\d+(?:\.\d+){3}|\[.*\])$/;

/**
 * What the host at `baseUrl` asks; of a public host the table does not know, what the maker of the model asks. Undefined
 * where nobody can say, so for what runs in a private network.
 */
export function findListPrice(model: string, baseUrl: string): Price | undefined {
  // A host's word for a variant that costs nothing.
  if (model.toLowerCase().endsWith(":free")) return freePrice;
  const row = findRow(model);
  const host = URL.parse(baseUrl)?.hostname ?? "";
  if (row === undefined || privateHost.test(host)) return undefined;
  return findOfHost(row, host) ?? findOfMaker(row);
}

/** What the model would cost at a cloud: its maker's price, else that of whoever asks least. */
export function findCloudPrice(model: string): Price | undefined {
  const row = findRow(model);
  if (row === undefined) return undefined;
  const cheapest = [...row.values()].toSorted((a, b) => sum(a) - sum(b))[0];
  return findOfMaker(row) ?? cheapest;
}

type Row = ReadonlyMap<string, Price>;

function findRow(model: string): Row | undefined {
  for (const id of listModelIds(model)) {
    const row = models.get(id);
    if (row !== undefined) return row;
  }
  return undefined;
}

function findOfHost(row: Row, host: string): Price | undefined {
  for (const [name, price] of row) if (host === name || host.endsWith(`.${name}`)) return price;
  return undefined;
}

function findOfMaker(row: Row): Price | undefined {
  for (const [host, price] of row) if (makers.has(host)) return price;
  return undefined;
}

function sum({ inputMicroUsd, outputMicroUsd }: Price): number {
  return inputMicroUsd + outputMicroUsd;
}
