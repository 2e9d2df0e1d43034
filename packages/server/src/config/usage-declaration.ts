// Owns what `usage` in the YAML file may be: how long usage is kept.

import { z } from "zod";
import type { UsageRetention } from "../records/usage/tend.ts";
import { usageFields } from "./fields.ts";
import type { Problems } from "./problems.ts";

const tenYears = 3650;
const numberSchema = z.int("must be a whole number").min(1, "must be 1 or more");

const usageSchema = z.strictObject({
  recordDays: numberSchema.max(tenYears, `must be ${tenYears} or less`).default(Number(usageFields.recordDays.default)),
  rollupMonths: numberSchema.max(120, "must be 120 or less").default(Number(usageFields.rollupMonths.default)),
});

/** The defaults where something is wrong; what is, is added to `problems`. */
export function readUsageSettings(raw: unknown, problems: Problems): UsageRetention {
  return problems.check(["usage"], usageSchema, raw) ?? usageSchema.parse({});
}
