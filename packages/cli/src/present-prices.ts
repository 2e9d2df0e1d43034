// Shows prices: dollars for a million tokens, and from when on.

import type { PriceEntryView } from "@auxot/wire/operations/prices";
import { formatCell } from "./cells.ts";
import { column, type Column } from "./column.ts";

export const priceColumns: readonly Column[] = [
  column("ID", (price: PriceEntryView) => price.id),
  column("MODEL", (price: PriceEntryView) => formatCell("model", price.model)),
  column("PROVIDER", (price: PriceEntryView) => price.provider ?? "all clouds"),
  column("INPUT", (price: PriceEntryView) => formatCell("inputMicroUsd", price.inputMicroUsd)),
  column("CACHED", (price: PriceEntryView) => formatCell("cachedInputMicroUsd", price.cachedInputMicroUsd)),
  column("OUTPUT", (price: PriceEntryView) => formatCell("outputMicroUsd", price.outputMicroUsd)),
  column("EACH", (price: PriceEntryView) => formatCell("requestMicroUsd", price.requestMicroUsd)),
  column("FROM", (price: PriceEntryView) => formatCell("effectiveFrom", price.effectiveFrom)),
];
