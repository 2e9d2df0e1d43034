// The shape of a checked configuration. Types only.

import type { DialectName } from "@auxot/wire/chat";
import type { ModelAbilities } from "@auxot/wire/model-offer";
import type { LogLevel } from "../platform/log.ts";
import type { Secret } from "../platform/secret-text.ts";

export type Limits = {
  readonly maxBodyBytes: number;
  readonly queueWaitMs: number;
  readonly maxQueuedRequests: number;
  readonly firstTokenTimeoutMs: number;
  /** Between two tokens. */
  readonly idleTimeoutMs: number;
  readonly drainTimeoutMs: number;
};

export type ConfiguredModel = {
  readonly id: string;
  readonly aliases: readonly string[];
  readonly contextTokens?: number;
  readonly maxOutputTokens?: number;
  readonly abilities?: Partial<ModelAbilities>;
};

export type ConfiguredProvider = {
  readonly name: string;
  readonly kind: "gpu" | "cli" | "cloud";
  /** There exactly when `kind` is "cloud". */
  readonly cloud?: {
    readonly dialect: DialectName;
    readonly baseUrl: string;
    readonly apiKey: Secret;
    readonly models: readonly ConfiguredModel[];
    readonly modelsDeclared: boolean;
    readonly aliases: Readonly<Record<string, string>>;
  };
};

export type ConfiguredKey = {
  readonly name: string;
  readonly key: Secret;
  readonly kind: "caller" | "worker";
  readonly admin: boolean;
  readonly provider?: string;
};

export type Config = {
  readonly host: string;
  /** 0 lets the system choose (tests). */
  readonly port: number;
  /** As people reach the router, without a trailing slash. Absent: made of host and the port that was bound. */
  readonly baseUrl?: string;
  /** Absolute. */
  readonly dataDir: string;
  readonly logLevel: LogLevel;
  /** Absent: the embedded Postgres. */
  readonly databaseUrl?: Secret;
  /** Absent only with the embedded Postgres: `ensureSecretKey(dataDir)`. */
  readonly secretKey?: Secret;
  readonly bootstrapKey?: Secret;
  readonly limits: Limits;
  readonly providers: readonly ConfiguredProvider[];
  readonly keys: readonly ConfiguredKey[];
};
