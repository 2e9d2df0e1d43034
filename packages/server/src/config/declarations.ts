// Owns what the YAML file may declare: providers, keys, limits, responses, usage. Every check adds its own problem; none hides another.

import { z } from "zod";
import { readKeyForm } from "../platform/key-text.ts";
import { createSecret } from "../platform/secret-text.ts";
import type { AuditSettings } from "../records/audit/audit.ts";
import type { MailSettings } from "../records/identity/mail.ts";
import type { DeclaredKey } from "../records/keys/make-key.ts";
import type { DeclaredProvider } from "../records/providers/providers.ts";
import type { FetchSettings } from "../platform/fetch-guard/fetch-guard.ts";
import type { WebhookSettings } from "../records/webhook/send.ts";
import { readAlertSettings } from "./alerts-declaration.ts";
import { readAuditSettings } from "./audit-declaration.ts";
import { readRange } from "../platform/ip-ranges.ts";
import { readFetchSettings } from "./fetch-declaration.ts";
import type { DeclaredSsoProvider } from "../records/identity/sso/settings.ts";
import type { Limits, ResponseSettings, SignInSettings } from "./settings.ts";
import { readSignInSettings, readSsoProviders } from "./sso-declaration.ts";
import { readMailSettings } from "./mail-declaration.ts";
import { limitFields, responseFields } from "./fields.ts";
import type { Path, Problems } from "./problems.ts";
import { findBuiltInKind } from "../platform/built-in-provider.ts";
import type { UsageRetention } from "../records/usage/tend.ts";
import { readUsageSettings } from "./usage-declaration.ts";
import { checkProvider, providerNamePattern } from "./provider-declaration.ts";

/** What the file declared. Only to be used when no problem was added. */
export type Declarations = {
  readonly providers: readonly DeclaredProvider[];
  readonly keys: readonly DeclaredKey[];
  readonly limits: Limits;
  readonly fetch: FetchSettings;
  readonly responses: ResponseSettings;
  readonly audit: AuditSettings;
  readonly webhook?: WebhookSettings;
  readonly trustedProxies: readonly string[];
  readonly usage: UsageRetention;
  readonly mail?: MailSettings;
  readonly sso: readonly DeclaredSsoProvider[];
  readonly signIn: SignInSettings;
};

const topSchema = z.strictObject({
  providers: z.array(z.unknown()).nullish(),
  keys: z.array(z.unknown()).nullish(),
  limits: z.record(z.string(), z.unknown()).nullish(),
  fetch: z.record(z.string(), z.unknown()).nullish(),
  responses: z.record(z.string(), z.unknown()).nullish(),
  audit: z.record(z.string(), z.unknown()).nullish(),
  alerts: z.record(z.string(), z.unknown()).nullish(),
  trustedProxies: z.array(z.unknown()).nullish(),
  // Read by observe-declaration.ts.
  metrics: z.record(z.string(), z.unknown()).nullish(),
  traces: z.record(z.string(), z.unknown()).nullish(),
  usage: z.record(z.string(), z.unknown()).nullish(),
  mail: z.record(z.string(), z.unknown()).nullish(),
  sso: z.array(z.unknown()).nullish(),
  signIn: z.record(z.string(), z.unknown()).nullish(),
  /** What `auxot apply` makes so: not read at start. */
  resources: z.unknown().optional(),
});

const proxiesSchema = z.array(
  z
    .string()
    .refine((text) => readRange(text) !== undefined, "must be an address like 10.0.0.5 or a range like 10.0.0.0/8"),
);

/** Longest delay a timer can take. */
const longestMs = 2_147_483_647;
const limitSchema = z
  .int("must be a whole number")
  .min(1, "must be 1 or more")
  .max(longestMs, `must be ${longestMs} or less`);
const limitsSchema = z.strictObject(
  Object.fromEntries(limitFields.map((field) => [field.name, limitSchema.default(Number(field.default))])) as Record<
    (typeof limitFields)[number]["name"],
    z.ZodDefault<typeof limitSchema>
  >,
);

const tenYears = 3650;
const defaults = Object.fromEntries(responseFields.map((field) => [field.name, Number(field.default)])) as Record<
  (typeof responseFields)[number]["name"],
  number
>;
const responsesSchema = z.strictObject({
  retentionDays: z
    .int("must be a whole number")
    .min(0, "must be 0 or more")
    .max(tenYears, `must be ${tenYears} or less`)
    .default(defaults.retentionDays),
  maxBackground: z
    .int("must be a whole number")
    .min(1, "must be 1 or more")
    .max(10_000, "must be 10000 or less")
    .default(defaults.maxBackground),
});

