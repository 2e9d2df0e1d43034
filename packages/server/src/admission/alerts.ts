// Tells once for each window of a budget how much of it is spent: at 50, 75, 90 and 100 percent.

import { createId, idPrefixes } from "@auxot/wire/ids";
import type { Limit } from "@auxot/wire/limit";
import type { Log } from "../platform/log.ts";
import type { WriteAlert } from "../records/limits/events.ts";
import type { AlertRecord } from "../records/limits/store.ts";
import type { Holding } from "./holding.ts";

export const alertPercents = [50, 75, 90, 100] as const;

export type AlertsDeps = {
  readonly writeAlert: WriteAlert;
  readonly clock: { now(): number };
  readonly log: Log;
};

export type Alerts = {
  /** This is spent of a holding's window by all. Waits for nothing. */
  onSpent(holding: Holding, spent: number): void;
  /** Resolves when those under way are told. */
  settled(): Promise<void>;
};

export function createAlerts({ writeAlert, clock, log }: AlertsDeps): Alerts {
  const underWay = new Set<Promise<void>>();

  async function tell(holding: Holding, alert: AlertRecord): Promise<void> {
    const before = holding.alertedPercent;
    holding.alertedPercent = alert.percent;
    try {
      if (!(await writeAlert(alert))) return;
      const { limitId, subjectType, subjectId, percent, used, amount } = alert;
      log.warn({ limitId, subject: `${subjectType} ${subjectId}`.trim(), percent, used, amount }, "budget alert");
    } catch (err) {
      holding.alertedPercent = before;
      log.error({ err, limitId: alert.limitId }, "A budget alert could not be written; it is tried again");
    }
  }

  function onSpent(holding: Holding, spent: number): void {
    const { limit, span } = holding;
    const percent = findPercent(limit, spent);
    const { window } = limit;
    if (percent === undefined || percent <= holding.alertedPercent || window === null || window === "minute") return;
    const telling = tell(holding, {
      id: createId(idPrefixes.alert),
      limitId: limit.id,
      subjectType: limit.subject.type,
      subjectId: limit.subject.id,
      measure: limit.measure,
      window,
      windowStart: new Date(span.startMs),
      percent,
      used: spent,
      amount: limit.amount,
      at: new Date(clock.now()),
    }).finally(() => underWay.delete(telling));
    underWay.add(telling);
  }

  return { onSpent, settled: async () => void (await Promise.all(underWay)) };
}

/** The highest that is reached. A budget of nothing has none. */
function findPercent({ amount }: Limit, spent: number): number | undefined {
  if (amount === 0) return undefined;
  return alertPercents.findLast((percent) => spent * 100 >= amount * percent);
}
