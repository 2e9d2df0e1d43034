// Shows models with what they cost for a million tokens.

import type { ModelView, VisibilityView } from "@auxot/wire/operations/models";
import type { Price } from "@auxot/wire/price";
import { formatCell } from "./cells.ts";
import { column, type Column } from "./column.ts";

export const modelColumns: readonly Column[] = [
  column("MODEL", (model: ModelView) => model.id),
  column("TIER", (model: ModelView) => model.tier),
  column("ALSO CALLED", (model: ModelView) => formatCell("aliases", model.aliases)),
  column("CONTEXT", (model: ModelView) => formatCell("contextTokens", model.contextTokens)),
  column("INPUT $/M", ({ price }: ModelView) => formatRate(price, (rates) => rates.inputMicroUsd)),
  column("OUTPUT $/M", ({ price }: ModelView) => formatRate(price, (rates) => rates.outputMicroUsd)),
  column("PRICE FROM", (model: ModelView) => model.priceFrom ?? "-"),
  column("IN THE CLOUD", formatCloudPrice),
  column("SEEN BY", (model: ModelView) => describeSeers(model.visibleTo)),
  column("STATE", (model: ModelView) => (model.available ? "ready" : "away")),
];

export const visibilityColumns: readonly Column[] = [
  column("MODEL", (rule: VisibilityView) => rule.model),
  column("SEEN BY", (rule: VisibilityView) => describeSeers(rule.teams)),
];

/** What is not said costs as input. `+`: long inputs cost more. */
function formatRate(price: Price | null, pick: (price: Price) => number | undefined): string {
  if (price === null) return "-";
  return formatCell("MicroUsd", pick(price) ?? price.inputMicroUsd) + (price.longInputs === undefined ? "" : "+");
}

/** "$0.40 / $1.60 (gpt-4.1-mini)": input and output of the cloud model that a worker's is compared with. */
function formatCloudPrice({ cloudPrice: price, cloudModel }: ModelView): string {
  if (cloudModel === null) return "-";
  const rates = [formatRate(price, (one) => one.inputMicroUsd), formatRate(price, (one) => one.outputMicroUsd)];
  return `${price === null ? "unknown" : rates.join(" / ")} (${formatCell("cloudModel", cloudModel)})`;
}

function describeSeers(teams: readonly string[] | null): string {
  if (teams === null) return "everybody";
  return teams.length === 0 ? "administrators" : teams.join(", ");
}
