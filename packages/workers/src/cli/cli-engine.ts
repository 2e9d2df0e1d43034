// The engine over a command-line agent: which process answers a request, and what becomes of it afterwards. Knows no agent.

import { createEventFold, type ChatEvent } from "@auxot/wire/chat-event";
import type { ChatRequest, ChatResult } from "@auxot/wire/chat";
import type { EmbedPart } from "@auxot/wire/embed";
import { AppError } from "@auxot/wire/errors";
import type { ModelOffer } from "@auxot/wire/model-offer";
import type { Engine } from "../engine.ts";
import type { Log } from "../log.ts";
import { createAccounts } from "./accounts.ts";
import type { Account, CliAdapter, CliProcess, Turn } from "./adapter.ts";
import { rememberAnswer } from "./conversation.ts";
import { createParked } from "./parked.ts";
import { createPool } from "./pool.ts";
import { createStopFilter } from "./stop-filter.ts";

export type CliModel = {
  /** As it is offered, e.g. "claude-code/sonnet". */
  readonly id: string;
  readonly aliases: readonly string[];
  /** As the agent names it, e.g. "sonnet". */
  readonly name: string;
};

export type CliEngineOptions = {
  readonly adapter: CliAdapter;
  readonly models: readonly CliModel[];
  /** At least one. */
  readonly accounts: readonly Account[];
  /** Answers at once, for each model. */
  readonly slots: number;
  readonly warm: number;
  readonly maxProcesses: number;
  readonly maxMemoryBytes: number;
  readonly measureMemory: (pid: number | undefined) => number;
  readonly parkTimeoutMs: number;
  readonly maxParked: number;
  readonly now: () => number;
  readonly log: Log;
};

/** The agent's last word of a turn comes right after the answer. */
const settleLimitMs = 2000;

async function* embed(): AsyncGenerator<EmbedPart> {
  yield await Promise.reject(new AppError("unsupported", "A command-line agent makes no embeddings."));
}

type Asked = { readonly request: ChatRequest; readonly model: CliModel; readonly signal: AbortSignal };
type Seat = { readonly process: CliProcess; readonly turn: Turn };

