// The command that shows live workers.

import { listWorkers, type WorkerView } from "@auxot/wire/operations/workers";
import type { Command } from "./command.ts";
import { renderTable } from "./table.ts";

export const workersList: Command = {
  name: "workers",
  summary: listWorkers.summary,
  positionals: [],
  options: {},
  async run({ isJson, terminal, url }, client) {
    const output = await client().call(listWorkers, {});
    if (isJson) {
      terminal.out(`${JSON.stringify(output, null, 2)}\n`);
      return 0;
    }
    if (output.items.length === 0) {
      terminal.err(
        "No worker is connected. To connect one, on its machine:\n" +
          `  AUXOT_WORKER_KEY=axw_… npx auxot-worker gpu --router ${url}\n` +
          "and a key for it: npx auxot keys create --name NAME --worker\n",
      );
      return 0;
    }
    const rows = output.items.map((worker) => [
      worker.name,
      worker.state,
      worker.kind,
      worker.provider,
      worker.models.map(({ model }) => model).join(", ") || "-",
      worker.models.map((model) => formatRoom(model, terminal.now())).join(", ") || "-",
      formatAge(terminal.now() - Date.parse(worker.lastSeenAt)),
    ]);
    terminal.out(renderTable(["NAME", "STATE", "TIER", "PROVIDER", "MODELS", "BUSY", "LAST SEEN"], rows));
    return 0;
  },
};

/** "1/4": slots that run a job, of all. "rests 3 h" while a limit is used up. */
function formatRoom({ busySlots, slots, restsUntil }: WorkerView["models"][number], now: number): string {
  const restMs = restsUntil === undefined ? 0 : Date.parse(restsUntil) - now;
  return restMs > 0 ? `rests ${formatSpan(restMs)}` : `${busySlots}/${slots}`;
}

/** E.g. "3 s ago". A clock that runs behind the router's gives "0 s ago". */
export function formatAge(ageMs: number): string {
  return `${formatSpan(ageMs)} ago`;
}

function formatSpan(spanMs: number): string {
  const seconds = Math.max(0, Math.round(spanMs / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}
