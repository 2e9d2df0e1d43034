// Shows limits as people say them: $50.00 a month, 600 requests a minute.

import type { AlertView, LimitStatus, LimitView } from "@auxot/wire/operations/limits";
import { formatCell, formatField } from "./cells.ts";
import { column, type Column } from "./column.ts";
import { renderTable } from "./table.ts";

type Rule = Pick<LimitView, "measure" | "window" | "amount">;

/** `$50.00 a month`, `600 requests a minute`, `4 requests at once`. */
function explainRule(rule: Rule): string {
  const { measure, window, amount } = rule;
  const every = window === null ? "" : ` a ${window}`;
  switch (measure) {
    case "money":
      return `${formatField(rule, "amount")}${every}`;
    case "concurrency":
      return `${amount.toLocaleString("en")} requests at once`;
    case "requests":
    case "tokens":
      return `${amount.toLocaleString("en")} ${measure}${every}`;
  }
}

const subjectColumn = column("FOR", ({ subject, subjectId }: Pick<LimitView, "subject" | "subjectId">) =>
  subject === "org" ? "everybody" : subjectId,
);

export const limitColumns: readonly Column[] = [
  column("ID", (limit: LimitView) => limit.id),
  subjectColumn,
  column("LIMIT", explainRule),
  column("THEN", (limit: LimitView) => limit.action),
  column("MODEL", (limit: LimitView) => formatCell("model", limit.model)),
];

export const alertColumns: readonly Column[] = [
  column("AT", (alert: AlertView) => formatCell("at", alert.at)),
  subjectColumn,
  column("LIMIT", explainRule),
  column("USED", (alert: AlertView) => formatField(alert, "used")),
  column("SPENT", (alert: AlertView) => `${alert.percent} %`),
  column("LIMIT ID", (alert: AlertView) => alert.limitId),
];

export function renderLimitStatus({ limits }: { readonly limits: readonly LimitStatus[] }): string {
  if (limits.length === 0) return "No limit counts for you.\n";
  const rows = limits.map((limit) => [
    limit.subject === "org" ? "everybody" : limit.subjectId,
    explainRule(limit),
    formatField(limit, "used"),
    formatField(limit, "remaining"),
    formatCell("resetsAt", limit.resetsAt),
    limit.action,
    limit.id,
  ]);
  return renderTable(["FOR", "LIMIT", "USED", "LEFT", "BEGINS ANEW", "THEN", "ID"], rows);
}
