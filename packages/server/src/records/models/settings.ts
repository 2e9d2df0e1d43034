// Owns what the organisation says of models, in memory: requests look at it without asking the database. Every router
// reads it anew when one of them changed it.

import type { Tier } from "@auxot/wire/model-offer";
import type { Log } from "../../platform/log.ts";
import type { ModelStore } from "./store.ts";

export type ModelAlias = { readonly models: readonly string[]; readonly order: "listed" | "tiers" };

/** Null: nothing is said of it. */
export type ModelRouting = {
  readonly defaultModel: string | null;
  readonly tiers: readonly Tier[] | null;
  readonly fallbacks: Readonly<Record<string, readonly string[]>> | null;
};

export type ModelSettings = {
  readonly aliases: ReadonlyMap<string, ModelAlias>;
  /** Patterns of models that are kept to teams, by their ids. */
  readonly visibility: readonly { readonly model: string; readonly teams: ReadonlySet<string> }[];
  /** By `org`, or the id of a team, a service account or a key. */
  readonly routing: ReadonlyMap<string, ModelRouting>;
};

export type LiveModelSettings = {
  /** Another object after each change. */
  current(): ModelSettings;
  /** Reads them anew; resolves when `current` has them. Throws when the database does not answer. */
  reload(): Promise<void>;
  close(): Promise<void>;
};

/** Resolves when they are read and changes by other routers are heard of. */
export async function openModelSettings(deps: {
  readonly store: ModelStore;
  readonly log: Log;
}): Promise<LiveModelSettings> {
  const { store, log } = deps;
  let settings = await store.readAll();
  let asked = 0;
  let shown = 0;
  let closed = false;

  async function reload(): Promise<void> {
    const turn = ++asked;
    const read = await store.readAll();
    // A slower reading of something older must not win.
    if (turn < shown) return;
    shown = turn;
    settings = read;
  }

  const unlisten = await store.listen(() => {
    reload().catch((err: unknown) => {
      if (!closed) log.error({ err }, "Cannot read what was changed of models; the settings before it hold");
    });
  });
  return {
    current: () => settings,
    reload,
    async close() {
      closed = true;
      await unlisten();
    },
  };
}
