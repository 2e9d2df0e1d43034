// Declares the acts on shares: a level on one thing for the organisation, a team or somebody.

import { z } from "zod";
import { resourceLevels } from "../access.ts";
import { defineOperation } from "./define-operation.ts";
import { pageInput, pageOf } from "./page.ts";
import { idInput } from "./texts.ts";

export const shareSchema = z.object({
  kind: z.string(),
  resourceId: z.string(),
  /** `org`, or the id of a person, a service account or a team. */
  to: z.string(),
  /** Whom it is for, for people to read. */
  name: z.string(),
  level: z.enum(resourceLevels),
  createdAt: z.iso.datetime(),
});
export type ShareView = z.infer<typeof shareSchema>;

const toInput = z
  .string()
  .max(200)
  .regex(
    /^(org$|(usr|svc|tem)_.)/,
    "must be org, or the id of a person (usr_…), a service account (svc_…) or a team (tem_…)",
  );
const thing = { kind: z.string().min(1).max(50), id: idInput };

export const listShares = defineOperation({
  name: "shares.list",
  summary: "List with whom a thing is shared.",
  action: "shares.read",
  method: "GET",
  path: "/api/shares/{kind}/{id}",
  input: pageInput(thing, ["createdAt", "-createdAt"]),
  output: pageOf(shareSchema),
});

export const setShare = defineOperation({
  name: "shares.set",
  summary: "Share a thing, or change the level it is shared with.",
  action: "shares.edit",
  method: "PUT",
  path: "/api/shares/{kind}/{id}/{to}",
  input: z.strictObject({
    ...thing,
    to: toInput,
    level: z.enum(resourceLevels).default("viewer").describe("What it lets them do with it."),
  }),
  output: shareSchema,
});

export const removeShare = defineOperation({
  name: "shares.remove",
  summary: "Share a thing no longer.",
  action: "shares.edit",
  method: "DELETE",
  path: "/api/shares/{kind}/{id}/{to}",
  input: z.strictObject({ ...thing, to: toInput }),
  output: shareSchema,
});
