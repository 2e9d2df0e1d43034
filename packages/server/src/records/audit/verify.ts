// Owns the proof that the audit log is as it was written: walks the chain in bounded memory, then asks the anchors.

import type { Anchors } from "./anchors.ts";
import { hashEntry, type AuditRow } from "./chain.ts";
import type { Anchor, AuditHead, AuditStore } from "./store.ts";

/** What is wrong first: `seq` is the lowest entry that cannot be as it was written. */
export type AuditProblem = {
  readonly seq: number;
  readonly kind: "changed" | "missing" | "surplus" | "cut-off" | "rewritten" | "forged-anchor";
  readonly message: string;
};

export type AuditProof = {
  readonly ok: boolean;
  /** Entries that were looked at; they end where the first problem is. */
  readonly entries: number;
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly problem: AuditProblem | null;
  /** Anchors that agreed, and those signed with a key that is gone. */
  readonly anchors: { readonly good: number; readonly unknownKey: number };
};

const batchSize = 1000;

/** Entries added meanwhile are left to the next time. Throws when the database does not answer. */
export async function verifyAudit(store: AuditStore, anchors: Anchors): Promise<AuditProof> {
  for (let tries = 1; ; tries++) {
    const head = await store.head();
    const walked = await walk(store, head);
    const asked = await askAnchors(store, anchors, head);
    // What retention cut off meanwhile was missed for no reason.
    const moved = (await store.head()).cutSeq !== head.cutSeq;
    if (moved && tries < 3) continue;
    const problem = findFirst(walked.problem, asked.problem);
    return {
      ok: problem === null,
      entries: walked.entries,
      firstSeq: head.cutSeq + 1,
      lastSeq: head.seq,
      problem,
      anchors: { good: asked.good, unknownKey: asked.unknownKey },
    };
  }
}

async function walk(
  store: AuditStore,
  head: AuditHead,
): Promise<{ readonly entries: number; readonly problem: AuditProblem | null }> {
  let seq = head.cutSeq;
  let hash = head.cutHash;
  let entries = 0;
  while (seq < head.seq) {
    const rows = await store.readAfter(seq, Math.min(batchSize, head.seq - seq));
    for (const row of rows) {
      const problem = judge(row, seq + 1, hash);
      if (problem !== null) return { entries, problem };
      seq = row.seq;
      hash = row.hash;
      entries++;
    }
    if (rows.length === 0) return { entries, problem: sayMissing(seq + 1, head.seq) };
  }
  if (hash !== head.hash) {
    const message = `Entry ${seq} is not the one that the head of the log names: the last entries were written anew.`;
    return { entries, problem: { seq, kind: "rewritten", message } };
  }
  if (head.lastSeq > head.seq && (await store.head()).seq < head.lastSeq) {
    const message = `Entry ${head.seq + 1} stands behind the end of the log: it was not added by Auxot.`;
    return { entries, problem: { seq: head.seq + 1, kind: "surplus", message } };
  }
  return { entries, problem: null };
}

function judge(row: AuditRow, expectedSeq: number, previousHash: string): AuditProblem | null {
  if (row.seq !== expectedSeq) return sayMissing(expectedSeq, row.seq - 1);
  const { hash, ...content } = row;
  if (hashEntry(previousHash, content) === hash) return null;
  const message =
    `Entry ${row.seq} (${row.action} at ${row.at}) does not fit its hash and the entry before it: ` +
    "it was changed, moved or put in after it was written.";
  return { seq: row.seq, kind: "changed", message };
}

function sayMissing(first: number, last: number): AuditProblem {
  const which = first === last ? `Entry ${first} is` : `Entries ${first} to ${last} are`;
  return { seq: first, kind: "missing", message: `${which} missing: deleted from the database.` };
}

async function askAnchors(store: AuditStore, anchors: Anchors, head: AuditHead) {
  let first: AuditProblem | null = null;
  const counts = { good: 0, unknownKey: 0 };
  let hasCut = head.cutSeq === 0;
  let hasUncheckedCut = false;

  async function ask(batch: readonly Anchor[]): Promise<void> {
    const hashes = await store.readHashes(batch.map(({ seq }) => seq));
    for (const anchor of batch) {
      const check = anchors.check(anchor);
      const isOfCut = anchor.kind === "cut" && anchor.seq === head.cutSeq && anchor.hash === head.cutHash;
      if (check === "unknown-key") {
        counts.unknownKey++;
        hasUncheckedCut ||= isOfCut;
      } else if (check === "bad") first = findFirst(first, sayForged(anchor));
      else {
        hasCut ||= isOfCut;
        const problem = judgeAnchor(anchor, hashes.get(anchor.seq), head);
        if (problem === null) counts.good++;
        first = findFirst(first, problem);
      }
    }
  }

  for (const kind of ["mark", "cut"] as const) {
    for (let seq = 0; ;) {
      const batch = await store.anchorsAfter(kind, seq, batchSize);
      const last = batch.at(-1);
      if (last === undefined) break;
      await ask(batch);
      seq = last.seq;
    }
  }
  let waiting: Anchor[] = [];
  for await (const anchor of anchors.readFile()) {
    waiting.push(anchor);
    if (waiting.length < batchSize) continue;
    await ask(waiting);
    waiting = [];
  }
  await ask(waiting);
  if (!hasCut) first = findFirst(first, hasUncheckedCut ? sayUnchecked(head) : sayDeleted(head));
  return { ...counts, problem: first };
}

function judgeAnchor(anchor: Anchor, stored: string | undefined, head: AuditHead): AuditProblem | null {
  const { seq, hash, at } = anchor;
  if (seq < head.cutSeq) return null;
  if (seq > head.seq) {
    const message = `Entries ${head.seq + 1} to ${seq} are missing: the log had ${seq} entries at ${at}, and its end was cut off.`;
    return { seq: head.seq + 1, kind: "cut-off", message };
  }
  const found = seq === head.cutSeq ? head.cutHash : stored;
  // A missing one is the walk's to tell.
  if (found === undefined || found === hash) return null;
  const message = `Entry ${seq} is another one than at ${at}: entries up to it were written anew.`;
  return { seq, kind: "rewritten", message };
}

function sayForged({ seq, at }: Anchor): AuditProblem {
  return { seq, kind: "forged-anchor", message: `The anchor of entry ${seq} at ${at} was not signed by this router.` };
}

function sayDeleted({ cutSeq }: AuditHead): AuditProblem {
  const message = `Entries up to ${cutSeq} were deleted, and not because they were old enough: nobody signed for it.`;
  return { seq: 1, kind: "missing", message };
}

/** Whoever cannot sign could name a key that is gone: it proves nothing. */
function sayUnchecked({ cutSeq }: AuditHead): AuditProblem {
  const message =
    `That entries up to ${cutSeq} were deleted because they were old enough is signed with a key that is gone, and cannot be ` +
    "proved. The next time old entries are cut off it can.";
  return { seq: 1, kind: "missing", message };
}

function findFirst(one: AuditProblem | null, other: AuditProblem | null): AuditProblem | null {
  if (one === null || other === null) return one ?? other;
  return other.seq < one.seq ? other : one;
}
