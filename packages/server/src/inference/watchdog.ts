// Ends an attempt that shows no sign of life: one timer for the first content, then one for every silence.

import { AppError } from "@auxot/wire/errors";

export type Watchdog = {
  /** Aborts with the caller's signal or when a limit passes. */
  readonly signal: AbortSignal;
  /** The limit that passed, if one did. */
  failure(): AppError | undefined;
  /** Something came: the silence starts anew. */
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
  limits: { readonly firstTokenTimeoutMs: number; readonly idleTimeoutMs: number },
): Watchdog {
  const controller = new AbortController();
  let failure: AppError | undefined;
  const fail = (message: string): void => {
    failure = new AppError("source_timeout", message);
    controller.abort(failure);
  };
  const onCallerLeft = (): void => controller.abort(caller.reason);
  let idle = false;
  let timer = setTimeout(
    () => fail(`The source gave no token within ${limits.firstTokenTimeoutMs / 1000} s.`),
    limits.firstTokenTimeoutMs,
  );
  if (caller.aborted) onCallerLeft();
  else caller.addEventListener("abort", onCallerLeft, { once: true });

  function stop(): void {
    clearTimeout(timer);
    caller.removeEventListener("abort", onCallerLeft);
  }

  return {
    signal: controller.signal,
    failure: () => failure,
    onActivity() {
      if (idle) timer.refresh();
    },
    onContent() {
      if (idle) return;
      idle = true;
      clearTimeout(timer);
      timer = setTimeout(
        () => fail(`The source fell silent for ${limits.idleTimeoutMs / 1000} s in the middle of the answer.`),
        limits.idleTimeoutMs,
      );
    },
    stop,
    abort() {
      stop();
      controller.abort();
    },
  };
}
