// Loads drizzle-orm as CommonJS, the one place that does. As ES modules its import cycles cost the loader of Node 26
// about 190 MB of memory and 280 ms at every start (`node -e "import('drizzle-orm/postgres-js')"` against require).

import { createRequire } from "node:module";

const load = createRequire(import.meta.url);
const core = load("drizzle-orm") as typeof import("drizzle-orm");
const columns = load("drizzle-orm/pg-core") as typeof import("drizzle-orm/pg-core");
const driver = load("drizzle-orm/postgres-js") as typeof import("drizzle-orm/postgres-js");
const migrations = load("drizzle-orm/migrator") as typeof import("drizzle-orm/migrator");
const migrator = load("drizzle-orm/postgres-js/migrator") as typeof import("drizzle-orm/postgres-js/migrator");

export const { and, asc, desc, eq, gt, ilike, inArray, isNotNull, isNull, lt, ne, notInArray, or, sql } = core;
export const { bigint, boolean, customType, index, integer, jsonb, pgTable, primaryKey, text, timestamp, uniqueIndex } =
  columns;
export const { drizzle } = driver;
export const { readMigrationFiles } = migrations;
export const { migrate } = migrator;
