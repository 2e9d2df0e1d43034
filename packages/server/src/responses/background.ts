// Owns the answers that run in the background: how many may, who may see them, and what becomes of them at a stop.

import { AppError } from "@auxot/wire/errors";
import { setTimeout as wait } from "node:timers/promises";
import type { Infer } from "../inference/infer.ts";
import type { Responses } from "../records/responses/responses.ts";
import { startRun, type BackgroundRun, type RunInput } from "./background-run.ts";

export type Background = {
  /** Resolves when the response is there to be asked for. Throws `no_capacity` when too many run, or without the database. */
  start(input: RunInput): Promise<BackgroundRun>;
  /** Until it is over and kept. Undefined too when it belongs to another key. */
  find(keyId: string, id: string): BackgroundRun | undefined;
  /** How many there are now. */
  running(): number;
  /** Takes no new ones, lets the others run for up to `limitMs`, then fails them. */
  drain(limitMs: number): Promise<void>;
};

export type BackgroundDeps = {
  readonly infer: Infer;
  readonly responses: Responses;
  readonly maxRuns: number;
  readonly maxFrames?: number;
};

const busyForMs = 10_000;
const startingForMs = 5000;

export function createBackground(deps: BackgroundDeps): Background {
  const { responses, maxRuns, maxFrames = 16 * 2 ** 20 } = deps;
  const stopped = new AbortController();
  const runs = new Map<string, BackgroundRun>();
  let starting = 0;
  let draining = false;

  function checkRoom(): void {
    if (draining) {
      throw new AppError("no_capacity", "The router is stopping. Try again shortly.", { retryAfterMs: startingForMs });
    }
    if (runs.size + starting < maxRuns) return;
    throw new AppError(
      "no_capacity",
      `background: ${maxRuns} answers are running in the background, which is the limit of this router. Try again later.`,
      { param: "background", retryAfterMs: busyForMs },
    );
  }

  return {
    async start(input) {
      checkRoom();
      starting++;
      try {
        const run = await startRun({ infer: deps.infer, responses, maxFrames, stopped: stopped.signal }, input);
        const name = nameOf(input.caller.keyId, input.meta.id);
        runs.set(name, run);
        void run.done.finally(() => runs.delete(name));
        return run;
      } finally {
        starting--;
      }
    },
    find: (keyId, id) => runs.get(nameOf(keyId, id)),
    running: () => runs.size + starting,
    async drain(limitMs) {
      draining = true;
      const limit = new AbortController();
      const all = (): Promise<unknown> => Promise.allSettled([...runs.values()].map(({ done }) => done));
      await Promise.race([all(), wait(limitMs, undefined, { signal: limit.signal }).catch(() => undefined)]);
      limit.abort();
      await Promise.allSettled([...runs.values()].map((run) => run.abandon()));
      stopped.abort();
    },
  };
}

function nameOf(keyId: string, id: string): string {
  return `${keyId} ${id}`;
}
