// What callers are told when a limit has no room for them: whose it is, how much it was, and when to come back. Pure.

import { AppError } from "@auxot/wire/errors";
import { isRate, type Allowance, type Limit, type LimitMeasure } from "@auxot/wire/limit";

export type ShortLine = {
  readonly limit: Limit;
  /** What the request may use. */
  readonly amount: number;
  /** What is left of the limit; never negative. */
  readonly remaining: number;
  /** Until there may be room: a rate's next room, a budget's new window. */
  readonly againInMs: number;
  /** Milliseconds since 1970, of a budget. */
  readonly resetsAt: number;
};

const whose = {
  org: "of this organisation",
  team: "of your team",
  user: "of your account",
  service: "of this service account",
  key: "of this key",
} as const;

const windowNames = { minute: "a minute", day: "a day", week: "a week", month: "a month" } as const;

/** `rate_limited` for rates, `insufficient_quota` for budgets, both with the wait. */
export function refuse(short: ShortLine, allowance: Allowance): AppError {
  const { limit, amount, againInMs } = short;
  const retryAfterMs = Math.max(1000, againInMs);
  if (!isRate(limit)) return new AppError("insufficient_quota", describeBudget(short), { retryAfterMs, allowance });
  const advice = limit.measure === "tokens" ? " Shorten it, or ask for a shorter answer (max_tokens)." : "";
  if (amount > limit.amount) {
    const message = `This request alone is over ${describeLimit(limit).slice(0, -1)}: it may use up to ${formatAmount(limit.measure, amount)}.${advice}`;
    return new AppError("rate_limited", message, { allowance });
  }
  const message = `${capitalize(describeLimit(limit))} is reached. Please try again in ${Math.ceil(retryAfterMs / 1000)}s.`;
  return new AppError("rate_limited", message, { retryAfterMs, allowance });
}

/** Only the database could tell, and it does not answer. */
export function refuseUnknown(): AppError {
  return new AppError(
    "no_capacity",
    "Auxot cannot check the limits of this request now: its database does not answer. Try again.",
    { retryAfterMs: 1000 },
  );
}

/** What an answer that is given all the same says of the limit. */
export function warn({ limit }: ShortLine): string {
  return `${capitalize(describeLimit(limit))} is reached.`;
}

/** What an answer says when only workers may give it. */
export function tellLocalOnly(short: ShortLine): string {
  const until = isRate(short.limit) ? "" : ` until ${formatMoment(short.resetsAt)}`;
  return `${warn(short).slice(0, -1)}: no cloud is asked${until}.`;
}

function describeBudget({ limit, amount, remaining, resetsAt }: ShortLine): string {
  const left =
    remaining === 0
      ? "is used up"
      : `has ${formatAmount(limit.measure, remaining)} left, and this request may use up to ${formatAmount(limit.measure, amount)}`;
  return `${capitalize(describeLimit(limit))} ${left}. It begins anew at ${formatMoment(resetsAt)}; who administers it can raise it.`;
}

/** Ends with a comma. */
function describeLimit({ subject, measure, window, amount, model }: Limit): string {
  const kind = window === null || window === "minute" ? "limit" : "budget";
  const what =
    measure === "concurrency" ? `${amount} ${plural(amount, "request")} at once` : formatAmount(measure, amount);
  const models = model === null ? "" : ` for ${model}`;
  const span = window === null ? "" : ` ${windowNames[window]}`;
  return `the ${kind} ${whose[subject.type]}, ${what}${span}${models},`;
}

/** As people write it. */
export function formatAmount(measure: LimitMeasure, amount: number): string {
  switch (measure) {
    case "money":
      return formatMoney(amount);
    case "tokens":
      return `${amount.toLocaleString("en-US")} ${plural(amount, "token")}`;
    case "requests":
    case "concurrency":
      return `${amount.toLocaleString("en-US")} ${plural(amount, "request")}`;
  }
}

/** Cents, and as many digits more as a small amount needs. */
function formatMoney(microUsd: number): string {
  const exact = (microUsd / 1_000_000).toFixed(6);
  return `$${exact.replace(/(\.\d\d\d*?)0+$/, "$1")}`;
}

function formatMoment(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
}

function plural(amount: number, word: string): string {
  return amount === 1 ? word : `${word}s`;
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
