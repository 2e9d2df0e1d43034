// Remembers which worker a conversation was on last, and which keeps a process parked for the results of its tools. In the
// memory of this router alone; bounded. Decides nothing: it is a hint, and everything works without it.

import { createBoundedMap } from "../platform/bounded-map.ts";
import type { Conversation } from "./conversation.ts";

/** A worker and the model it ran. `provider` is the name. */
export type Holder = { readonly workerId: string; readonly provider: string; readonly model: string };

export type Affinity = {
  /** Who waits for the tools' results that this request brings. */
  findParked(conversation: Conversation): Holder | undefined;
  /** Who answered the last request of this session for this model. */
  findLast(conversation: Conversation): Holder | undefined;
  /** A request of the conversation was given to `holder`: whoever was parked for it is so no longer. */
  onStart(conversation: Conversation, holder: Holder): void;
  /** `holder` keeps a process waiting for the results of these calls. Other callers' results are not for it. */
  onParked(callerId: string, callIds: readonly string[], holder: Holder): void;
  onWorkerGone(workerId: string): void;
};

/** Workers end a parked process long before. */
const parkedForMs = 10 * 60_000;
/** About as long as the caches of prompts live that this is for. */
const lastForMs = 60 * 60_000;
const maxEntries = 10_000;
/** Ids of one job that are kept: any of them finds the worker. */
const maxCallIds = 64;

export function createAffinity(now: () => number): Affinity {
  const parked = createBoundedMap<Holder>({ maxEntries, keepMs: parkedForMs });
  const last = createBoundedMap<Holder>({ maxEntries, keepMs: lastForMs });
  return {
    findParked({ callerId, answers }) {
      for (const callId of answers) {
        const holder = parked.get(`${callerId} ${callId}`, now());
        if (holder !== undefined) return holder;
      }
      return undefined;
    },
    findLast: ({ callerId, session }) =>
      session === undefined ? undefined : last.get(`${callerId} ${session}`, now()),
    onStart({ callerId, session, answers }, holder) {
      for (const callId of answers) parked.delete(`${callerId} ${callId}`);
      if (session !== undefined) last.set(`${callerId} ${session}`, holder, now());
    },
    onParked(callerId, callIds, holder) {
      for (const callId of callIds.slice(0, maxCallIds)) {
        // A name for the call, not a book: what no vendor would send is not worth the memory.
        if (callId.length <= 200) parked.set(`${callerId} ${callId}`, holder, now());
      }
    },
    onWorkerGone(workerId) {
      parked.deleteWhere((holder) => holder.workerId === workerId);
      last.deleteWhere((holder) => holder.workerId === workerId);
    },
  };
}
