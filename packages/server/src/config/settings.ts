// The shape of a checked configuration. Types only.

import type { KeyObject } from "node:crypto";
import type { FetchSettings } from "../platform/fetch-guard/fetch-guard.ts";
import type { LogLevel } from "../platform/log.ts";
import type { Secret } from "../platform/secret-text.ts";
import type { AuditSettings } from "../records/audit/audit.ts";
import type { TraceSettings } from "../platform/telemetry.ts";
import type { DeclaredSsoProvider } from "../records/identity/sso/settings.ts";
import type { MailSettings } from "../records/identity/mail.ts";
import type { DeclaredKey } from "../records/keys/make-key.ts";
import type { UsageRetention } from "../records/usage/tend.ts";
import type { DeclaredProvider } from "../records/providers/providers.ts";
import type { WebhookSettings } from "../records/webhook/send.ts";

export type Limits = {
  readonly maxBodyBytes: number;
  readonly queueWaitMs: number;
  readonly maxQueuedRequests: number;
  readonly firstTokenTimeoutMs: number;
  /** Between two tokens. */
  readonly idleTimeoutMs: number;
  readonly drainTimeoutMs: number;
};

/** How OpenAI's stored responses are kept. */
export type ResponseSettings = {
  /** 0: nothing is kept. */
  readonly retentionDays: number;
  /** Most answers in the background at once. */
  readonly maxBackground: number;
};

/** Who may read `/metrics`. */
export type MetricsSettings = {
  /** `off`: there is no such page, and nothing is counted. `key`: an admin key, or the token. */
  readonly access: "off" | "open" | "key";
  readonly token?: Secret;
};

export type SignInSettings = {
  /** False: passwords open nothing; passkeys and identity providers do. */
  readonly password: boolean;
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
  /** Absent only with the embedded Postgres: the keys in `<dataDir>/secret.key`. */
  readonly secretKey?: Secret;
  /** They open what was sealed before a rotation. */
  readonly oldSecretKeys?: readonly Secret[];
  /** The id of a secret key that is lost: what is sealed with it is deleted at the start. */
  readonly lostKeyId?: string;
  readonly bootstrapKey?: Secret;
  /** Checks licences, Ed25519. Absent: nothing needs one. */
  readonly vendorKey?: KeyObject;
  /** Identity providers of the file. */
  readonly sso: readonly DeclaredSsoProvider[];
  readonly signIn: SignInSettings;
  /** Absent: no mail is sent. */
  readonly mail?: MailSettings;
  readonly limits: Limits;
  readonly fetch: FetchSettings;
  readonly responses: ResponseSettings;
  readonly audit: AuditSettings;
  /** Told of alerts and of requests for more. Absent: nobody is. */
  readonly webhook?: WebhookSettings;
  /** Addresses and ranges of proxies whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly string[];
  readonly metrics: MetricsSettings;
  /** Absent: no traces. */
  readonly traces?: TraceSettings;
  readonly usage: UsageRetention;
  readonly providers: readonly DeclaredProvider[];
  readonly keys: readonly DeclaredKey[];
};
