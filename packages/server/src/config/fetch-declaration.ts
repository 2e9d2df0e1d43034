// Owns what `fetch` in the YAML file may be: whether and from where files are fetched for callers.

import { z } from "zod";
import { isAllowEntry } from "../platform/fetch-guard/addresses.ts";
import type { FetchSettings } from "../platform/fetch-guard/fetch-guard.ts";
import { fetchFields } from "./fields.ts";
import type { Problems } from "./problems.ts";

const numberSchema = z.int("must be a whole number").min(1, "must be 1 or more");

const fetchSchema = z.strictObject({
  enabled: z.boolean().default(true),
  allow: z
    .array(
      z
        .string()
        .refine(
          isAllowEntry,
          "must be an address, a range like 10.2.0.0/16, a host name or *.name, without scheme, port or path",
        ),
    )
    .default([]),
  maxBytes: numberSchema
    .max(64 * 1024 * 1024, "must be 67108864 (64 MiB) or less")
    .default(Number(fetchFields.maxBytes.default)),
  timeoutMs: numberSchema.max(600_000, "must be 600000 or less").default(Number(fetchFields.timeoutMs.default)),
});

/** The defaults where something is wrong; what is, is added to `problems`. */
export function readFetchSettings(raw: unknown, problems: Problems): FetchSettings {
  return problems.check(["fetch"], fetchSchema, raw) ?? fetchSchema.parse({});
}
