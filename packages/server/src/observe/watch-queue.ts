// Measures how long jobs wait for a slot, around the hub's own way to start one.

import { toErrorBody } from "@auxot/wire/errors";
import type { Hub } from "../hub/hub.ts";
import type { Metrics } from "./metrics.ts";

/** `start` as it was, and `onWaited` is told how each wait ended. A refusal of one that would not wait at all is none. */
export function watchQueue(start: Hub["start"], onWaited: Metrics["onWaited"]): Hub["start"] {
  return async (call, signal) => {
    const startedAt = performance.now();
    const waited = (): number => (performance.now() - startedAt) / 1000;
    try {
      const job = await start(call, signal);
      onWaited("started", waited());
      return job;
    } catch (error) {
      if (signal.aborted) onWaited("left", waited());
      else if (call.waitMs > 0 && toErrorBody(error).code === "no_capacity") onWaited("refused", waited());
      throw error;
    }
  };
}
