// What some operations say better than the rendering made of their declaration does. An operation without a row here is
// a command all the same.

import type { KeyView } from "@auxot/wire/operations/keys";
import type { AlertView, LimitView } from "@auxot/wire/operations/limits";
import type { ModelView } from "@auxot/wire/operations/models";
import type { WorkerView } from "@auxot/wire/operations/workers";
import type { Price } from "@auxot/wire/price";
import { formatCell, formatSpan } from "./cells.ts";
import type { Terminal } from "./command.ts";

export type Presenter = {
  /** The columns of a list, in order. */
  readonly columns?: readonly Column[];
  /** What to say when a list is empty. */
  readonly hint?: (url: string) => string;
  /** Switches that stand for other options: `--worker` for `--kind worker`. */
  readonly switches?: Readonly<
    Record<string, { readonly summary: string; readonly sets: Readonly<Record<string, string>> }>
  >;
  /** How what was removed is called in the sentence that says so, instead of its id. */
  readonly nameField?: string;
};

export type Column = { readonly heading: string; read(item: never, terminal: Pick<Terminal, "now">): string };

/** By the operation's name. */
export const presenters: Readonly<Record<string, Presenter>> = {
  "alerts.list": {
    columns: [
      column("AT", (alert: AlertView) => formatCell("at", alert.at)),
      column("SPENT", (alert: AlertView) => `${alert.percent} %`),
      column("USED", (alert: AlertView) => formatAmount(alert, alert.used)),
      column("OF", (alert: AlertView) => formatAmount(alert, alert.amount)),
      column("MEASURE", (alert: AlertView) => alert.measure),
      column("WINDOW", (alert: AlertView) => alert.window),
      column("FOR", formatSubject),
      column("LIMIT", (alert: AlertView) => alert.limitId),
    ],
    hint: () => "No budget is half spent yet.\n",
  },
  "keys.create": {
    switches: {
      worker: { summary: "a worker's key (axw_…) instead of a caller's (axk_…)", sets: { kind: "worker" } },
    },
  },
  "keys.list": {
    columns: [
      column("ID", (key: KeyView) => key.id),
      column("NAME", (key: KeyView) => formatCell("name", key.name)),
      column("KIND", (key: KeyView) => (key.kind === "worker" ? "worker" : key.admin ? "admin" : "caller")),
      column("PROVIDER", (key: KeyView) => key.provider ?? "-"),
      column("KEY", (key: KeyView) => key.masked),
      column("CREATED", (key: KeyView) => key.createdAt.slice(0, 10)),
      column("STATE", (key: KeyView) => (key.revokedAt === null ? "active" : `revoked ${key.revokedAt.slice(0, 10)}`)),
    ],
    hint: () => "There are no keys yet. Make one: npx auxot keys create --name NAME\n",
  },
  "keys.revoke": { nameField: "masked" },
  "limits.list": {
    columns: [
      column("ID", (limit: LimitView) => limit.id),
      column("FOR", formatSubject),
      column("MEASURE", (limit: LimitView) => limit.measure),
      column("WINDOW", (limit: LimitView) => formatCell("window", limit.window)),
      column("AMOUNT", (limit: LimitView) => formatAmount(limit, limit.amount)),
      column("ACTION", (limit: LimitView) => limit.action),
      column("MODEL", (limit: LimitView) => formatCell("model", limit.model)),
      column("VERSION", (limit: LimitView) => String(limit.version)),
    ],
    hint: () => "Nobody has limits. To set one: npx auxot limits create --help\n",
  },
  "models.list": {
    columns: [
      column("ID", (model: ModelView) => formatCell("id", model.id)),
      column("ALIASES", (model: ModelView) => formatCell("aliases", model.aliases)),
      column("TIER", (model: ModelView) => model.tier),
      column("AVAILABLE", (model: ModelView) => formatCell("available", model.available)),
      column("CONTEXT", (model: ModelView) => formatCell("contextTokens", model.contextTokens)),
      column("INPUT $/M", ({ price }: ModelView) => formatRate(price, (rates) => rates.inputMicroUsd)),
      column("CACHED $/M", ({ price }: ModelView) => formatRate(price, (rates) => rates.cachedInputMicroUsd)),
      column("WRITTEN $/M", ({ price }: ModelView) => formatRate(price, (rates) => rates.cacheWriteMicroUsd)),
      column("OUTPUT $/M", ({ price }: ModelView) => formatRate(price, (rates) => rates.outputMicroUsd)),
      column("PRICE FROM", (model: ModelView) => model.priceFrom ?? "-"),
      column("IN THE CLOUD", formatCloudPrice),
    ],
  },
  "workers.list": {
    columns: [
      column("NAME", (worker: WorkerView) => formatCell("name", worker.name)),
      column("STATE", (worker: WorkerView) => worker.state),
      column("TIER", (worker: WorkerView) => worker.kind),
      column("PROVIDER", (worker: WorkerView) => worker.provider),
      column("MODELS", (worker: WorkerView) => worker.models.map(({ model }) => model).join(", ") || "-"),
      column(
        "BUSY",
        (worker: WorkerView, { now }) => worker.models.map((model) => formatRoom(model, now())).join(", ") || "-",
      ),
      column("LAST SEEN", (worker: WorkerView, { now }) => `${formatSpan(now() - Date.parse(worker.lastSeenAt))} ago`),
    ],
    hint: (url) =>
      "No worker is connected. To connect one, on its machine:\n" +
      `  AUXOT_WORKER_KEY=axw_… npx auxot-worker gpu --router ${url}\n` +
      "and a key for it: npx auxot keys create --name NAME --worker\n",
  },
};

function column<Item>(heading: string, read: (item: Item, terminal: Pick<Terminal, "now">) => string): Column {
  return { heading, read };
}

/** Money is in micro-dollars. */
function formatAmount({ measure }: Pick<LimitView, "measure">, amount: number): string {
  return formatCell(measure === "money" ? "MicroUsd" : "amount", amount);
}

function formatSubject({ subject, subjectId }: Pick<LimitView, "subject" | "subjectId">): string {
  return subject === "org" ? "everybody" : formatCell("subjectId", subjectId);
}

/** For a million tokens; what is not said costs as input. `+`: long inputs cost more. */
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

/** "1/4": slots that run a job, of all. "rests 3 h" while a limit is used up. */
function formatRoom({ busySlots, slots, restsUntil }: WorkerView["models"][number], now: number): string {
  const restMs = restsUntil === undefined ? 0 : Date.parse(restsUntil) - now;
  return restMs > 0 ? `rests ${formatSpan(restMs)}` : `${busySlots}/${slots}`;
}
