// Owns the connection to Postgres and brings its tables up to date. Knows no record.

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { PostgresJsDatabase } from "drizzle-orm/postgres-js";
import postgres, { type Sql } from "postgres";
import { drizzle, migrate, readMigrationFiles } from "./drizzle.ts";
import type { StoreLog } from "./store-log.ts";

export type DatabaseTarget =
  | { readonly url: string }
  | { readonly socketDir: string; readonly user: string; readonly database: string };

export type Database = {
  /**
   * postgres.js, for hot paths and LISTEN. Drizzle shares it and switches its date handling off: timestamps go in and
   * come out as text. bigint comes out as number.
   */
  readonly sql: Sql;
  readonly db: PostgresJsDatabase;
  /** Resolves when the database answers; throws otherwise. */
  ping(): Promise<void>;
  /** Waits for running statements up to 5 s. Idempotent. */
  close(): Promise<void>;
};

/** What runs statements: the database itself or one transaction on it. */
export type Executor = Pick<Database["db"], "select" | "insert" | "update" | "delete" | "execute">;

export type DatabaseOptions = {
  /** How long a database that is not up yet is waited for; default 10 s. */
  readonly waitMs?: number;
  /** Connections; default 10. */
  readonly maxConnections?: number;
};

const migrationsFolder = join(import.meta.dirname, "migrations");
const extraFile = join(import.meta.dirname, "extra.sql");
/** "auxot" in ASCII. One number for all routers on a database. */
const migrationLock = 418_514_333_556;
const oldestServer = 140_000;

/** Connects and migrates. Throws an Error with a message for the operator, without the password. */
export async function openDatabase(
  target: DatabaseTarget,
  log: StoreLog,
  options: DatabaseOptions = {},
): Promise<Database> {
  await prepare(target, log, options.waitMs ?? 10_000);
  const sql = connect(target, options.maxConnections ?? 10);
  const db = drizzle(sql);
  let closing: Promise<void> | undefined;
  return {
    sql,
    db,
    ping: async () => void (await sql`select 1`),
    close() {
      closing ??= sql.end({ timeout: 5 });
      return closing;
    },
  };
}

function connect(target: DatabaseTarget, max: number): Sql {
  const common = {
    max,
    connect_timeout: 10,
    // A lost database is tried again at once, then at most every 2 s.
    backoff: (attempt: number) => Math.min(2, 0.05 * 2 ** attempt),
    connection: { application_name: "auxot" },
    onnotice: () => {},
  };
  const sql: Sql =
    "url" in target
      ? postgres(target.url, common)
      : postgres({
          ...common,
          path: join(target.socketDir, ".s.PGSQL.5432"),
          user: target.user,
          database: target.database,
          ssl: false,
        });
  const int8 = 20;
  sql.options.parsers[int8] = Number;
  return sql;
}

async function prepare(target: DatabaseTarget, log: StoreLog, waitMs: number): Promise<void> {
  const deadline = performance.now() + waitMs;
  for (let tries = 1; ; tries++) {
    const sql = connect(target, 1);
    try {
      await checkServer(sql);
      await migrateLocked(sql, log);
      return;
    } catch (error) {
      if (!isNotUpYet(error) || performance.now() > deadline) throw explain(error, target);
      if (tries === 1) log.warn({ database: describe(target) }, "The database does not answer yet; waiting for it");
    } finally {
      await sql.end({ timeout: 1 });
    }
    await wait(250);
  }
}

async function checkServer(sql: Sql): Promise<void> {
  const [row] = await sql<{ version: number }[]>`select current_setting('server_version_num')::int as version`;
  const version = row?.version ?? 0;
  if (version >= oldestServer) return;
  throw new Error(`it is Postgres ${Math.floor(version / 10_000)}, and Auxot needs 14 or newer`);
}

/** Drizzle's migrator has no lock of its own, and routers may start together. `sql` has one connection, which holds it. */
async function migrateLocked(sql: Sql, log: StoreLog): Promise<void> {
  await sql`select pg_advisory_lock(${migrationLock})`;
  try {
    await migrate(drizzle(sql), { migrationsFolder });
    await applyExtra(sql);
    const known = readMigrationFiles({ migrationsFolder }).at(-1)?.folderMillis ?? 0;
    const [row] = await sql<
      { last: number }[]
    >`select max(created_at)::float8 as last from drizzle.__drizzle_migrations`;
    if ((row?.last ?? 0) > known) log.warn({}, "The database was last changed by a newer Auxot than this one");
  } finally {
    await sql`select pg_advisory_unlock(${migrationLock})`.catch(() => {});
  }
}

/** Only when the file changed, which the schema's comment tells: it locks tables that running routers write to. */
async function applyExtra(sql: Sql): Promise<void> {
  const extra = await readFile(extraFile, "utf8");
  const mark = `extra.sql ${createHash("sha256").update(extra).digest("hex")}`;
  const [row] = await sql<
    { mark: string | null }[]
  >`select obj_description('drizzle'::regnamespace, 'pg_namespace') as mark`;
  if (row?.mark === mark) return;
  await sql.unsafe(`begin;\n${extra}\ncomment on schema drizzle is '${mark}';\ncommit;`);
}

/** Nobody listens there yet, or the server is starting (57P03). */
function isNotUpYet(error: unknown): boolean {
  const codes = ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "ENOENT", "ECONNRESET", "CONNECT_TIMEOUT", "57P03"];
  return codes.includes(readCode(error));
}

function readCode(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}

function explain(error: unknown, target: DatabaseTarget): Error {
  const reason = error instanceof Error ? error.message || readCode(error) : String(error);
  const secret = "url" in target ? readPassword(target.url) : "";
  const shown = secret === "" ? reason : reason.replaceAll(secret, "[secret]");
  return new Error(`Cannot use the database at ${describe(target)}: ${shown}.${advise(error)}`, { cause: error });
}

function advise(error: unknown): string {
  switch (readCode(error)) {
    case "28P01":
    case "28000":
      return " Check the user and password in AUXOT_DATABASE_URL.";
    case "3D000":
      return " Create it, e.g. with: createdb auxot";
    case "42501":
      return " The user needs the right to create tables in it.";
    default:
      return isNotUpYet(error) ? " Check the host and port in AUXOT_DATABASE_URL, and that it runs." : "";
  }
}

function readPassword(url: string): string {
  try {
    return decodeURIComponent(new URL(url).password);
  } catch {
    return "";
  }
}

/** Where the database is, without user and password. */
function describe(target: DatabaseTarget): string {
  if (!("url" in target)) return target.socketDir;
  try {
    const { protocol, host, pathname } = new URL(target.url);
    return `${protocol}//${host}${pathname}`;
  } catch {
    return "the given address";
  }
}
