// Says whether the process lives and whether it can serve.

import type { Context } from "./context.ts";
import { sendJson } from "./send-json.ts";

export type Readiness = {
  /** Resolves when the database answers, throws otherwise. */
  pingDatabase(): Promise<void>;
  /** True when a worker's offer is live, or none is expected. */
  hasExpectedWorker(): boolean;
  isDraining(): boolean;
};

export function handleHealth({ response }: Context): void {
  sendJson(response, 200, { status: "ok" });
}

/** 200 `{status: "ready"}`, or 503 with what is missing. */
export async function handleReady(readiness: Readiness, { response, log }: Context): Promise<void> {
  const missing: string[] = [];
  if (readiness.isDraining()) missing.push("the router is stopping");
  try {
    await readiness.pingDatabase();
  } catch (error) {
    log.warn({ err: error }, "the database does not answer");
    missing.push("the database does not answer");
  }
  if (!readiness.hasExpectedWorker()) missing.push("the bundled worker has not offered its model yet");
  if (missing.length === 0) sendJson(response, 200, { status: "ready" });
  else sendJson(response, 503, { status: "not ready", missing });
}
