// Shows what somebody may do, and why.

import type { Explanation } from "@auxot/wire/operations/access";
import { formatCell } from "./cells.ts";
import { renderTable } from "./table.ts";

const kinds = { user: "a person", service: "a service account", team: "a team", key: "a key" } as const;

/** Of one action the verdict and where it comes from; without one a table of all. */
export function renderAccess({ subject, verdict, rights }: Explanation): string {
  const who = `${formatCell("name", subject.name)} (${subject.id}) is ${kinds[subject.type]}`;
  const state = subject.active ? "" : ", which can do nothing now: disabled, removed or expired";
  const shown = verdict === null ? rights : rights.filter(({ action }) => action === verdict.action);
  const rows = shown.flatMap(({ action, sources }) =>
    sources.map(({ reach, because }, index) => [
      index === 0 ? action : "",
      reaches[reach],
      formatCell("because", because),
    ]),
  );
  const answer =
    verdict === null
      ? rights.length === 0
        ? "They may do nothing.\n"
        : ""
      : `${verdict.action} is ${verdict.allowed ? "allowed" : "not allowed"}, because ${formatCell("because", verdict.because)}.\n`;
  const table = rows.length === 0 ? "" : `\n${renderTable(["ACTION", "ON", "BECAUSE"], rows)}`;
  return `${who}${state}.\n${answer}${table}`;
}

const reaches = { everything: "everything", team: "a team's", own: "their own", shared: "what is shared" } as const;
