// An engine that is still being made (its model is being downloaded): offers nothing until it is there.

import { AppError } from "@auxot/wire/errors";
import type { Engine } from "../engine.ts";

/** Stands in for `coming` from the start; when that rejects, it stays empty. */
export function createLateEngine(name: string, coming: Promise<Engine>): Engine {
  const listeners: (() => void)[] = [];
  let engine: Engine | undefined;
  async function take(): Promise<void> {
    engine = await coming;
    for (const listener of listeners) {
      engine.onOffersChanged(listener);
      listener();
    }
  }
  function getEngine(): Engine {
    if (engine === undefined) throw new AppError("source_failed", "This worker is still getting its model.");
    return engine;
  }
  // Who made `coming` hears of its failure there.
  take().catch(() => undefined);
  return {
    name,
    offers: () => engine?.offers() ?? [],
    run: (request, signal) => getEngine().run(request, signal),
    embed: (request, signal) => getEngine().embed(request, signal),
    countTokens: async (request) => getEngine().countTokens(request),
    onOffersChanged(listener) {
      listeners.push(listener);
      engine?.onOffersChanged(listener);
    },
    async close() {
      await engine?.close();
    },
  };
}
