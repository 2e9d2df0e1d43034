// What the mock upstream, the load generator and the bench agree on.

/** The mock answers each in its own way: 1 KB of JSON, or a stream. */
export const models = {
  json: "bench-json",
  stream: "bench-stream",
  batched: "bench-batched",
  paced: "bench-paced",
} as const;

export const eventsPerStream = 200;

/** One measurement, done by the generator process. */
export type Load = {
  readonly port: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** What the end of a good answer's body must hold. */
  readonly endMark: string;
  /** Requests at once, each sent when the last one on its connection was answered. */
  readonly connections: number;
  /** Instead: so many a second, whatever the answers do; `connections` is then the most there may be. */
  readonly requestsPerSecond?: number;
  readonly durationMs: number;
};

export type LoadResult = {
  readonly answers: number;
  /** Answers with another status, without the end mark, or cut. */
  readonly failures: number;
  /** Until the last answer. */
  readonly elapsedMs: number;
  readonly latenciesMs: readonly number[];
  /** Between two arrivals of bytes of one answer. */
  readonly gapsMs: readonly number[];
  /** Of the process that answered, where the system tells. */
  readonly processorMs?: number;
};
