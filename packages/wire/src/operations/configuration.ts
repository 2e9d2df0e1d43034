// Declares the acts on everything at once: what a file declares is made so, and what there is is written as such a file.

import { z } from "zod";
import { changeSchema, defineOperation } from "./define-operation.ts";

/** Entries by noun, in the words of the noun's own operations. What is exported never holds a secret. */
export const resourcesSchema = z.record(z.string(), z.array(z.record(z.string(), z.unknown())));
export type Resources = z.infer<typeof resourcesSchema>;

export const exportConfiguration = defineOperation({
  name: "configuration.export",
  summary: "Tell what there is, in the form that configuration.apply takes. Secrets are left out.",
  action: "configuration.read",
  method: "GET",
  path: "/api/configuration",
  input: z.strictObject({}),
  output: z.object({ resources: resourcesSchema }),
});

export const applyConfiguration = defineOperation({
  name: "configuration.apply",
  summary: "Make everything as declared: all of it or, when something is wrong, nothing.",
  action: "configuration.edit",
  method: "POST",
  path: "/api/configuration",
  input: z.strictObject({
    resources: resourcesSchema.describe("Lists of entries by noun. A noun that is left out stays as it is."),
    prune: z.boolean().default(false).describe("Also remove what the listed nouns have and the file does not."),
    setSecrets: z
      .boolean()
      .default(false)
      .describe("Set the values of secrets that are there already too. Without it a value is for a new secret only."),
    seen: z
      .array(z.strictObject({ kind: z.string(), name: z.string(), version: z.int().nullable().default(null) }))
      .optional()
      .describe("The changes a dry run told, each with the version before it: when others would be made, none is."),
  }),
  output: z.object({
    changes: z.array(changeSchema),
    /** The secrets of what was made; they are not shown again. */
    made: z.array(z.object({ kind: z.string(), id: z.string(), name: z.string(), secret: z.string() })),
  }),
});
