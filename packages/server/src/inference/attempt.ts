// Tries the planned offers in order until one shows content. Before that, the commit point, it moves on to the next in
// silence; after it, a failure becomes an `error` event, never a clean-looking end.

import { foldEvents, isContent, type AnswerBatch, type ChatEvent } from "@auxot/wire/chat-event";
import { AppError, errorCodes, toErrorBody, type ErrorCode } from "@auxot/wire/errors";
import type { Log } from "../platform/log.ts";
import type { Answer, Offer, Placement, SourceCall } from "../sources/source.ts";
import type { ChatRequest } from "@auxot/wire/chat";
import { createHold, type Parked } from "./hold.ts";
import { nameOffer, type Plan } from "./plan.ts";
import type { TryWatch } from "./watch.ts";
import { createWatchdog, type Watchdog } from "./watchdog.ts";

export type AttemptLimits = {
  readonly queueWaitMs: number;
  readonly firstTokenTimeoutMs: number;
  readonly idleTimeoutMs: number;
};

export type AttemptDeps = TryDeps & {
  /** Sends a call to the source its targets belong to. */
  run(call: SourceCall, signal: AbortSignal): Promise<Answer>;
  /** Told of what a source gives before the commit point. */
  onHead?(batch: AnswerBatch): void;
  /** Told when an answer that had begun is given up for its silence, or for its caller's. */
  onGivenUp?(error: AppError): void;
};

export type TryDeps = {
  /** A fresh plan over the offers for which `mayTry` holds. Throws like `planRoute`. */
  plan(mayTry: (offer: Offer) => boolean): Plan;
  /** The worker that keeps a process for this very request, while it is there. */
  findParked?(): Parked | undefined;
  readonly limits: AttemptLimits;
  readonly log: Log;
  readonly watch?: TryWatch | undefined;
};

export type Attempted = {
  readonly placement: Placement;
  readonly warnings: readonly string[];
  readonly headers?: Answer["headers"];
  /** Sources that were asked, this one included. */
  readonly tries: number;
  /** From the first to the last: exactly one `end` or `error` event, then it is over. Never throws. */
  readonly batches: AsyncIterableIterator<AnswerBatch>;
};

export type Tracker = { tries: number };
/** Where one try goes, and how long it may wait there. */
export type Step = Pick<SourceCall, "targets" | "retarget" | "waitMs" | "traceHeaders">;

const maxTries = 6;
const triesPerOffer = 2;
const finishWithinMs = 1000;
// What the vendors' own SDKs wait for such an answer.
const wholeAnswerTimeoutMs = 600_000;
// Another source may do better although the request will not change.
const worthMovingOn: ReadonlySet<ErrorCode> = new Set(["context_length_exceeded", "model_not_found", "unsupported"]);

/**
 * Resolves at the commit point; for an answer that is not streamed, at its end, since nothing of it was sent before.
 * Throws the last source's error when none is left, or `cancelled`. `tracker.tries` counts along for the usage row.
 */
export async function attempt(
  deps: AttemptDeps,
  call: Omit<SourceCall, "targets" | "waitMs">,
  caller: AbortSignal,
  tracker: Tracker,
): Promise<Attempted> {
  const opened = await tryOffers(deps, (step) => openAnswer(deps, { ...call, ...step }, caller), caller, tracker);
  return { ...opened, tries: tracker.tries };
}

