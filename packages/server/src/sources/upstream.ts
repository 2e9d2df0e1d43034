// HTTP to cloud providers: keep-alive connections, the answer as back-pressured chunks. Knows no dialect.
// Uses undici's dispatch handler, not fetch: web streams cost several times as much on this path.

import { AppError } from "@auxot/wire/errors";
import { Agent, type Dispatcher } from "undici";

export type UpstreamCall = {
  readonly method: "GET" | "POST";
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  readonly signal: AbortSignal;
};

export type UpstreamResponse = {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** To be read once; leaving early closes the connection. Throws `source_failed` when it breaks off. */
  readonly chunks: AsyncIterable<Buffer>;
};

export type Upstream = {
  /** Resolves at the response head. Throws `source_failed` when nothing answers, after an abort its reason or `cancelled`. */
  send(call: UpstreamCall): Promise<UpstreamResponse>;
  /** What is open now, by origin. */
  pools(): readonly UpstreamPool[];
  close(): Promise<void>;
};

/** `waiting`: requests that have no connection yet. */
export type UpstreamPool = {
  readonly origin: string;
  readonly connections: number;
  readonly running: number;
  readonly waiting: number;
};

const pauseAtBytes = 256 * 1024;

export function createUpstream(): Upstream {
  // First-token and idle limits are the caller's (it aborts); undici's own would only be a second opinion.
  const agent = new Agent({
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { timeout: 10_000 },
    keepAliveTimeout: 30_000,
  });
  return {
    send: (call) => dispatch(agent, call),
    pools: () =>
      Object.entries(agent.stats).map(([origin, stats]) => ({
        origin,
        connections: Number(stats.connected),
        running: stats.running,
        waiting: stats.pending,
      })),
    close: () => agent.destroy(),
  };
}

/** Reads a whole body of at most `limitBytes`. */
export async function readAll(chunks: AsyncIterable<Buffer>, limitBytes = 64 * 1024 * 1024): Promise<Buffer> {
  const parts: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of chunks) {
    sizeBytes += chunk.length;
    if (sizeBytes > limitBytes)
      throw new AppError("source_failed", `The provider's answer is larger than ${limitBytes / 2 ** 20} MiB.`);
    parts.push(chunk);
  }
  return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
}

function dispatch(agent: Agent, call: UpstreamCall): Promise<UpstreamResponse> {
  return new Promise((resolve, reject) => {
    let controller: Dispatcher.DispatchController | undefined;
    const body = createChunks((reason) => controller?.abort(reason));
    let settled = false;
    const onAbort = (): void => {
      const error = explainAbort(call);
      body.fail(error);
      controller?.abort(error);
      reject(error);
    };
    if (call.signal.aborted) return onAbort();
    call.signal.addEventListener("abort", onAbort, { once: true });
    const release = (): void => call.signal.removeEventListener("abort", onAbort);

    agent.dispatch(
      {
        origin: call.url.origin,
        path: call.url.pathname + call.url.search,
        method: call.method,
        headers: { ...call.headers },
        body: call.body === undefined ? null : call.body,
      },
      {
        onRequestStart(started) {
          controller = started;
          if (call.signal.aborted) started.abort(explainAbort(call));
        },
        onResponseStart(_controller, status, headers) {
          settled = true;
          resolve({ status, headers: flattenHeaders(headers), chunks: body.chunks });
        },
        onResponseData(current, chunk) {
          if (body.push(chunk) > pauseAtBytes) {
            current.pause();
            body.onDrained(() => current.resume());
          }
        },
        onResponseEnd() {
          release();
          body.finish();
        },
        onResponseError(_controller, cause) {
          release();
          const error = cause instanceof AppError ? cause : explainFailure(call.url, cause, settled);
          body.fail(error);
          reject(error);
        },
      },
    );
  });
}

type Chunks = {
  /** Gives the bytes waiting to be read. */
  push(chunk: Buffer): number;
  finish(): void;
  fail(error: AppError): void;
  onDrained(listener: () => void): void;
  readonly chunks: AsyncIterable<Buffer>;
};

function createChunks(abort: (reason: Error) => void): Chunks {
  const waiting: Buffer[] = [];
  let waitingBytes = 0;
  let state: "open" | "finished" | AppError = "open";
  let wake: (() => void) | undefined;
  let drained: (() => void) | undefined;

  async function* read(): AsyncGenerator<Buffer> {
    try {
      for (;;) {
        const chunk = waiting.shift();
        if (chunk !== undefined) {
          waitingBytes -= chunk.length;
          if (waitingBytes === 0) {
            drained?.();
            drained = undefined;
          }
          yield chunk;
        } else if (state === "finished") return;
        else if (state !== "open") throw state;
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
    } finally {
      if (state === "open") abort(new AppError("cancelled", "The answer is not needed any more."));
    }
  }

  function settle(next: "finished" | AppError): void {
    if (state === "open") state = next;
    wake?.();
  }

  return {
    push(chunk) {
      waiting.push(chunk);
      waitingBytes += chunk.length;
      wake?.();
      return waitingBytes;
    },
    finish: () => settle("finished"),
    fail: settle,
    onDrained(listener) {
      drained = listener;
    },
    chunks: { [Symbol.asyncIterator]: read },
  };
}

function flattenHeaders(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name.toLowerCase(),
      Array.isArray(value) ? value.join(", ") : value,
    ]),
  );
}

/** Who aborts with an AppError says why, e.g. that the provider took too long. */
function explainAbort({ url, signal }: UpstreamCall): AppError {
  const reason: unknown = signal.reason;
  if (reason instanceof AppError) return reason;
  if (reason instanceof Error && reason.name === "TimeoutError")
    return new AppError("source_timeout", `The provider at ${url.host} did not answer in time.`);
  return new AppError("cancelled", "The answer is not needed any more.");
}

function explainFailure(url: URL, cause: unknown, begun: boolean): AppError {
  const message = begun
    ? `The connection to ${url.host} broke off in the middle of the answer.`
    : `The provider at ${url.host} cannot be reached.`;
  return new AppError("source_failed", message, { cause });
}
