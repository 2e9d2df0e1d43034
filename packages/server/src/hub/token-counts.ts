// Asks workers how many tokens a request would have. Takes no slot and knows no job.

import type { ChatRequest } from "@auxot/wire/chat";
import { AppError, fromErrorBody } from "@auxot/wire/errors";
import { createId, idPrefixes } from "@auxot/wire/ids";
import type { WorkerFrame } from "@auxot/wire/worker-frames";
import type { LiveWorker } from "./live-worker.ts";
import type { Session } from "./session.ts";
import { lostError } from "./worker-jobs.ts";

export type CountFrame = Extract<WorkerFrame, { readonly type: "tokens-counted" }>;

export type TokenCounts = {
  /** Throws what the worker answered, `worker_lost`, `source_timeout` after `limitMs`, or `cancelled`. */
  ask(worker: LiveWorker, request: ChatRequest, signal: AbortSignal): Promise<number>;
  /** Answers nobody waits for any more are ignored. */
  onFrame(frame: CountFrame): void;
  onSessionClosed(session: Session): void;
};

type Asked = { readonly session: Session; settle(answer: number | AppError): void };

export function createTokenCounts(limitMs: number): TokenCounts {
  const asked = new Map<string, Asked>();
  return {
    ask: ({ session }, request, signal) =>
      new Promise((resolve, reject) => {
        const countId = createId(idPrefixes.count);
        const onAbort = (): void => settle(new AppError("cancelled", "The caller left."));
        const timer = setTimeout(
          () => settle(new AppError("source_timeout", "The worker did not answer in time.")),
          limitMs,
        );
        const settle = (answer: number | AppError): void => {
          clearTimeout(timer);
          signal.removeEventListener("abort", onAbort);
          asked.delete(countId);
          if (answer instanceof AppError) reject(answer);
          else resolve(answer);
        };
        asked.set(countId, { session, settle });
        if (signal.aborted) return onAbort();
        signal.addEventListener("abort", onAbort, { once: true });
        const { original: _, ...rest } = request;
        const isSent = session.send({ type: "tokens-count", countId, request: rest });
        if (!isSent) settle(new AppError("unsupported", "The request is larger than a worker takes at once."));
      }),
    onFrame({ countId, inputTokens, error }) {
      const failure = error === undefined ? lostError() : fromErrorBody(error);
      asked.get(countId)?.settle(inputTokens ?? failure);
    },
    onSessionClosed(session) {
      for (const one of asked.values()) if (one.session === session) one.settle(lostError());
    },
  };
}
