// The agent's processes: started ahead for the models asked for lately, never more than the machine may hold. Who runs a
// turn, waits with a conversation, or is still fresh all counts.

import { AppError } from "@auxot/wire/errors";
import type { Log } from "../log.ts";
import type { Account, CliAdapter, CliProcess, LimitReport } from "./adapter.ts";
import { usualBytes } from "./memory.ts";

export type Pool = {
  /** A fresh process, warm when there is one. Waits while there is no room for another. */
  acquire(account: Account, model: string, signal: AbortSignal): Promise<CliProcess>;
  /** A new one whatever is warm: for a second try. */
  startCold(account: Account, model: string): CliProcess;
  /** Starts what should be warm of it, in the background. */
  warm(account: Account, model: string): void;
  /** Something ended: whoever waits may look again. */
  notice(): void;
  close(): Promise<void>;
};

export type PoolOptions = {
  readonly adapter: CliAdapter;
  /** Fresh processes for each model and account in use. */
  readonly warm: number;
  /** All processes together. */
  readonly maxProcesses: number;
  readonly maxMemoryBytes: number;
  readonly measureMemory: (pid: number | undefined) => number;
  readonly onLimit: (account: Account, report: LimitReport) => void;
  /** Ends one that only waits; false when there is none. */
  readonly evict: () => boolean;
  readonly log: Log;
  /** A fresh process is replaced after this long, as logins and networks change. */
  readonly freshForMs?: number;
};

type Spare = { readonly process: CliProcess; readonly timer: NodeJS.Timeout };

const failurePauseMs = 10_000;

export function createPool(options: PoolOptions): Pool {
  const { adapter, log, freshForMs = 20 * 60_000 } = options;
  const all = new Set<CliProcess>();
  const spares = new Set<Spare>();
  let waiting: (() => void)[] = [];
  let isClosed = false;
  let pausedUntil = 0;

  function startCold(account: Account, model: string): CliProcess {
    const process = adapter.start({ model, account, onLimit: (report) => options.onLimit(account, report) });
    all.add(process);
    const forget = (): void => {
      all.delete(process);
      notice();
    };
    void process.ended.then(forget);
    return process;
  }

  function hasRoom(): boolean {
    if (all.size >= options.maxProcesses) return false;
    if (all.size === 0) return true;
    const used = [...all].reduce((sum, { pid }) => sum + Math.max(usualBytes, options.measureMemory(pid)), 0);
    return used + usualBytes <= options.maxMemoryBytes;
  }

  function takeSpare(spare: Spare): CliProcess {
    spares.delete(spare);
    clearTimeout(spare.timer);
    return spare.process;
  }

  function findSpare(account: Account, model: string): Spare | undefined {
    return [...spares].find(({ process }) => process.account === account && process.model === model);
  }

  function warm(account: Account, model: string): void {
    if (isClosed || performance.now() < pausedUntil) return;
    const there = [...spares].filter(({ process }) => process.account === account && process.model === model).length;
    for (let i = there; i < options.warm && hasRoom(); i++) addSpare(startCold(account, model));
  }

  function addSpare(process: CliProcess): void {
    const timer = setTimeout(() => {
      takeSpare(spare).kill();
      warm(process.account, process.model);
    }, freshForMs).unref();
    const spare: Spare = { process, timer };
    spares.add(spare);
    void process.ended.then(() => loseSpare(spare));
  }

  function loseSpare(spare: Spare): void {
    if (!spares.has(spare)) return;
    const { model, account } = takeSpare(spare);
    // Not again at once: whatever ended it is still so.
    pausedUntil = performance.now() + failurePauseMs;
    log.warn("a process that was started ahead has ended", { model, account: account.name });
  }

  /** Another model's spare is worth less than an answer now. */
  function makeRoom(): boolean {
    const [spare] = spares;
    if (options.evict()) return true;
    if (spare === undefined) return false;
    takeSpare(spare).kill();
    return true;
  }

  function notice(): void {
    const woken = waiting;
    waiting = [];
    for (const wake of woken) wake();
  }

  return {
    async acquire(account, model, signal) {
      for (;;) {
        if (isClosed) throw new AppError("worker_lost", "The worker is stopping.");
        const spare = findSpare(account, model);
        if (spare !== undefined) return takeSpare(spare);
        if (hasRoom()) return startCold(account, model);
        makeRoom();
        await waitForChange(signal, (wake) => void waiting.push(wake));
      }
    },
    startCold,
    warm,
    notice,
    async close() {
      isClosed = true;
      for (const spare of spares) takeSpare(spare);
      for (const process of all) process.kill();
      notice();
      await Promise.all([...all].map(({ ended }) => ended));
    },
  };
}

function waitForChange(signal: AbortSignal, register: (wake: () => void) => void): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const leave = (): void => reject(new AppError("cancelled", "The request was cancelled."));
  if (signal.aborted) leave();
  signal.addEventListener("abort", leave, { once: true });
  register(resolve);
  return promise.finally(() => signal.removeEventListener("abort", leave));
}