/** Gives what the first `open` gave that did not fail; moves on and throws as `attempt`. */
export async function tryOffers<T extends { readonly placement: Placement }>(
  deps: TryDeps,
  open: (step: Step) => Promise<T>,
  caller: AbortSignal,
  tracker: Tracker,
): Promise<T> {
  const deadline = Date.now() + deps.limits.queueWaitMs;
  const failures = new Map<string, number>();
  let contextTooSmall = 0;
  let last: AppError | undefined;
  const hold = createHold(deps.findParked, listWorkers);
  for (;;) {
    const step = planStep();
    const waiting = step.wait
      ? { waitMs: Math.max(0, deadline - Date.now()), retarget: () => listWorkers(step.targets) }
      : { waitMs: 0 };
    tracker.tries += 1;
    const watched = deps.watch?.startTry(step.targets, tracker.tries);
    try {
      const opened = await open({ ...(step.held ?? { targets: step.targets, ...waiting }), ...watched?.handOn });
      watched?.onShown(opened.placement);
      return opened;
    } catch (thrown) {
      watched?.onFailed(caller.aborted ? "cancelled" : toErrorBody(thrown).code);
      last = noteFailure(thrown, step.targets, step.wait);
      // It waited for a worker in vain; nobody was asked.
      if (step.held !== undefined && last.code === "no_capacity") tracker.tries -= 1;
    }
  }

  function planStep(): { readonly targets: readonly Offer[]; readonly wait: boolean; readonly held?: Step } {
    if (tracker.tries >= maxTries && last !== undefined) throw last;
    const onPlanned = deps.watch?.startPlan();
    try {
      const plan = deps.plan(mayTry);
      onPlanned?.(plan);
      const held = hold.next(plan, deadline - Date.now());
      if (held !== undefined) return { targets: held.targets, wait: false, held };
      const fresh = plan.free.find((offer) => !failures.has(nameOffer(offer)));
      const next = fresh ?? plan.free[0];
      return next === undefined ? { targets: plan.busy, wait: true } : { targets: [next], wait: false };
    } catch (error) {
      onPlanned?.(toErrorBody(error).code);
      throw last ?? error;
    }
  }

  function mayTry(offer: Offer): boolean {
    if ((failures.get(nameOffer(offer)) ?? 0) >= triesPerOffer) return false;
    return contextTooSmall === 0 || offer.contextTokens === undefined || offer.contextTokens > contextTooSmall;
  }

  /** What a waiting request may take now: a worker that joined since can serve it too. */
  function listWorkers(before: readonly Offer[]): readonly Offer[] {
    try {
      const plan = deps.plan(mayTry);
      const workers = [...plan.free, ...plan.busy].filter(({ tier }) => tier !== "cloud");
      return workers.length > 0 ? workers : before;
    } catch {
      return before;
    }
  }

  /** Gives the error when another try makes sense, and throws it otherwise. */
  function noteFailure(thrown: unknown, targets: readonly Offer[], waited: boolean): AppError {
    if (!(thrown instanceof AppError)) throw thrown;
    if (caller.aborted) throw new AppError("cancelled", "The caller left.", { cause: thrown });
    const onlyBusy = thrown.code === "no_capacity" && targets.every(({ tier }) => tier !== "cloud");
    if (waited && onlyBusy) throw thrown;
    // The worker with that account rests now; its provider may have others.
    const onlyLimited = thrown.code === "rate_limited" && targets.every(({ tier }) => tier === "cli");
    const movesOn = thrown.elsewhere || worthMovingOn.has(thrown.code);
    if (!errorCodes[thrown.code].retryable && !movesOn) throw thrown;
    for (const offer of targets) {
      const name = nameOffer(offer);
      // A slot that was taken in the meantime is no fault of the offer; the next plan sees it as busy.
      if (!onlyBusy && !onlyLimited) failures.set(name, movesOn ? triesPerOffer : (failures.get(name) ?? 0) + 1);
      if (thrown.code === "context_length_exceeded")
        contextTooSmall = Math.max(contextTooSmall, offer.contextTokens ?? 0);
    }
    deps.log.info(
      { offer: targets.map(nameOffer), code: thrown.code, reason: thrown.message },
      "source failed before its first token",
    );
    return thrown;
  }
}

async function openAnswer(deps: AttemptDeps, call: SourceCall, caller: AbortSignal): Promise<Omit<Attempted, "tries">> {
  const { idleTimeoutMs } = deps.limits;
  let hasBegun = false;
  const watchdog = createWatchdog(caller, {
    firstTokenTimeoutMs: limitFirstToken(call, deps.limits),
    idleTimeoutMs,
    waitMs: call.waitMs,
    onFail: (failure) => hasBegun && deps.onGivenUp?.(failure),
  });
  let iterator: AsyncIterator<AnswerBatch> | undefined;
  try {
    const answer = await deps.run(call, watchdog.signal);
    watchdog.onPlaced();
    iterator = answer.batches[Symbol.asyncIterator]();
    const head = await readToCommit(iterator, call.request.stream, watchdog, deps.onHead);
    hasBegun = true;
    return {
      placement: answer.placement,
      ...(answer.headers === undefined ? {} : { headers: answer.headers }),
      warnings: [...answer.warnings, ...listWarnings(head)],
      batches: createTail(head, iterator, watchdog),
    };
  } catch (error) {
    const failure = watchdog.failure() ?? error;
    if (iterator === undefined) watchdog.abort();
    else leave(iterator, watchdog);
    throw failure;
  }
}

