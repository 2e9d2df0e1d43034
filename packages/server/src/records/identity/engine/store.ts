// SQL of the sign-in engine: its generic questions over the tables it may touch, and no others. Knows no meaning of them.

import { AppError } from "@auxot/wire/errors";
import type { Database } from "../../../store/database.ts";

export type Condition = {
  readonly field: string;
  readonly operator?: string | undefined;
  readonly value: unknown;
  readonly connector?: string | undefined;
  readonly mode?: string | undefined;
};

export type EngineRow = Record<string, unknown>;

/** Throws `no_capacity` when the database does not answer. */
export type EngineStore = {
  insert(model: string, row: EngineRow): Promise<EngineRow>;
  /** At most one row, atomically; undefined when none fits. */
  updateOne(
    model: string,
    where: readonly Condition[],
    set: EngineRow,
    add?: Readonly<Record<string, number>>,
  ): Promise<EngineRow | undefined>;
  updateMany(model: string, where: readonly Condition[], set: EngineRow): Promise<number>;
  find(
    model: string,
    where: readonly Condition[],
    page?: { readonly limit: number; readonly offset: number; readonly sortBy?: Sort | undefined },
  ): Promise<readonly EngineRow[]>;
  /** At most one row, atomically. */
  take(model: string, where: readonly Condition[]): Promise<EngineRow | undefined>;
  deleteMany(model: string, where: readonly Condition[]): Promise<number>;
  count(model: string, where: readonly Condition[]): Promise<number>;
};

type Sort = { readonly field: string; readonly direction: "asc" | "desc" };

const tables: Readonly<Record<string, string>> = {
  user: "user_account",
  account: "sign_in_method",
  session: "user_session",
  verification: "sign_in_challenge",
  twoFactor: "two_factor",
  passkey: "passkey",
};
const comparisons: Readonly<Record<string, string>> = { eq: "=", ne: "<>", lt: "<", lte: "<=", gt: ">", gte: ">=" };

export function createEngineStore({ sql }: Database): EngineStore {
  /** Values go as parameters only; names are checked, then quoted. */
  async function ask(text: string, values: readonly unknown[]): Promise<{ rows: EngineRow[]; count: number }> {
    try {
      const rows = await sql.unsafe<EngineRow[]>(text, values.map(toParameter) as never[]);
      return { rows: rows.map(fromRow), count: rows.count };
    } catch (cause) {
      // What the database itself refuses is a mistake of ours.
      if (
        cause instanceof Error &&
        cause.name === "PostgresError" &&
        !/^(57P|53)/.test(String("code" in cause ? cause.code : ""))
      )
        throw cause;
      throw new AppError("no_capacity", "Nobody can sign in now: Auxot's database does not answer. Try again.", {
        cause,
        retryAfterMs: 1000,
      });
    }
  }

  return {
    async insert(model, row) {
      const values: unknown[] = [];
      const columns = Object.keys(row).map(toColumn).join(", ");
      const places = Object.values(row).map((value) => `$${values.push(value)}`);
      const text = `insert into ${toTable(model)} (${columns}) values (${places.join(", ")}) returning *`;
      return (await ask(text, values)).rows[0] ?? {};
    },
    async updateOne(model, where, set, add = {}) {
      const values: unknown[] = [];
      const table = toTable(model);
      const condition = toWhere(where, values);
      const text = `update ${table} set ${toSet(set, add, values)} where id = (select id from ${table}${condition} limit 1 for update) returning *`;
      return (await ask(text, values)).rows[0];
    },
    async updateMany(model, where, set) {
      const values: unknown[] = [];
      const condition = toWhere(where, values);
      return (await ask(`update ${toTable(model)} set ${toSet(set, {}, values)}${condition}`, values)).count;
    },
    async find(model, where, page) {
      const values: unknown[] = [];
      const sorted = page?.sortBy;
      const order =
        sorted === undefined
          ? ""
          : ` order by ${toColumn(sorted.field)} ${sorted.direction === "desc" ? "desc" : "asc"}`;
      const condition = toWhere(where, values);
      const limit = ` limit $${values.push(page?.limit ?? 1)} offset $${values.push(page?.offset ?? 0)}`;
      return (await ask(`select * from ${toTable(model)}${condition}${order}${limit}`, values)).rows;
    },
    async take(model, where) {
      const values: unknown[] = [];
      const table = toTable(model);
      const text = `delete from ${table} where id = (select id from ${table}${toWhere(where, values)} limit 1 for update skip locked) returning *`;
      return (await ask(text, values)).rows[0];
    },
    async deleteMany(model, where) {
      const values: unknown[] = [];
      return (await ask(`delete from ${toTable(model)}${toWhere(where, values)}`, values)).count;
    },
    async count(model, where) {
      const values: unknown[] = [];
      const { rows } = await ask(
        `select count(*)::int as found from ${toTable(model)}${toWhere(where, values)}`,
        values,
      );
      return Number(rows[0]?.["found"] ?? 0);
    },
  };
}

function toTable(model: string): string {
  const table = tables[model];
  if (table === undefined) throw new Error(`The sign-in engine has no table for "${model}".`);
  return table;
}

/** credentialID reads as credential_id. */
function toColumn(field: string): string {
  if (!/^[A-Za-z]+$/.test(field)) throw new Error(`"${field}" is no field of the sign-in engine.`);
  return `"${field.replace(/([a-z])([A-Z])/g, "$1_$2").toLowerCase()}"`;
}

function toSet(set: EngineRow, add: Readonly<Record<string, number>>, values: unknown[]): string {
  return [
    ...Object.entries(set).map(([field, value]) => `${toColumn(field)} = $${values.push(value)}`),
    ...Object.entries(add).map(
      ([field, by]) => `${toColumn(field)} = coalesce(${toColumn(field)}, 0) + $${values.push(by)}`,
    ),
  ].join(", ");
}

function toWhere(where: readonly Condition[], values: unknown[]): string {
  if (where.length === 0) return "";
  const all = where.filter(({ connector }) => connector !== "OR").map((one) => toComparison(one, values));
  const any = where.filter(({ connector }) => connector === "OR").map((one) => toComparison(one, values));
  return ` where ${[...all, ...(any.length === 0 ? [] : [`(${any.join(" or ")})`])].join(" and ")}`;
}

function toComparison({ field, operator = "eq", value, mode }: Condition, values: unknown[]): string {
  const column = toColumn(field);
  if (value === null) return `${column} is ${operator === "ne" ? "not " : ""}null`;
  if (operator === "in" || operator === "not_in") {
    return `${operator === "in" ? "" : "not "}${column} = any($${values.push(value)})`;
  }
  const comparison = comparisons[operator];
  if (comparison === undefined) throw new Error(`The sign-in engine asks with "${operator}", which is not known here.`);
  const place = `$${values.push(value)}`;
  return mode === "insensitive" ? `lower(${column}) ${comparison} lower(${place})` : `${column} ${comparison} ${place}`;
}

function toParameter(value: unknown): unknown {
  return value instanceof Date ? value.toISOString() : value;
}

const momentFields = /At$|^lockedUntil$/;

/** The shared driver gives moments as text. */
function fromRow(row: EngineRow): EngineRow {
  return Object.fromEntries(
    Object.entries(row).map(([column, value]) => {
      const field =
        column === "credential_id"
          ? "credentialID"
          : column.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
      return [field, typeof value === "string" && momentFields.test(field) ? new Date(value) : value];
    }),
  );
}
