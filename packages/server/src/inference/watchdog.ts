// Ends an attempt that shows no sign of life: one timer for the first content, then one for every silence of the source
// or of the caller.

import { AppError } from "@auxot/wire/errors";

export type Watchdog = {
  /** Aborts with the caller's signal or when a limit passes. */
  readonly signal: AbortSignal;
  /** The limit that passed, if one did. */
  failure(): AppError | undefined;
  /** The source has a slot: the time it waited for one does not count. */
  onPlaced(): void;
  /** The source is asked for more: from now on the silence is its own. */
  onWait(): void;
  /** Something came: from now on the silence is the caller's, who takes it. */
  onActivity(): void;
  /** Content came: from now on the idle limit counts. */
  onContent(): void;
  /** The answer is over; also frees the listener on the caller's signal. */
  stop(): void;
  /** Stops the work at the source, and the watchdog. */
  abort(): void;
};

export function createWatchdog(
  caller: AbortSignal,
  limits: {
    readonly firstTokenTimeoutMs: number;
    readonly idleTimeoutMs: number;
    readonly waitMs: number;
    /** Told when a limit passes: who should read of it may never ask. */
    onFail?(failure: AppError): void;
  },
): Watchdog {
  const controller = new AbortController();
  let failure: AppError | undefined;
  const fail = (error: AppError): void => {
    failure = error;
    controller.abort(failure);
    limits.onFail?.(failure);
  };
  const failFirst = (): void =>
    fail(new AppError("source_timeout", `The source gave no token within ${limits.firstTokenTimeoutMs / 1000} s.`));
  const failIdle = (): void => {
    const seconds = limits.idleTimeoutMs / 1000;
    fail(
      waiting
        ? new AppError("source_timeout", `The source fell silent for ${seconds} s in the middle of the answer.`)
        : new AppError("cancelled", `The caller took nothing of the answer for ${seconds} s.`),
    );
  };
  const onCallerLeft = (): void => controller.abort(caller.reason);
  let idle = false;
  let waiting = true;
  let timer = setTimeout(failFirst, limits.waitMs + limits.firstTokenTimeoutMs);
  if (caller.aborted) onCallerLeft();
  else caller.addEventListener("abort", onCallerLeft, { once: true });

  function stop(): void {
    clearTimeout(timer);
    caller.removeEventListener("abort", onCallerLeft);
  }

  return {
    signal: controller.signal,
    failure: () => failure,
    onPlaced() {
      if (limits.waitMs === 0) return;
      clearTimeout(timer);
      timer = setTimeout(failFirst, limits.firstTokenTimeoutMs);
    },
    onWait() {
      waiting = true;
      if (idle) timer.refresh();
    },
    onActivity() {
      waiting = false;
      if (idle) timer.refresh();
    },
    onContent() {
      if (idle) return;
      idle = true;
      clearTimeout(timer);
      timer = setTimeout(failIdle, limits.idleTimeoutMs);
    },
    stop,
    abort() {
      stop();
      controller.abort();
    },
  };
}
