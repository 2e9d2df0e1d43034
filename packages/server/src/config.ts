// Owns the configuration: environment and one optional YAML file, checked completely before anything starts.
// The only place that reads process.env.

import type { KeyObject } from "node:crypto";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { z } from "zod";
import { checkKeyText, readDeclarations } from "./config/declarations.ts";
import { readMetricsSettings, readTraceSettings } from "./config/observe-declaration.ts";
import { readConfigText, type Environment, type FileContent } from "./config/file.ts";
import { findNearMatches } from "@auxot/wire/near-matches";
import { createProblems, type Problems } from "./config/problems.ts";
import type { Config } from "./config/settings.ts";
import { readVendorKey } from "./platform/licence.ts";
import { logLevels } from "./platform/log.ts";
import { createSecret, type Secret } from "./platform/secret-text.ts";
import { builtInVendorKey } from "./platform/vendor-key.ts";

/** Everything that is wrong with the configuration, one line a problem, each with its path. */
export class ConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(
      `The configuration has ${problems.length === 1 ? "a problem" : `${problems.length} problems`}:\n${problems.map((problem) => `- ${problem}`).join("\n")}`,
    );
    this.name = "ConfigError";
    this.problems = problems;
  }
}

export type LoadedConfig = { readonly config: Config; readonly warnings: readonly string[] };

/** Reads a text file; undefined when it does not exist. */
export type ReadTextFile = (path: string) => string | undefined;

const noSecretKey =
  "is required with AUXOT_DATABASE_URL, and must be the same on every router of that database. Make one with: openssl rand -base64 32";

const httpUrlSchema = z
  .string()
  .refine((text) => /^https?:$/.test(URL.parse(text)?.protocol ?? ""), "must begin with https:// or http://")
  .transform((text) => text.replace(/\/+$/, ""));

const environmentSchema = z.object({
  AUXOT_CONFIG: z.string().exactOptional(),
  AUXOT_HOST: z.string().default("127.0.0.1"),
  AUXOT_PORT: z
    .string()
    .refine((text) => /^\d{1,5}$/.test(text) && Number(text) <= 65_535, "must be a number from 0 to 65535")
    .transform(Number)
    .default(8080),
  AUXOT_BASE_URL: httpUrlSchema.exactOptional(),
  AUXOT_DATA_DIR: z.string().default(".auxot"),
  AUXOT_DATABASE_URL: z
    .string()
    .refine(
      (text) => /^postgres(ql)?:$/.test(URL.parse(text)?.protocol ?? ""),
      "must look like postgres://user:password@host:5432/database; special characters in the password are percent-encoded",
    )
    .exactOptional(),
  AUXOT_SECRET_KEY: z
    .string()
    .min(32, "must be 32 characters or more. Make one with: openssl rand -base64 32")
    .exactOptional(),
  AUXOT_OLD_SECRET_KEYS: z
    .string()
    .transform((text) => text.split(",").map((key) => key.trim()))
    .refine((keys) => keys.every((key) => key.length >= 32), "each must be 32 characters or more, with commas between")
    .exactOptional(),
  AUXOT_FORGET_SECRET_KEY: z.string().exactOptional(),
  AUXOT_BOOTSTRAP_KEY: z.string().exactOptional(),
  AUXOT_VENDOR_KEY: z
    .string()
    .transform((text, context) => {
      try {
        return readVendorKey(text);
      } catch (error) {
        context.addIssue(error instanceof Error ? error.message : String(error));
        return z.NEVER;
      }
    })
    .exactOptional(),
  AUXOT_METRICS_TOKEN: z
    .string()
    .min(24, "must be 24 characters or more. Make one with: openssl rand -base64 32")
    .exactOptional(),
  AUXOT_LOG_LEVEL: z.enum(logLevels, `must be one of ${logLevels.join(", ")}`).default("info"),
  AUXOT_REDIS_URL: z
    .string()
    .refine(() => false, "not supported in this version; unset it")
    .exactOptional(),
});

