// How limits, their alerts and requests for more are shown: the rows as wire/operations declares them. Pure.

import type { AlertView, LimitView } from "@auxot/wire/operations/limits";
import type { RaiseRequestView } from "@auxot/wire/operations/raise-requests";
import type { RaiseRecord } from "./raise-store.ts";
import type { AlertRecord, LimitRecord } from "./store.ts";

/** As the API shows a limit. */
export function showLimit({ subject, createdAt, updatedAt, ...limit }: LimitRecord): LimitView {
  return {
    ...limit,
    subject: subject.type,
    subjectId: subject.id,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  };
}

/** As the API shows an alert. */
export function showAlert({ subjectType, windowStart, at, ...alert }: AlertRecord): AlertView {
  return { ...alert, subject: subjectType, windowStart: windowStart.toISOString(), at: at.toISOString() };
}

/** As the API shows a request for more. */
export function showRaise({ createdAt, decidedAt, ...raise }: RaiseRecord): RaiseRequestView {
  return { ...raise, createdAt: createdAt.toISOString(), decidedAt: decidedAt?.toISOString() ?? null };
}
