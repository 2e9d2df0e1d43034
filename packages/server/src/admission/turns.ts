// Requests that wait for room in a throttling limit, in the order they came. Knows no limits' arithmetic.

import { AppError } from "@auxot/wire/errors";
import type { LimitLine } from "./book.ts";
import type { Admitted, Verdict } from "./judge.ts";
import { refuseUnknown } from "./refusal.ts";

export type Turns = {
  /** Whether somebody waits for it: who comes now comes after them. */
  isAwaited(line: LimitLine): boolean;
  /**
   * Resolves when `judgeAgain` lets it in. Throws what refuses it; the refusal of its last wait when its time is over;
   * `cancelled` when the caller leaves.
   */
  wait(first: Waiting, judgeAgain: () => Verdict, signal: AbortSignal): Promise<Admitted>;
  /** There may be room now. */
  onRoom(): void;
};

type Waiting = Extract<Verdict, { kind: "wait" }>;

export type TurnsDeps = {
  readonly waitMs: number;
  readonly maxWaiting: number;
  /** What a wait for the database's answer ends in. */
  ask(verdict: Extract<Verdict, { kind: "ask" }>): Promise<unknown>;
};

type Waiter = {
  state: Waiting;
  readonly judgeAgain: () => Verdict;
  readonly admit: (admitted: Admitted) => void;
  readonly reject: (error: unknown) => void;
};

export function createTurns({ waitMs, maxWaiting, ask }: TurnsDeps): Turns {
  const queue = new Set<Waiter>();
  let timer: NodeJS.Timeout | undefined;

  /** Lets in whom it can, in order; whoever waits for the same as one before stays behind it. */
  function pump(): void {
    const blocked = new Set<LimitLine>();
    for (const waiter of queue) {
      if (!waiter.state.lines.some((line) => blocked.has(line))) step(waiter);
      if (queue.has(waiter)) for (const line of waiter.state.lines) blocked.add(line);
    }
    schedule();
  }

  function step(waiter: Waiter): void {
    const verdict = waiter.judgeAgain();
    switch (verdict.kind) {
      case "admitted":
        queue.delete(waiter);
        return waiter.admit(verdict);
      case "wait":
        waiter.state = verdict;
        return;
      case "ask":
        void ask(verdict).then(pump, () => undefined);
        return;
      case "refused":
        queue.delete(waiter);
        return waiter.reject(verdict.refusal);
      case "unknown":
        queue.delete(waiter);
        return waiter.reject(refuseUnknown());
    }
  }

  function schedule(): void {
    clearTimeout(timer);
    timer = undefined;
    if (queue.size === 0) return;
    const soonest = Math.min(...[...queue].map(({ state }) => state.againInMs));
    timer = setTimeout(pump, Math.max(10, soonest));
    timer.unref();
  }

  return {
    isAwaited: (line) => queue.size > 0 && [...queue].some(({ state }) => state.lines.includes(line)),
    async wait(first, judgeAgain, signal) {
      if (first.againInMs > waitMs && !first.lines.some((line) => line.limit().window === null)) throw first.refusal;
      if (queue.size >= maxWaiting) throw first.refusal;
      const turn = Promise.withResolvers<Admitted>();
      const waiter: Waiter = { state: first, judgeAgain, admit: turn.resolve, reject: turn.reject };
      // At once: who is not there any more must not be let in.
      const giveUp = (error: AppError): void => {
        queue.delete(waiter);
        turn.reject(error);
      };
      const onLeft = (): void => giveUp(new AppError("cancelled", "The caller left."));
      const limit = setTimeout(() => giveUp(waiter.state.refusal), waitMs);
      queue.add(waiter);
      signal.addEventListener("abort", onLeft, { once: true });
      if (signal.aborted) onLeft();
      schedule();
      try {
        return await turn.promise;
      } finally {
        clearTimeout(limit);
        signal.removeEventListener("abort", onLeft);
        // Whoever stood behind it may be next.
        pump();
      }
    },
    onRoom() {
      if (queue.size > 0) pump();
    },
  };
}