/** Throws ConfigError with all problems at once. */
export function loadConfig(
  env: Environment = process.env,
  options: { readonly readFile?: ReadTextFile; readonly cwd?: string } = {},
): LoadedConfig {
  const { readFile = readTextFile, cwd = process.cwd() } = options;
  const problems = createProblems();
  const warnings: string[] = [];
  const given = readEnvironment(env);
  const variables = problems.check([], environmentSchema, given);
  const databaseUrl = given["AUXOT_DATABASE_URL"];
  if (databaseUrl !== undefined && given["AUXOT_SECRET_KEY"] === undefined) {
    problems.add(["AUXOT_SECRET_KEY"], noSecretKey);
  }
  if (given["AUXOT_OLD_SECRET_KEYS"] !== undefined && given["AUXOT_SECRET_KEY"] === undefined) {
    problems.add(["AUXOT_OLD_SECRET_KEYS"], "has no use without AUXOT_SECRET_KEY, the key for new secrets");
  }
  const bootstrapKey = given["AUXOT_BOOTSTRAP_KEY"];
  if (bootstrapKey !== undefined) checkKeyText(bootstrapKey, ["AUXOT_BOOTSTRAP_KEY"], problems, "caller");

  const file = readFileOnce(given["AUXOT_CONFIG"], env, { readFile, cwd }, problems);
  // What is wrong with the syntax is told already.
  const tree = file.tree === undefined ? {} : file.tree;
  const declarations = readDeclarations(tree, problems, (text) => void warnings.push(text));
  const metrics = readMetricsSettings(tree, variables?.AUXOT_METRICS_TOKEN, problems);
  const traces = readTraceSettings(tree, env, problems);
  for (const [index, key] of declarations.keys.entries()) {
    if (key.key.reveal() === bootstrapKey) problems.add(["keys", index, "key"], "the same as AUXOT_BOOTSTRAP_KEY");
  }
  warnings.push(...findUnknown(env, file.usedVariables));
  if (variables === undefined || problems.all().length > 0) throw new ConfigError(problems.all());
  const config = {
    host: variables.AUXOT_HOST,
    port: variables.AUXOT_PORT,
    ...(variables.AUXOT_BASE_URL === undefined ? {} : { baseUrl: variables.AUXOT_BASE_URL }),
    dataDir: resolve(cwd, variables.AUXOT_DATA_DIR),
    logLevel: variables.AUXOT_LOG_LEVEL,
    ...wrap("databaseUrl", variables.AUXOT_DATABASE_URL),
    ...wrap("secretKey", variables.AUXOT_SECRET_KEY),
    ...(variables.AUXOT_OLD_SECRET_KEYS === undefined
      ? {}
      : { oldSecretKeys: variables.AUXOT_OLD_SECRET_KEYS.map(createSecret) }),
    ...(variables.AUXOT_FORGET_SECRET_KEY === undefined ? {} : { lostKeyId: variables.AUXOT_FORGET_SECRET_KEY }),
    ...wrap("bootstrapKey", variables.AUXOT_BOOTSTRAP_KEY),
    ...readVendor(variables.AUXOT_VENDOR_KEY),
    ...declarations,
    metrics,
    ...(traces === undefined ? {} : { traces }),
  };
  return { config, warnings };
}

/** The key set at build counts before the one configured: who sells a build decides what it needs. */
function readVendor(configured: KeyObject | undefined): { readonly vendorKey?: KeyObject } {
  const vendorKey = builtInVendorKey === undefined ? configured : readVendorKey(builtInVendorKey);
  return vendorKey === undefined ? {} : { vendorKey };
}

function wrap<Name extends string>(name: Name, text: string | undefined): { readonly [name in Name]?: Secret } {
  return text === undefined ? {} : ({ [name]: createSecret(text) } as { [name in Name]: Secret });
}

/** An empty variable is an unset one: that is how compose files write it. Only the key keeps its ends, to complain of them. */
function readEnvironment(env: Environment): Record<string, string> {
  const given: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined || value.trim() === "" || !name.startsWith("AUXOT_")) continue;
    given[name] = name === "AUXOT_BOOTSTRAP_KEY" ? value : value.trim();
  }
  return given;
}

function readFileOnce(
  path: string | undefined,
  env: Environment,
  { readFile, cwd }: { readonly readFile: ReadTextFile; readonly cwd: string },
  problems: Problems,
): FileContent {
  const nothing = { tree: undefined, usedVariables: new Set<string>() };
  const file = resolve(cwd, path ?? "auxot.yaml");
  try {
    const text = readFile(file);
    if (text !== undefined) return readConfigText(text, path ?? "auxot.yaml", env, problems);
    if (path !== undefined) problems.add(["AUXOT_CONFIG"], `there is no file ${file}`);
  } catch (error) {
    problems.add(["AUXOT_CONFIG"], `cannot read ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
  return nothing;
}

function readTextFile(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** Those of the workers and the command line are not ours to judge. */
const foreign = /^AUXOT_(WORKER_.*|ENGINE_KEY|ROUTER_URL|URL|KEY)$/;

function findUnknown(env: Environment, used: ReadonlySet<string>): string[] {
  const known: readonly string[] = Object.keys(environmentSchema.shape);
  return Object.keys(env)
    .filter((name) => name.startsWith("AUXOT_") && !known.includes(name) && !foreign.test(name) && !used.has(name))
    .map((name) => {
      const nearest = findNearMatches(name, known)[0];
      return `${name}: unknown setting, ignored${nearest === undefined ? "" : `; did you mean ${nearest}?`}`;
    });
}
