// Where audit entries are streamed to: a file, or an HTTP collector. Knows no cursor.

import { mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";
import type { Secret } from "../../platform/secret-text.ts";
import type { AuditRow } from "./chain.ts";
import { toJsonLine } from "./export.ts";

export type AuditSink = {
  /** Names its cursor: another address is told everything anew. */
  readonly name: string;
  /** Resolves when the entries are there for certain. Throws otherwise; they may be there in part. */
  send(rows: readonly AuditRow[], signal: AbortSignal): Promise<void>;
};

const longestSendMs = 30_000;

/** JSON lines at the end of `file`, synced to disk. It may be moved away at any time: the next batch makes a new one. */
export function createFileSink(file: string): AuditSink {
  return {
    name: `file ${file}`,
    async send(rows) {
      await mkdir(dirname(file), { recursive: true });
      const handle = await open(file, "a", 0o600);
      try {
        await handle.writeFile(rows.map(toJsonLine).join(""));
        await handle.datasync();
      } finally {
        await handle.close();
      }
    },
  };
}

/** One POST of JSON lines (application/x-ndjson) a batch; any status from 200 to 299 takes it. Redirects are refused. */
export function createCollectorSink({ url, token }: { readonly url: string; readonly token?: Secret }): AuditSink {
  return {
    name: `http ${url}`,
    async send(rows, signal) {
      const response = await fetch(url, {
        method: "POST",
        redirect: "error",
        headers: {
          "content-type": "application/x-ndjson",
          "x-auxot-audit": `${rows[0]?.seq}-${rows.at(-1)?.seq}`,
          ...(token === undefined ? {} : { authorization: `Bearer ${token.reveal()}` }),
        },
        body: rows.map(toJsonLine).join(""),
        signal: AbortSignal.any([signal, AbortSignal.timeout(longestSendMs)]),
      });
      await response.body?.cancel();
      if (!response.ok) throw new Error(`The collector answered ${response.status}.`);
    },
  };
}
