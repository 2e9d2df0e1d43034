// What the webhook is told of limits: alerts of budgets, and people who ask for more.

import type { LimitMeasure, LimitWindow } from "@auxot/wire/limit";
import type { WebhookEvent } from "@auxot/wire/webhook-event";
import type { Executor } from "../../store/database.ts";
import { showAlert, showRaise } from "./views.ts";
import type { RaiseRecord } from "./raise-store.ts";
import type { AlertRecord, LimitRecord } from "./store.ts";

/** Who tells the webhook. */
export type TellEvents = {
  /** In the transaction that writes what the event is about. */
  announce(tx: Executor, event: WebhookEvent): Promise<void>;
  /** That transaction is there for everybody. */
  wake(): void;
};

/** Whether the alert is news. Throws when it could not be written: then nobody was told either. */
export type WriteAlert = (alert: AlertRecord) => Promise<boolean>;

export function toAlertEvent(alert: AlertRecord): WebhookEvent {
  const { id, at, percent, used, amount, measure, window, subjectType, subjectId } = alert;
  const spent = formatAmount(measure, used).replace(/ .*$/, "");
  const share = `${spent} of ${formatAmount(measure, amount)}`;
  const when = window === "day" ? "today" : `this ${window}`;
  const text = `${percent} % of a budget is spent: ${share} ${when}, for ${nameSubject(subjectType, subjectId)}.`;
  return { id, body: { type: "alert.created", timestamp: at.toISOString(), text, data: showAlert(alert) } };
}

export function toRaiseEvent(raise: RaiseRecord, { subject, measure, window, amount }: LimitRecord): WebhookEvent {
  const [wanted, now] = [raise.amount, amount].map((one) => formatAmount(measure, one));
  const limit = `${wanted}${nameWindow(window)} instead of ${now}, for ${nameSubject(subject.type, subject.id)}`;
  const text = `${raise.askedByName} asks for a higher limit: ${limit}. "${raise.reason}"`;
  const { id, createdAt } = raise;
  return {
    id,
    body: { type: "raise_request.created", timestamp: createdAt.toISOString(), text, data: showRaise(raise) },
  };
}

function nameSubject(type: string, id: string): string {
  if (type === "org") return "everybody";
  return `the ${type === "service" ? "service account" : type} ${id}`;
}

function nameWindow(window: LimitWindow | null): string {
  return window === null ? " at once" : ` a ${window}`;
}

function formatAmount(measure: LimitMeasure, amount: number): string {
  const digits = { minimumFractionDigits: 2, maximumFractionDigits: 6 };
  if (measure === "money") return `$${(amount / 1_000_000).toLocaleString("en-US", digits)}`;
  return `${amount.toLocaleString("en-US")} ${measure === "concurrency" ? "requests" : measure}`;
}
