// Owns anchors: signed words of how far the audit log had come, kept in the database and in a file beside it. Whoever
// can write the database but not sign cannot cut off the end of the log, or write it anew, without their telling.

import { createReadStream } from "node:fs";
import { appendFile, mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { createInterface } from "node:readline";
import { z } from "zod";
import type { Clock } from "../../platform/clock.ts";
import type { Log } from "../../platform/log.ts";
import type { SignatureCheck, Signer } from "../../platform/signer.ts";
import type { Anchor, AnchorKind, AuditStore } from "./store.ts";

export type Anchors = {
  /** Anchors the last entry, unless it is anchored. Throws when the database does not answer. */
  mark(): Promise<void>;
  /** A signed anchor that is written nowhere yet. */
  sign(kind: AnchorKind, seq: number, hash: string): Anchor;
  /** Writes it to the file. */
  keep(anchor: Anchor): Promise<void>;
  check(anchor: Anchor): SignatureCheck;
  /** Those of the file, in its order; lines that are none are skipped and logged. */
  readFile(): AsyncIterable<Anchor>;
  /** Marks every `everyMs` from now on. */
  start(): void;
  /** Marks once more. Never rejects. */
  close(): Promise<void>;
};

export type AnchorsDeps = {
  readonly store: AuditStore;
  readonly signer: Signer;
  /** Absent: the database only. */
  readonly file?: string | undefined;
  readonly clock: Clock;
  readonly log: Log;
  /** Default 5 minutes. */
  readonly everyMs?: number;
};

const anchorSchema = z.object({
  kind: z.enum(["mark", "cut"]),
  seq: z.number(),
  hash: z.string(),
  at: z.string(),
  keyId: z.string(),
  signature: z.string(),
});

export function createAnchors(deps: AnchorsDeps): Anchors {
  const { store, signer, file, clock, log, everyMs = 5 * 60_000 } = deps;
  let markedSeq: number | undefined;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();

  const sign: Anchors["sign"] = (kind, seq, hash) => {
    const at = new Date(clock.now()).toISOString();
    return { kind, seq, hash, at, ...signer.sign(toText(kind, seq, hash, at)) };
  };

  const keep: Anchors["keep"] = async (anchor) => {
    log.info({ audit: anchor }, "audit log anchored");
    if (file === undefined) return;
    await mkdir(dirname(file), { recursive: true });
    await appendFile(file, `${JSON.stringify(anchor)}\n`, { mode: 0o600 });
  };

  async function mark(): Promise<void> {
    const { seq, hash } = await store.head();
    if (seq === 0 || seq === markedSeq) return;
    const anchor = sign("mark", seq, hash);
    await store.saveAnchor(anchor);
    await keep(anchor);
    markedSeq = seq;
  }

  function markQuietly(): Promise<void> {
    running = running.then(mark).catch((err: unknown) => {
      log.warn({ err }, "Cannot anchor the audit log now; trying again");
    });
    return running;
  }

  return {
    mark,
    sign,
    keep,
    check: ({ kind, seq, hash, at, keyId, signature }) => signer.check(toText(kind, seq, hash, at), keyId, signature),
    async *readFile() {
      if (file === undefined) return;
      try {
        for await (const line of createInterface({ input: createReadStream(file, "utf8"), crlfDelay: Infinity })) {
          const anchor = readAnchor(line);
          if (anchor !== undefined) yield anchor;
          else if (line.trim() !== "") log.warn({ file }, "A line of the anchor file is no anchor");
        }
      } catch (error) {
        if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
      }
    },
    start() {
      timer ??= setInterval(() => void markQuietly(), everyMs);
      timer.unref();
    },
    async close() {
      clearInterval(timer);
      await markQuietly();
    },
  };
}

function readAnchor(line: string): Anchor | undefined {
  try {
    return anchorSchema.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}

function toText(kind: AnchorKind, seq: number, hash: string, at: string): string {
  return `auxot audit ${kind}\n${seq}\n${hash}\n${at}`;
}
