// The calendar windows of budgets, in UTC. Pure.

import type { LimitWindow } from "@auxot/wire/limit";

/** Milliseconds since 1970: from `startMs` until just before `endMs`. */
export type WindowSpan = { readonly startMs: number; readonly endMs: number };

export type CalendarWindow = Exclude<LimitWindow, "minute">;

const dayMs = 86_400_000;
/** 1970-01-05, the first Monday. */
const firstMondayMs = 4 * dayMs;

/** The window in which `nowMs` is. Weeks begin on Monday. */
export function findWindow(window: CalendarWindow, nowMs: number): WindowSpan {
  switch (window) {
    case "day":
      return alignSpan(nowMs, 0, dayMs);
    case "week":
      return alignSpan(nowMs, firstMondayMs, 7 * dayMs);
    case "month": {
      const now = new Date(nowMs);
      const [year, month] = [now.getUTCFullYear(), now.getUTCMonth()];
      return { startMs: Date.UTC(year, month), endMs: Date.UTC(year, month + 1) };
    }
  }
}

function alignSpan(nowMs: number, originMs: number, lengthMs: number): WindowSpan {
  const startMs = originMs + Math.floor((nowMs - originMs) / lengthMs) * lengthMs;
  return { startMs, endMs: startMs + lengthMs };
}
