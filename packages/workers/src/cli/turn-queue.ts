// The events of one turn on their way from a process to whoever reads them. Knows no process.

import type { ChatEvent } from "@auxot/wire/chat-event";

export type TurnQueue = {
  push(events: readonly ChatEvent[]): void;
  /** After the last events. */
  finish(): void;
  /** The reader gets it after the events before it. */
  fail(error: Error): void;
  isOver(): boolean;
  /** Once. `onLeft` is called when the reader leaves before the end. */
  read(onLeft: () => void): AsyncGenerator<readonly ChatEvent[]>;
};

export type TurnQueueOptions = {
  /** Called when more than `most` batches wait, and when the reader has caught up again. */
  readonly onFull?: (isFull: boolean) => void;
  readonly most?: number;
};

export function createTurnQueue({ onFull, most = 64 }: TurnQueueOptions = {}): TurnQueue {
  let batches: ChatEvent[][] = [];
  let end: { readonly error?: Error } | undefined;
  let isFull = false;
  let wake: (() => void) | undefined;

  function setFull(next: boolean): void {
    if (next === isFull) return;
    isFull = next;
    onFull?.(isFull);
  }

  return {
    push(events) {
      if (events.length === 0 || end !== undefined) return;
      batches.push([...events]);
      if (batches.length > most) setFull(true);
      wake?.();
    },
    finish() {
      end ??= {};
      wake?.();
    },
    fail(error) {
      end ??= { error };
      wake?.();
    },
    isOver: () => end !== undefined,
    async *read(onLeft) {
      let isDone = false;
      try {
        for (;;) {
          // What came in one go leaves in one go.
          const taken = batches;
          batches = [];
          setFull(false);
          if (taken.length > 0) yield taken.flat();
          else if (end === undefined) await new Promise<void>((resolve) => void (wake = resolve));
          else break;
        }
        isDone = true;
        if (end.error !== undefined) throw end.error;
      } finally {
        if (!isDone) onLeft();
      }
    },
  };
}