export function createCliEngine(options: CliEngineOptions): Engine {
  const { adapter, log } = options;
  const listeners: (() => void)[] = [];
  let announced = "";
  const accounts = createAccounts({ accounts: options.accounts, now: options.now, onChange: announce });
  const parked = createParked({
    timeoutMs: options.parkTimeoutMs,
    most: options.maxParked,
    onFreed: () => pool.notice(),
  });
  const pool = createPool({ ...options, onLimit: accounts.report, evict: parked.evict });
  for (const { name } of options.models) {
    const [account] = options.accounts;
    if (account !== undefined) pool.warm(account, name);
  }

  function listOffers(): ModelOffer[] {
    const { restsUntil, load } = accounts.status();
    return options.models.map(({ id, aliases }) => ({
      model: id,
      aliases: [...aliases],
      abilities: { tools: true, images: true, reasoning: true },
      slots: options.slots,
      description: adapter.name,
      ...(restsUntil === undefined ? {} : { restsUntil }),
      // In steps, so that the router is not told of each answer.
      ...(load === undefined ? {} : { load: Math.round(load * 50) / 50 }),
    }));
  }

  function announce(): void {
    const text = JSON.stringify(listOffers());
    if (text === announced) return;
    announced = text;
    for (const listener of listeners) listener();
  }

  function findModel(name: string): CliModel {
    const found = options.models.find(({ id, aliases }) => id === name || aliases.includes(name));
    if (found === undefined)
      throw new AppError("model_not_found", `This worker has no model ${name}.`, { param: "model" });
    return found;
  }

  async function findSeat({ request, model, signal }: Asked): Promise<Seat> {
    const known = parked.resume(request);
    if (known !== undefined) return known;
    const account = accounts.choose();
    const process = await pool.acquire(account, model.name, signal);
    return { process, turn: process.begin(request) };
  }

  /** Before the first event another process may take over; `use` is told of each. */
  async function* readTurn(first: Seat, asked: Asked, use: (process: CliProcess) => void): Turn & AsyncGenerator {
    let seat: Seat | undefined = first;
    let isSecondTry = false;
    while (seat !== undefined) {
      use(seat.process);
      let hasBegun = false;
      try {
        for await (const events of seat.turn) {
          if (!hasBegun) pool.warm(seat.process.account, seat.process.model);
          hasBegun = true;
          yield events;
        }
        return;
      } catch (error) {
        const next: Seat | undefined = hasBegun ? undefined : await replace(seat, error, asked, isSecondTry);
        if (next === undefined) throw error;
        isSecondTry = true;
        seat = next;
      }
    }
  }

  /** Another account for one that rests now; a second try for one that never spoke, as it may have been broken all along. */
  async function replace(
    { process }: Seat,
    error: unknown,
    asked: Asked,
    isSecondTry: boolean,
  ): Promise<Seat | undefined> {
    if (!(error instanceof AppError) || asked.signal.aborted) return undefined;
    restAccount(process.account, error);
    if (accounts.isResting(process.account)) {
      log.warn("an account rests", { account: process.account.name, reason: error.message });
      return accounts.status().restsUntil === undefined ? findSeat(asked) : undefined;
    }
    if (isSecondTry || process.hasSpoken() || error.code !== "source_failed") return undefined;
    const second = pool.startCold(process.account, process.model);
    return { process: second, turn: second.begin(asked.request) };
  }

  function restAccount(account: Account, error: AppError): void {
    if (error.code !== "rate_limited" || accounts.isResting(account)) return;
    accounts.rest(account, error.retryAfterMs ?? 10_000);
  }

  async function* run(request: ChatRequest, signal: AbortSignal): AsyncGenerator<readonly ChatEvent[]> {
    const model = findModel(request.model);
    const plain = { ...request, model: model.id };
    const warnings = adapter.check(plain);
    const asked: Asked = { request: plain, model, signal };
    const seat = await findSeat(asked);
    let { process } = seat;
    const interrupt = (): void => process.interrupt();
    signal.addEventListener("abort", interrupt, { once: true });
    try {
      if (signal.aborted) interrupt();
      const fold = createEventFold();
      const filter = request.stop === undefined ? undefined : createStopFilter(request.stop);
      if (warnings.length > 0) yield warnings.map((message) => ({ type: "warning", message }));
      for await (const batch of readTurn(seat, asked, (used) => (process = used))) {
        const events = filter?.(batch) ?? batch;
        for (const event of events) fold.push(event);
        const isOver = events.at(-1)?.type === "end";
        const kept = isOver ? finish(process, plain, fold.result()) : undefined;
        if (events.length > 0) yield events;
        await kept;
        if (isOver) return;
      }
      throw new AppError("source_failed", "The agent ended its turn without an answer.");
    } catch (error) {
      throw explain(error, process, signal);
    } finally {
      signal.removeEventListener("abort", interrupt);
    }
  }

  /** What has become known is kept for the next request of the conversation. Resolves when that is done. */
  async function finish(process: CliProcess, request: ChatRequest, answer: ChatResult): Promise<void> {
    const isCalls = answer.stopReason === "tool-calls";
    function keep(): void {
      const isUseful = process.state() === (isCalls ? "waiting" : "idle") && request.responseFormat === undefined;
      if (isUseful) parked.put(process, rememberAnswer(request, answer));
      else process.kill();
      pool.notice();
      pool.warm(process.account, process.model);
    }
    if (answer.stopReason === "stop-sequence") process.interrupt();
    const limit = setTimeout(process.kill, settleLimitMs);
    await process.settled();
    clearTimeout(limit);
    keep();
  }

  /** What an engine owes: an AppError, `cancelled` after an abort. */
  function explain(error: unknown, process: CliProcess, signal: AbortSignal): AppError {
    process.interrupt();
    if (signal.aborted) return new AppError("cancelled", "The request was cancelled.", { cause: error });
    if (!(error instanceof AppError)) return new AppError("source_failed", `The agent failed: ${String(error)}`);
    restAccount(process.account, error);
    log.warn("an answer failed", { model: process.model, account: process.account.name, reason: error.message });
    return error;
  }

  return {
    name: adapter.name,
    offers: listOffers,
    run,
    embed,
    countTokens: () => Promise.reject(new AppError("unsupported", "A command-line agent does not count tokens.")),
    isParked: parked.isParked,
    onOffersChanged: (listener) => void listeners.push(listener),
    async close() {
      parked.close();
      await pool.close();
    },
  };
}
