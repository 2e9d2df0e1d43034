// SQL of command lines that wait to be let in. Codes for machines come in as hashes.

import type { Database, Executor } from "../../../store/database.ts";
import { and, eq, gt, isNull, lt, or, sql } from "../../../store/drizzle.ts";
import { deviceGrant } from "../../../store/tables/identity.ts";

export type DeviceGrant = {
  readonly id: string;
  readonly client: string;
  readonly status: "pending" | "approved" | "denied" | "redeemed";
  readonly userId: string | null;
  readonly createdAt: Date;
  readonly expiresAt: Date;
};

export type DeviceStore = {
  /** False when the user code is taken. */
  insert(grant: {
    readonly id: string;
    readonly deviceCodeHash: string;
    readonly userCode: string;
    readonly client: string;
    readonly createdAt: Date;
    readonly expiresAt: Date;
  }): Promise<boolean>;
  /** One that nobody decided on yet. */
  findPending(userCode: string, at: Date): Promise<DeviceGrant | undefined>;
  /** Undefined when it was decided on, or its time was over. */
  decide(
    tx: Executor,
    userCode: string,
    status: "approved" | "denied",
    userId: string,
    at: Date,
  ): Promise<DeviceGrant | undefined>;
  find(deviceCodeHash: string): Promise<DeviceGrant | undefined>;
  /** False when the last poll was later than `notSince`. */
  notePoll(id: string, at: Date, notSince: Date): Promise<boolean>;
  /** Undefined for everybody but the first after the approval. */
  redeem(tx: Executor, deviceCodeHash: string, at: Date): Promise<DeviceGrant | undefined>;
  transaction<T>(work: (tx: Executor) => Promise<T>): Promise<T>;
};

const columns = {
  id: deviceGrant.id,
  client: deviceGrant.client,
  status: deviceGrant.status,
  userId: deviceGrant.userId,
  createdAt: deviceGrant.createdAt,
  expiresAt: deviceGrant.expiresAt,
};

export function createDeviceStore({ db }: Pick<Database, "db">): DeviceStore {
  return {
    transaction: (work) => db.transaction(work),
    async insert(grant) {
      const made = await db
        .insert(deviceGrant)
        .values({ ...grant, status: "pending" })
        .onConflictDoNothing()
        .returning({ id: deviceGrant.id });
      return made.length > 0;
    },
    async findPending(userCode, at) {
      return (await db.select(columns).from(deviceGrant).where(isPending(userCode, at)))[0];
    },
    async decide(tx, userCode, status, userId, at) {
      const decided = await tx
        .update(deviceGrant)
        .set({ status, userId })
        .where(isPending(userCode, at))
        .returning(columns);
      return decided[0];
    },
    async find(hash) {
      return (await db.select(columns).from(deviceGrant).where(eq(deviceGrant.deviceCodeHash, hash)))[0];
    },
    async notePoll(id, at, notSince) {
      const noted = await db
        .update(deviceGrant)
        .set({ lastPolledAt: at })
        .where(
          and(eq(deviceGrant.id, id), or(isNull(deviceGrant.lastPolledAt), lt(deviceGrant.lastPolledAt, notSince))),
        )
        .returning({ id: deviceGrant.id });
      return noted.length > 0;
    },
    async redeem(tx, hash, at) {
      const rows = await tx
        .update(deviceGrant)
        .set({ status: "redeemed" })
        .where(
          and(eq(deviceGrant.deviceCodeHash, hash), eq(deviceGrant.status, "approved"), gt(deviceGrant.expiresAt, at)),
        )
        .returning(columns);
      return rows[0];
    },
  };
}

function isPending(userCode: string, at: Date) {
  return and(eq(deviceGrant.userCode, userCode), sql`${deviceGrant.status} = 'pending'`, gt(deviceGrant.expiresAt, at));
}
