// Owns the kinds of columns that tables are declared with.

import { bigint, customType, timestamp } from "./drizzle.ts";

export const bytea = customType<{ data: Uint8Array; driverData: Uint8Array }>({ dataType: () => "bytea" });

/** With its time zone; as a Date. Rows are given milliseconds, so that a Date says all of it. */
export const moment = (name: string) => timestamp(name, { withTimezone: true, mode: "date" });

/** A bigint, as a number. */
export const count = (name: string) => bigint(name, { mode: "number" });
