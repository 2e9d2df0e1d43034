// Decides which waiting request gets which free slot. Pure: no clock, no socket, no promise; inputs in, effects out.
// Holds who is busy; knows nothing of frames or of how long a request may wait.

/** A model at a provider; any worker of that provider that offers the model will do, or only `workerId`. */
export type Target = { readonly providerId: string; readonly model: string; readonly workerId?: string };

export type SlotRequest = {
  readonly requestId: string;
  /** Requests of one caller share that caller's turn. */
  readonly callerId: string;
  /** At least one, the preferred first. */
  readonly targets: readonly Target[];
  /** Of the free slots of a target this worker's is taken, if it has one. Says where the request runs, never when. */
  readonly preferWorkerId?: string;
  /** False: refuse at once when nothing is free. */
  readonly mayWait: boolean;
};

type Wish = Pick<SlotRequest, "targets" | "preferWorkerId">;

export type Effect =
  | { readonly type: "start"; readonly requestId: string; readonly workerId: string; readonly model: string }
  | { readonly type: "refuse"; readonly requestId: string; readonly reason: "busy" | "queue-full" };

/** `load`: the share used of what limits the worker, 0 to 1; jobs go where it is lowest, then to the least busy. */
export type SlotOffer = { readonly model: string; readonly slots: number; readonly load?: number };

export type Scheduler = {
  onRequest(request: SlotRequest): Effect[];
  /** The request gave up waiting; a started one keeps its slot until `onSlotFree`. */
  onCancel(requestId: string): Effect[];
  /** A waiting request may take other targets now; it keeps its place. Ignored for requests that do not wait. */
  onTargets(requestId: string, targets: readonly Target[]): Effect[];
  /** The worker said that the job's slot is free again. Unknown requests are ignored. */
  onSlotFree(requestId: string): Effect[];
  /** A worker joined, came back or changed its offers. Running jobs keep their slots. */
  onOffers(workerId: string, providerId: string, offers: readonly SlotOffer[]): Effect[];
  /** Gets no new jobs until its next `onOffers`; running ones go on. */
  onWorkerPaused(workerId: string): void;
  /** Its jobs are lost; waiting requests go on waiting. */
  onWorkerGone(workerId: string): void;
  /** Free slots a request for `target` could get now. */
  freeSlots(target: Target): number;
  busySlots(workerId: string, model: string): number;
  /** Requests waiting. */
  queueLength(): number;
};

type Lane = {
  readonly workerId: string;
  readonly providerId: string;
  readonly model: string;
  slots: number;
  load: number;
  busy: number;
};

