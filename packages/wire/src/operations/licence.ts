// Declares the acts on the licence.

import { z } from "zod";
import { defineOperation } from "./define-operation.ts";

export const licenceSchema = z.object({
  state: z.enum(["unrestricted", "none", "invalid", "valid", "grace", "expired"]),
  /** What that means, in a sentence or two. */
  message: z.string(),
  holder: z.string().nullable(),
  tier: z.string().nullable(),
  /** People at most; null: any number, or no licence. */
  seats: z.number().nullable(),
  features: z.array(z.string()),
  expiresAt: z.string().nullable(),
  /** Until then everything goes on after its end. */
  graceEndsAt: z.string().nullable(),
});
export type LicenceView = z.infer<typeof licenceSchema>;

export const showLicence = defineOperation({
  name: "licence.show",
  summary: "Show the licence: what it includes, until when, and what becomes of it then.",
  action: "licence.read",
  method: "GET",
  path: "/api/licence",
  input: z.strictObject({}),
  output: licenceSchema,
});

export const installLicence = defineOperation({
  name: "licence.install",
  summary: "Install a licence in place of the present one. It is checked here, without a connection to anybody.",
  action: "licence.edit",
  method: "PUT",
  path: "/api/licence",
  input: z.strictObject({
    licence: z.string().min(1).max(20_000).describe("The licence as its vendor sent it: auxot_lic1.…"),
  }),
  output: licenceSchema,
});
