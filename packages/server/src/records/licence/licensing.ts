// Owns the licence as the rest of the router asks for it. Nothing on the way of a request asks.

import type { KeyObject } from "node:crypto";
import { AppError } from "@auxot/wire/errors";
import type { LicenceView } from "@auxot/wire/operations/licence";
import type { Work } from "../../operations/handler.ts";
import type { Clock } from "../../platform/clock.ts";
import { describeState, judgeFeature, readLicence, type LicenceState } from "../../platform/licence.ts";
import type { Log } from "../../platform/log.ts";
import type { LicenceStore } from "./store.ts";

export type Licensing = {
  state(): LicenceState;
  /** Throws `forbidden` with the reason when a licensed feature may not be changed now. Reading needs no licence. */
  requireWritable(feature: string): void;
  /**
   * For whoever lets one more person in, in the transaction that counted them: `taken` are there by now. Throws `forbidden`
   * when the licence has no seat left. Without a licence that says a number there is always one.
   */
  requireSeat(taken: number): void;
  view(): LicenceView;
  /** Throws `invalid_request` for a text that does not count, `conflict` where nothing is licensed. */
  install(text: string, by: string, work: Work): Promise<{ readonly before: LicenceView; readonly after: LicenceView }>;
  /** Reads it again, for what another router installed. Never rejects. */
  refresh(): Promise<void>;
  close(): void;
};

export type LicensingDeps = {
  readonly store: LicenceStore;
  readonly vendorKey: KeyObject | undefined;
  readonly clock: Clock;
  readonly log: Log;
};

const refreshEveryMs = 60_000;

export async function openLicensing({ store, vendorKey, clock, log }: LicensingDeps): Promise<Licensing> {
  let text = vendorKey === undefined ? undefined : await store.read();
  const state = (): LicenceState => readLicence(text, vendorKey, clock.now());

  async function refresh(): Promise<void> {
    try {
      text = await store.read();
    } catch (err) {
      log.warn({ err }, "Cannot read the licence now; the one known counts");
    }
  }

  const first = state();
  if (first.kind === "grace" || first.kind === "expired" || first.kind === "invalid") {
    log.warn({ licence: first.kind }, describeState(first));
  }
  const timer = vendorKey === undefined ? undefined : setInterval(() => void refresh(), refreshEveryMs).unref();

  return {
    state,
    refresh,
    requireWritable(feature) {
      const { writable, because } = judgeFeature(state(), feature);
      if (!writable) throw new AppError("forbidden", because);
    },
    requireSeat(taken) {
      const { seats, holder } = toView(state());
      if (seats === null || taken < seats) return;
      throw new AppError(
        "forbidden",
        `The licence of ${holder} is for ${seats} people, and ${taken} are here. Deactivate somebody, or install a licence for more.`,
      );
    },
    view: () => toView(state()),
    async install(given, by, { tx, now, afterCommit }) {
      const wanted = readLicence(given, vendorKey, clock.now());
      switch (wanted.kind) {
        case "unrestricted":
        case "none":
          throw new AppError(
            "conflict",
            "No vendor key is configured: everything is on, and there is nothing to license.",
          );
        case "invalid":
          throw new AppError("invalid_request", wanted.problem, { param: "licence" });
        case "expired":
          throw new AppError("invalid_request", `This licence ended on ${wanted.licence.expiresAt?.slice(0, 10)}.`, {
            param: "licence",
          });
        case "valid":
        case "grace":
          break;
      }
      const before = toView(state());
      await store.save(tx, given, now, by);
      afterCommit(() => {
        text = given;
      });
      return { before, after: toView(wanted) };
    },
    close: () => clearInterval(timer),
  };
}

function toView(state: LicenceState): LicenceView {
  const message = describeState(state);
  const nothing = { holder: null, tier: null, seats: null, features: [], expiresAt: null, graceEndsAt: null };
  switch (state.kind) {
    case "unrestricted":
    case "none":
    case "invalid":
      return { state: state.kind, message, ...nothing };
    case "valid":
    case "grace":
    case "expired": {
      const { holder, tier, seats, features, expiresAt, graceDays } = state.licence;
      const dayMs = 24 * 60 * 60 * 1000;
      const graceEndsAt = expiresAt === null ? null : new Date(Date.parse(expiresAt) + graceDays * dayMs).toISOString();
      return { state: state.kind, message, holder, tier, seats, features, expiresAt, graceEndsAt };
    }
  }
}