export function readDeclarations(tree: unknown, problems: Problems, warn: (text: string) => void): Declarations {
  if (typeof tree !== "object" || tree === null || Array.isArray(tree)) {
    problems.add([], "The configuration file must hold fields, e.g. providers: and keys:");
    return {
      providers: [],
      keys: [],
      limits: limitsSchema.parse({}),
      fetch: readFetchSettings({}, problems),
      responses: responsesSchema.parse({}),
      audit: readAuditSettings({}, problems),
      trustedProxies: [],
      usage: readUsageSettings({}, problems),
      sso: [],
      signIn: { password: true },
    };
  }
  problems.check([], topSchema, tree);
  const top: { readonly [name in keyof z.infer<typeof topSchema>]?: unknown } = tree;
  const rawProviders = Array.isArray(top.providers) ? top.providers : [];
  const rawKeys = Array.isArray(top.keys) ? top.keys : [];
  const providers = rawProviders.map((raw, index) => checkProvider(raw, ["providers", index], problems, warn));
  const keys = rawKeys.map((raw, index) => checkKey(raw, ["keys", index], rawProviders, problems));
  const sso = readSsoProviders(top.sso, problems);
  const mail = readMailSettings(top.mail, problems);
  checkDistinct(rawProviders, "providers", "name", problems);
  checkDistinct(rawKeys, "keys", "name", problems);
  checkDistinct(rawKeys, "keys", "key", problems);
  return {
    providers: providers.filter((provider) => provider !== undefined),
    keys: keys.filter((key) => key !== undefined),
    limits: problems.check(["limits"], limitsSchema, top.limits ?? {}) ?? limitsSchema.parse({}),
    fetch: readFetchSettings(top.fetch ?? {}, problems),
    responses: problems.check(["responses"], responsesSchema, top.responses ?? {}) ?? responsesSchema.parse({}),
    audit: readAuditSettings(top.audit ?? {}, problems),
    ...readAlertSettings(top.alerts ?? {}, problems),
    trustedProxies: problems.check(["trustedProxies"], proxiesSchema, top.trustedProxies ?? []) ?? [],
    usage: readUsageSettings(top.usage ?? {}, problems),
    ...(mail === undefined ? {} : { mail }),
    sso,
    signIn: readSignInSettings(top.signIn, sso, problems),
  };
}

const keySchema = z.strictObject({
  name: z.string().min(1, "must not be empty").max(100, "must be 100 characters at most"),
  key: z.string(),
  admin: z.boolean().default(false),
  provider: z.string().regex(providerNamePattern, "is no provider name").exactOptional(),
});

/** Adds what is wrong with the text of a caller key or, where allowed, a worker key. */
export function checkKeyText(text: string, path: Path, problems: Problems, allowed: "caller" | "any"): void {
  if (text.trim() !== text) {
    problems.add(path, "has spaces or line breaks at its ends");
    return;
  }
  const form = readKeyForm(text);
  if (form === "worker" && allowed === "caller") problems.add(path, "must be a caller key, not a worker key (axw_)");
  if (form !== "malformed") return;
  problems.add(
    path,
    /^ax[a-z]_/.test(text)
      ? "begins like an Auxot key but is not one: a character is missing or wrong"
      : "must be 24 characters or more",
  );
}

function checkKey(
  raw: unknown,
  path: Path,
  rawProviders: readonly unknown[],
  problems: Problems,
): DeclaredKey | undefined {
  const checked = problems.check(path, keySchema, raw);
  const text = readField(raw, "key");
  if (typeof text !== "string") return undefined;
  checkKeyText(text, [...path, "key"], problems, "any");
  const kind = text.startsWith("axw_") ? "worker" : "caller";
  const provider = readField(raw, "provider");
  if (kind === "caller" && provider !== undefined) {
    problems.add([...path, "provider"], "only worker keys (axw_) have a provider");
  }
  if (kind === "worker") checkWorkerKey(provider, readField(raw, "admin"), path, rawProviders, problems);
  if (checked === undefined) return undefined;
  const { key, ...rest } = checked;
  return { ...rest, key: createSecret(key), kind };
}

function checkWorkerKey(
  provider: unknown,
  admin: unknown,
  path: Path,
  rawProviders: readonly unknown[],
  problems: Problems,
): void {
  if (admin === true) problems.add([...path, "admin"], "a worker key cannot be an admin key");
  if (provider === undefined) {
    problems.add([...path, "provider"], "is required: the gpu or cli provider of the workers that use this key");
    return;
  }
  if (findBuiltInKind(provider) !== undefined || typeof provider !== "string") return;
  const declared = rawProviders.find((raw) => readField(raw, "name") === provider);
  if (declared === undefined) problems.add([...path, "provider"], `there is no provider named "${provider}"`);
  else if (readField(declared, "kind") === "cloud") {
    problems.add([...path, "provider"], `"${provider}" is a cloud provider; workers belong to gpu or cli providers`);
  }
}

function checkDistinct(raws: readonly unknown[], list: string, field: string, problems: Problems): void {
  const firsts = new Map<unknown, number>();
  for (const [index, raw] of raws.entries()) {
    const value = readField(raw, field);
    if (typeof value !== "string" || value === "") continue;
    const first = firsts.get(value);
    if (first === undefined) firsts.set(value, index);
    else problems.add([list, index, field], `the same as ${list}[${first}].${field}`);
  }
}

function readField(raw: unknown, field: string): unknown {
  return typeof raw === "object" && raw !== null ? (raw as Readonly<Record<string, unknown>>)[field] : undefined;
}
