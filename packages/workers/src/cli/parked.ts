// Processes that wait with a conversation in their memory: for the results of tool calls, or for the next message. For a
// bounded time, and a bounded number of them; the oldest goes first.

import type { ChatRequest } from "@auxot/wire/chat";
import type { CliProcess, Turn } from "./adapter.ts";
import { findContinuation, type Memory } from "./conversation.ts";

export type Parked = {
  /** The process is the shelf's from here on. One that cannot go on is ended. */
  put(process: CliProcess, memory: Memory): void;
  /** The next turn of the process whose conversation this request goes on with; undefined when there is none. */
  resume(request: ChatRequest): { readonly process: CliProcess; readonly turn: Turn } | undefined;
  /** A process waits for the results of exactly these calls. */
  isParked(callIds: readonly string[]): boolean;
  /** Ends the one that has waited longest, messages before tool results; false when there is none. */
  evict(): boolean;
  count(): number;
  close(): void;
};

export type ParkedOptions = {
  readonly timeoutMs: number;
  readonly most: number;
  /** Called after one has ended, so that its place can be used. */
  readonly onFreed: () => void;
};

type Entry = { readonly process: CliProcess; readonly memory: Memory; readonly timer: NodeJS.Timeout };

export function createParked({ timeoutMs, most, onFreed }: ParkedOptions): Parked {
  // In the order in which they came.
  const entries = new Set<Entry>();

  function take(entry: Entry): CliProcess {
    entries.delete(entry);
    clearTimeout(entry.timer);
    return entry.process;
  }

  function drop(entry: Entry): void {
    if (!entries.has(entry)) return;
    take(entry).kill();
    onFreed();
  }

  function evict(): boolean {
    const all = [...entries];
    const oldest = all.find(({ memory }) => memory.callIds.length === 0) ?? all[0];
    if (oldest !== undefined) drop(oldest);
    return oldest !== undefined;
  }

  return {
    put(process, memory) {
      const entry: Entry = { process, memory, timer: setTimeout(() => drop(entry), timeoutMs) };
      entry.timer.unref();
      entries.add(entry);
      void process.ended.then(() => drop(entry));
      if (entries.size > most) evict();
    },
    resume(request) {
      // The newest first: of two with the same conversation it is the likelier.
      for (const entry of [...entries].toReversed()) {
        const news = findContinuation(request, entry.memory);
        if (news === undefined) continue;
        const turn = news.kind === "results" ? entry.process.answer(news.results) : entry.process.say(news.message);
        if (turn === undefined) drop(entry);
        else return { process: take(entry), turn };
      }
      return undefined;
    },
    isParked: (callIds) =>
      [...entries].some(
        ({ memory }) => memory.callIds.length === callIds.length && callIds.every((id) => memory.callIds.includes(id)),
      ),
    evict,
    count: () => entries.size,
    close() {
      for (const entry of entries) take(entry).kill();
    },
  };
}
