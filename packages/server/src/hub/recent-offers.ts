// Remembers offers that were there a moment ago. A model whose engine or worker restarts is then busy, not unknown:
// requests wait for it, where "does not exist" would make clients give up. No timers: asks the time it is given.

import type { WorkerOffer } from "./live-worker.ts";

export type RecentOffers = {
  /** `live` is all there is now. To be called whenever that changed; without `remember` what went was meant to go. */
  onChange(live: readonly WorkerOffer[], now: number, remember?: boolean): void;
  /** What went less than the time to keep ago and has not come back. */
  list(now: number): readonly WorkerOffer[];
};

export function createRecentOffers(keepMs: number): RecentOffers {
  let before: readonly WorkerOffer[] = [];
  let gone: readonly { readonly offer: WorkerOffer; readonly until: number }[] = [];
  return {
    onChange(live, now, remember = true) {
      const here = new Set(live.map(nameOffer));
      const left = remember ? before.filter((offer) => !here.has(nameOffer(offer))) : [];
      gone = [
        ...gone.filter(({ offer, until }) => until > now && !here.has(nameOffer(offer))),
        ...left.map((offer) => ({ offer, until: now + keepMs })),
      ];
      before = live;
    },
    list: (now) => gone.filter(({ until }) => until > now).map(({ offer }) => offer),
  };
}

function nameOffer({ provider, offer }: WorkerOffer): string {
  return `${provider.id} ${offer.model}`;
}
