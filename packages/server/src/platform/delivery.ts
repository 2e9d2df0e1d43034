// Owns when somebody outside is told of what is in the database: by one router at a time, again and again until it is taken,
// with pauses while it is not. Knows neither what is told nor to whom.

import type { Clock } from "./clock.ts";
import type { Log } from "./log.ts";

/** Which router tells a stream, and how far it has come. store/delivery-claims.ts keeps them. */
export type DeliveryClaims = {
  /** The last number told, when `owner` may tell the stream until `until`; undefined while another router does. */
  claim(stream: string, owner: string, now: Date, until: Date): Promise<number | undefined>;
  /** False when the claim was lost meanwhile. */
  save(stream: string, owner: string, seq: number, until: Date): Promise<boolean>;
  release(stream: string, owner: string): Promise<void>;
};

/** One turn at telling. */
export type DeliveryTurn = {
  /** The last number told. */
  readonly from: number;
  /** Notes what was told and goes on holding the claim. False when it was lost: stop then. */
  keep(seq: number): Promise<boolean>;
  /** Of the end of the router: what is under way then is told again later. */
  readonly signal: AbortSignal;
};

export type DeliveryDeps = {
  readonly stream: string;
  readonly claims: DeliveryClaims;
  /** Of this router. */
  readonly owner: string;
  /** Tells what there is; resolves with how much. Throws when it is not taken now: a pause follows. */
  tell(turn: DeliveryTurn): Promise<number>;
  /** For the log, once at the beginning and at the end of a time in which nothing is taken. */
  readonly words: { readonly away: string; readonly back: string };
  readonly clock: Clock;
  readonly log: Log;
  readonly lookEveryMs?: number;
  /** How long a claim outlives its router. A single act of telling must be shorter. */
  readonly ownedForMs?: number;
};

export type Delivery = {
  /** Tells what is there and not told yet. Returns how much; 0 while another router tells. Throws what `tell` throws. */
  pump(): Promise<number>;
  /** Pumps from now on, after failures with pauses of up to a minute. */
  start(): void;
  /** There is something to tell: looks at once, unless it is a pause. */
  wake(): void;
  /** Stops in the middle, which is told again later. Never rejects. */
  close(): Promise<void>;
};

const longestPauseMs = 60_000;

export function createDelivery(deps: DeliveryDeps): Delivery {
  const { stream, claims, owner, words, clock, log, lookEveryMs = 2000, ownedForMs = 90_000 } = deps;
  const stopped = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let isStarted = false;
  let isAsked = false;
  let failures = 0;
  /** Since something was not taken, until something is: a look at nothing says nothing. */
  let isAway = false;
  const until = (): Date => new Date(clock.now() + ownedForMs);

  async function pump(): Promise<number> {
    const from = await claims.claim(stream, owner, new Date(clock.now()), until());
    if (from === undefined) return 0;
    return deps.tell({ from, keep: (seq) => claims.save(stream, owner, seq, until()), signal: stopped.signal });
  }

  function run(): void {
    clearTimeout(timer);
    isAsked = false;
    running = pumpQuietly().finally(() => {
      running = undefined;
      if (isAsked && failures === 0 && !stopped.signal.aborted) run();
      else schedule();
    });
  }

  function schedule(): void {
    if (stopped.signal.aborted) return;
    timer = setTimeout(run, Math.min(lookEveryMs * 2 ** failures, longestPauseMs));
    timer.unref();
  }

  async function pumpQuietly(): Promise<void> {
    try {
      const told = await pump();
      failures = 0;
      if (!isAway || told === 0) return;
      isAway = false;
      log.info({ stream }, words.back);
    } catch (err) {
      if (stopped.signal.aborted) return;
      failures++;
      if (isAway) return;
      isAway = true;
      log.warn({ err, stream }, words.away);
    }
  }

  return {
    pump,
    start() {
      isStarted = true;
      schedule();
    },
    wake() {
      if (!isStarted || failures > 0 || stopped.signal.aborted) return;
      isAsked = true;
      if (running === undefined) run();
    },
    async close() {
      stopped.abort();
      clearTimeout(timer);
      await running;
      await claims.release(stream, owner).catch(() => {});
    },
  };
}
