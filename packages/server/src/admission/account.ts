// What one limit has in one window here: how much this router was granted, how much of it is reserved, spent or cooling.
// Pure: times come in, as ticks of a clock that never goes back. Knows no limit, no database.

export type AccountKind = "budget" | "rate" | "concurrency";

/** A reserved part of one account, to be settled once. */
export type Hold = { readonly amount: number; readonly second: number };

export type Account = {
  readonly kind: AccountKind;
  /** What can still be reserved. Negative when more was used than had been reserved. */
  free(ticksMs: number): number;
  /** Reserves without asking whether it fits. */
  take(amount: number, ticksMs: number): Hold;
  /** Replaces the reserved amount by what was used; 0 gives all of it back. */
  settle(hold: Hold, used: number, ticksMs: number): void;
  /** How long until `amount` is free here by itself, as far as the clock alone decides. */
  freesIn(amount: number, ticksMs: number): number | undefined;
  /** How long until nothing is used, as far as the clock alone decides. */
  emptiesIn(ticksMs: number): number;
  /** All this router may use in this window: of a budget that includes what is spent. */
  granted(): number;
  setGranted(amount: number): void;
  /** Of a budget: settled so far. Never falls. */
  spent(): number;
  /** What this router cannot give back now: `granted` less what is free. */
  needed(ticksMs: number): number;
  /** What is in use: reserved, spent, or cooling. */
  used(ticksMs: number): number;
};

/** What is in use, by kind. */
type Use = {
  used(ticksMs: number): number;
  take(amount: number, ticksMs: number): Hold;
  settle(hold: Hold, used: number, ticksMs: number): void;
  spent(): number;
  freesIn(missing: number, ticksMs: number): number | undefined;
  emptiesIn(ticksMs: number): number;
};

export function createAccount(kind: AccountKind): Account {
  const use = createUse(kind);
  let granted = 0;
  return {
    kind,
    free: (ticksMs) => granted - use.used(ticksMs),
    take: use.take,
    settle: use.settle,
    freesIn(amount, ticksMs) {
      const missing = amount - (granted - use.used(ticksMs));
      return missing <= 0 ? 0 : use.freesIn(missing, ticksMs);
    },
    emptiesIn: use.emptiesIn,
    granted: () => granted,
    setGranted(amount) {
      granted = amount;
    },
    spent: use.spent,
    needed: (ticksMs) => Math.min(granted, Math.max(0, use.used(ticksMs))),
    used: use.used,
  };
}

function createUse(kind: AccountKind): Use {
  switch (kind) {
    case "budget":
      return createSpending();
    case "rate":
      return createCooling();
    case "concurrency":
      return createRunning();
  }
}

/** Used once and for all. */
function createSpending(): Use {
  let reserved = 0;
  let spent = 0;
  return {
    used: () => reserved + spent,
    take(amount) {
      reserved += amount;
      return { amount, second: 0 };
    },
    settle(hold, used) {
      reserved -= hold.amount;
      spent += used;
    },
    spent: () => spent,
    freesIn: () => undefined,
    emptiesIn: () => 0,
  };
}

/** Used while a request runs. */
function createRunning(): Use {
  let running = 0;
  return {
    used: () => running,
    take(amount) {
      running += amount;
      return { amount, second: 0 };
    },
    settle(hold) {
      running -= hold.amount;
    },
    spent: () => 0,
    freesIn: () => undefined,
    emptiesIn: () => 0,
  };
}

const slotMs = 1000;
/** A minute, and one more: what came at the end of a second is kept for as long as what came at its beginning. */
const slots = 61;

/** Used for a minute: any 60 seconds hold no more than was granted. */
function createCooling(): Use {
  const ring = new Float64Array(slots);
  let newest = 0;
  let used = 0;

  /** Forgets what is over. */
  function advance(ticksMs: number): number {
    const now = Math.max(newest, Math.floor(ticksMs / slotMs));
    for (let second = Math.max(newest + 1, now - slots + 1); second <= now; second++) clear(second);
    newest = now;
    return now;
  }

  function clear(second: number): void {
    const at = second % slots;
    used -= ring[at] ?? 0;
    ring[at] = 0;
  }

  function add(second: number, amount: number): void {
    const at = second % slots;
    ring[at] = (ring[at] ?? 0) + amount;
    used += amount;
  }

  return {
    used(ticksMs) {
      advance(ticksMs);
      return used;
    },
    take(amount, ticksMs) {
      const second = advance(ticksMs);
      add(second, amount);
      return { amount, second };
    },
    settle(hold, actual, ticksMs) {
      const now = advance(ticksMs);
      const more = actual - hold.amount;
      // What was used beyond the reservation was used until now; what was not used is given back where it was taken.
      if (more > 0) add(now, more);
      else if (hold.second > now - slots) add(hold.second, more);
    },
    spent: () => 0,
    freesIn(missing, ticksMs) {
      const now = advance(ticksMs);
      let freed = 0;
      for (let second = now - slots + 1; second <= now; second++) {
        freed += second < 0 ? 0 : (ring[second % slots] ?? 0);
        if (freed >= missing) return Math.max(1, (second + slots) * slotMs - ticksMs);
      }
      return undefined;
    },
    emptiesIn(ticksMs) {
      const now = advance(ticksMs);
      for (let second = now; second > now - slots && second >= 0; second--) {
        if ((ring[second % slots] ?? 0) > 0) return Math.max(1, (second + slots) * slotMs - ticksMs);
      }
      return 0;
    },
  };
}
