// The answer of one job on its way from the worker's frames to the reader. Holds what arrived and was not read yet;
// reading it is what acknowledges frames, so that a slow reader slows the worker down.

import type { AppError } from "@auxot/wire/errors";

/** `Item` is what frames of the job hold: chat events, parts of embeddings. */
export type JobStream<Item> = {
  push(events: readonly Item[], seq: number): void;
  /** The answer is over; with `error` it failed. Later calls change nothing. */
  finish(error?: AppError): void;
  /** To be read once. Everything that waits comes as one batch. Throws the error given to `finish` after what arrived before it. */
  readonly batches: AsyncIterable<JobBatch<Item>>;
};

export type JobBatch<Item> = { readonly events: readonly Item[] };

export type JobStreamDeps = {
  /** Frames up to `seq` were read. */
  onRead(seq: number): void;
  /** The reader left before the end. Called once at most. */
  onLeft(): void;
};

export function createJobStream<Item>(deps: JobStreamDeps): JobStream<Item> {
  let waiting: Item[] = [];
  let lastSeq = -1;
  let finished = false;
  let failure: AppError | undefined;
  let reader: { resolve(result: IteratorResult<JobBatch<Item>>): void; reject(error: AppError): void } | undefined;

  function take(): IteratorResult<JobBatch<Item>> {
    const events = waiting;
    waiting = [];
    deps.onRead(lastSeq);
    return { done: false, value: { events } };
  }

  const iterator: AsyncIterator<JobBatch<Item>> = {
    next() {
      if (waiting.length > 0) return Promise.resolve(take());
      if (failure !== undefined) return Promise.reject(failure);
      if (finished) return Promise.resolve({ done: true, value: undefined });
      return new Promise((resolve, reject) => {
        reader = { resolve, reject };
      });
    },
    return() {
      if (!finished) {
        finished = true;
        deps.onLeft();
        reader?.resolve({ done: true, value: undefined });
        reader = undefined;
      }
      waiting = [];
      return Promise.resolve({ done: true, value: undefined });
    },
  };

  return {
    push(events, seq) {
      if (finished) return;
      waiting.push(...events);
      lastSeq = seq;
      if (reader === undefined || waiting.length === 0) return;
      const { resolve } = reader;
      reader = undefined;
      resolve(take());
    },
    finish(error) {
      if (finished) return;
      finished = true;
      failure = error;
      if (reader === undefined) return;
      if (error === undefined) reader.resolve({ done: true, value: undefined });
      else reader.reject(error);
      reader = undefined;
    },
    batches: { [Symbol.asyncIterator]: () => iterator },
  };
}
