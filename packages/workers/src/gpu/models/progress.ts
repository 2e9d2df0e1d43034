// Shows how far a download is: a bar on a terminal, a log line every ten percent elsewhere.

import type { Log } from "../../log.ts";
import { formatBytes } from "./download.ts";

export type Progress = { show(doneBytes: number, totalBytes: number | undefined): void; end(): void };

const barWidth = 30;
const redrawEveryMs = 100;
/** Without a known size a line comes every so many bytes. */
const lineEveryBytes = 1e9;

/** `writeTerminal` is given where people watch. */
export function createProgress(name: string, log: Log, writeTerminal: ((text: string) => void) | undefined): Progress {
  let drawnAt = 0;
  let step = -1;
  return {
    show(doneBytes, totalBytes) {
      const share = totalBytes === undefined || totalBytes === 0 ? undefined : doneBytes / totalBytes;
      const size =
        totalBytes === undefined ? formatBytes(doneBytes) : `${formatBytes(doneBytes)} of ${formatBytes(totalBytes)}`;
      if (writeTerminal === undefined) {
        const now = share === undefined ? Math.floor(doneBytes / lineEveryBytes) : Math.floor(share * 10);
        if (now === step) return;
        step = now;
        log.info("downloading", { model: name, ...(share === undefined ? {} : { percent: now * 10 }), size });
        return;
      }
      const at = performance.now();
      if (at - drawnAt < redrawEveryMs && share !== 1) return;
      drawnAt = at;
      const filled = Math.round((share ?? 0) * barWidth);
      const bar = share === undefined ? "" : `[${"#".repeat(filled)}${".".repeat(barWidth - filled)}] `;
      writeTerminal(`\r\u001B[K${name} ${bar}${size}`);
    },
    end: () => writeTerminal?.("\n"),
  };
}