/** A cloud's answer that is not streamed comes as a whole at its end: its first token is its last. */
export function limitFirstToken(
  { request, targets }: Pick<SourceCall<Pick<ChatRequest, "stream">>, "request" | "targets">,
  limits: AttemptLimits,
): number {
  const isWhole = !request.stream && targets[0]?.tier === "cloud";
  return isWhole ? Math.max(wholeAnswerTimeoutMs, limits.firstTokenTimeoutMs) : limits.firstTokenTimeoutMs;
}

/** Reads until the first content (streamed) or the end (not streamed). Throws the answer's error. */
async function readToCommit(
  iterator: AsyncIterator<AnswerBatch>,
  stream: boolean,
  watchdog: Watchdog,
  onHead: AttemptDeps["onHead"],
): Promise<AnswerBatch[]> {
  const head: AnswerBatch[] = [];
  for (;;) {
    watchdog.onWait();
    const { done, value } = await iterator.next();
    if (done) throw new AppError("source_failed", "The source stopped before the answer was complete.");
    const error = value.events.find((event) => event.type === "error");
    const content = value.events.some(isContent);
    // Content and an error in one batch: the content is not sent yet, so the error can still be an honest failure.
    if (error !== undefined) throw new AppError(error.error.code, error.error.message, error.error);
    head.push(value);
    onHead?.(value);
    if (content) watchdog.onContent();
    watchdog.onActivity();
    if (stream && content) return head;
    if (!isOver(value)) continue;
    // Events that make no whole answer are the source's fault, and found here another source can still take over.
    // Passed bytes were read as a whole already.
    if (!stream && value.bytes === undefined) foldEvents(head.flatMap(({ events }) => events));
    return head;
  }
}

/** Gives the head again, then the rest, and makes sure that it ends with `end` or `error`. */
function createTail(
  head: AnswerBatch[],
  iterator: AsyncIterator<AnswerBatch>,
  watchdog: Watchdog,
): AsyncIterableIterator<AnswerBatch> {
  let over = false;
  return {
    async next() {
      if (over) return { done: true, value: undefined };
      const batch = head.shift() ?? (await readNext(iterator, watchdog));
      if (isOver(batch)) {
        over = true;
        if (batch.events.some(({ type }) => type === "end")) void letFinish(iterator, watchdog);
        else leave(iterator, watchdog);
      }
      return { done: false, value: batch };
    },
    return() {
      if (!over) leave(iterator, watchdog);
      over = true;
      return Promise.resolve({ done: true, value: undefined });
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** Stops the work at the source. It may be stuck, so nobody waits for it. */
function leave(iterator: AsyncIterator<AnswerBatch>, watchdog: Watchdog): void {
  watchdog.abort();
  void iterator.return?.().catch(() => undefined);
}

/** After `end` only formalities follow. A source that gets to finish them keeps its connection; a slow one is left. */
async function letFinish(iterator: AsyncIterator<AnswerBatch>, watchdog: Watchdog): Promise<void> {
  watchdog.stop();
  const timer = setTimeout(() => leave(iterator, watchdog), finishWithinMs);
  try {
    for (let done: boolean | undefined = false; !done;) ({ done } = await iterator.next());
  } catch {
    // The answer is complete; how the connection ended is of no interest.
  }
  clearTimeout(timer);
}

async function readNext(iterator: AsyncIterator<AnswerBatch>, watchdog: Watchdog): Promise<AnswerBatch> {
  try {
    watchdog.onWait();
    const { done, value } = await iterator.next();
    watchdog.onActivity();
    if (!done) return value;
    return {
      events: [asErrorEvent(new AppError("source_failed", "The source stopped before the answer was complete."))],
    };
  } catch (error) {
    return { events: [asErrorEvent(watchdog.failure() ?? error)] };
  }
}

/** Later ones come too late for the headers. */
function listWarnings(head: readonly AnswerBatch[]): string[] {
  const messages = head.flatMap(({ events }) =>
    events.flatMap((event) => (event.type === "warning" ? [event.message] : [])),
  );
  return [...new Set(messages)];
}

function asErrorEvent(error: unknown): ChatEvent {
  return { type: "error", error: toErrorBody(error) };
}

function isOver({ events }: AnswerBatch): boolean {
  return events.some((event) => event.type === "end" || event.type === "error");
}