/** `maxQueued` bounds the requests waiting at once over all callers. */
export function createScheduler(maxQueued: number): Scheduler {
  const lanes = new Map<string, Lane>();
  const running = new Map<string, Lane>();
  // Callers with waiting requests, in the order of their turns: a served caller goes to the end, so each waits at most
  // one round and none starves.
  const turns = new Map<string, SlotRequest[]>();
  let queued = 0;

  function freeLane({ targets, preferWorkerId }: Wish): Lane | undefined {
    for (const target of targets) {
      let best: Lane | undefined;
      for (const lane of lanes.values()) {
        if (!fits(lane, target) || lane.busy >= lane.slots) continue;
        if (lane.workerId === preferWorkerId) return lane;
        if (best === undefined || isBetter(lane, best)) best = lane;
      }
      if (best !== undefined) return best;
    }
    return undefined;
  }

  function start(request: SlotRequest, lane: Lane): Effect {
    lane.busy += 1;
    running.set(request.requestId, lane);
    return { type: "start", requestId: request.requestId, workerId: lane.workerId, model: lane.model };
  }

  function takeFromQueue(callerId: string, position: number): void {
    const waiting = turns.get(callerId);
    if (waiting === undefined) return;
    waiting.splice(position, 1);
    queued -= 1;
    turns.delete(callerId);
    if (waiting.length > 0) turns.set(callerId, waiting);
  }

  /** Serves waiting requests, one a caller and round, until no free slot fits any of them. */
  function serveQueue(): Effect[] {
    const effects: Effect[] = [];
    for (let served = true; served && queued > 0;) {
      served = false;
      for (const [callerId, waiting] of Array.from(turns)) {
        const position = waiting.findIndex((request) => freeLane(request) !== undefined);
        const request = waiting[position];
        const lane = request && freeLane(request);
        if (request === undefined || lane === undefined) continue;
        takeFromQueue(callerId, position);
        effects.push(start(request, lane));
        served = true;
      }
    }
    return effects;
  }

  return {
    onRequest(request) {
      // Nobody overtakes: a newcomer gets a slot at once only if no waiting request could use it, and serveQueue
      // leaves no such slot free.
      const lane = freeLane(request);
      if (lane !== undefined) return [start(request, lane)];
      if (!request.mayWait) return [{ type: "refuse", requestId: request.requestId, reason: "busy" }];
      if (queued >= maxQueued) return [{ type: "refuse", requestId: request.requestId, reason: "queue-full" }];
      const waiting = turns.get(request.callerId);
      if (waiting === undefined) turns.set(request.callerId, [request]);
      else waiting.push(request);
      queued += 1;
      return [];
    },
    onCancel(requestId) {
      for (const [callerId, waiting] of turns) {
        const position = waiting.findIndex((request) => request.requestId === requestId);
        if (position < 0) continue;
        waiting.splice(position, 1);
        queued -= 1;
        if (waiting.length === 0) turns.delete(callerId);
        break;
      }
      return [];
    },
    onTargets(requestId, targets) {
      for (const waiting of turns.values()) {
        const position = waiting.findIndex((request) => request.requestId === requestId);
        const request = waiting[position];
        if (request === undefined) continue;
        waiting[position] = { ...request, targets };
        return serveQueue();
      }
      return [];
    },
    onSlotFree(requestId) {
      const lane = running.get(requestId);
      if (lane === undefined) return [];
      running.delete(requestId);
      lane.busy -= 1;
      forgetEmptied(lane);
      return serveQueue();
    },
    onOffers(workerId, providerId, offers) {
      for (const lane of lanes.values()) if (lane.workerId === workerId) lane.slots = 0;
      for (const { model, slots, load = 0 } of offers) {
        const id = laneId(workerId, model);
        const lane = lanes.get(id);
        if (lane === undefined) lanes.set(id, { workerId, providerId, model, slots, load, busy: 0 });
        else Object.assign(lane, { slots, load });
      }
      for (const lane of lanes.values()) if (lane.workerId === workerId) forgetEmptied(lane);
      return serveQueue();
    },
    onWorkerPaused(workerId) {
      for (const lane of lanes.values()) {
        if (lane.workerId !== workerId) continue;
        lane.slots = 0;
        forgetEmptied(lane);
      }
    },
    onWorkerGone(workerId) {
      for (const [id, lane] of lanes) if (lane.workerId === workerId) lanes.delete(id);
      for (const [requestId, lane] of running) if (lane.workerId === workerId) running.delete(requestId);
    },
    freeSlots(target) {
      let free = 0;
      for (const lane of lanes.values()) {
        if (fits(lane, target)) free += Math.max(0, lane.slots - lane.busy);
      }
      return free;
    },
    busySlots: (workerId, model) => lanes.get(laneId(workerId, model))?.busy ?? 0,
    queueLength: () => queued,
  };

  /** A withdrawn offer is kept only while jobs still run on it. */
  function forgetEmptied(lane: Lane): void {
    if (lane.slots === 0 && lane.busy === 0) lanes.delete(laneId(lane.workerId, lane.model));
  }
}

function fits({ model, providerId, workerId }: Lane, target: Target): boolean {
  if (model !== target.model || providerId !== target.providerId) return false;
  return target.workerId === undefined || target.workerId === workerId;
}

function isBetter(a: Lane, b: Lane): boolean {
  return a.load === b.load ? a.busy / a.slots < b.busy / b.slots : a.load < b.load;
}

function laneId(workerId: string, model: string): string {
  return `${workerId} ${model}`;
}
