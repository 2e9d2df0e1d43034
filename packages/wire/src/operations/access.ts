// Declares the question what somebody may do, and why.

import { z } from "zod";
import { actionNames } from "../access.ts";
import { defineOperation } from "./define-operation.ts";

export const explanationSchema = z.object({
  subject: z.object({
    id: z.string(),
    type: z.enum(["user", "service", "team", "key"]),
    name: z.string(),
    /** False: whoever it is cannot do anything now. */
    active: z.boolean(),
  }),
  /** The answer for the action asked; null when none was. `because` ends the sentence "…, because". */
  verdict: z.object({ action: z.string(), allowed: z.boolean(), because: z.string() }).nullable(),
  /** Everything the subject may do, and where each right comes from. */
  rights: z.array(
    z.object({
      action: z.string(),
      sources: z.array(
        z.object({
          /** Everything, what belongs to one team, or single things. */
          reach: z.enum(["everything", "team", "own", "shared"]),
          teamId: z.string().nullable(),
          because: z.string(),
        }),
      ),
    }),
  ),
});
export type Explanation = z.infer<typeof explanationSchema>;

export const explainAccess = defineOperation({
  name: "access.explain",
  summary: "Tell what a person, service account, team or key may do, and why; of one action also why not.",
  action: "access.read",
  method: "GET",
  path: "/api/access/{subject}",
  input: z.strictObject({
    subject: z
      .string()
      .max(200)
      .regex(
        /^(usr|svc|tem|key)_./,
        "must be the id of a person (usr_…), a service account (svc_…), a team (tem_…) or a key (key_…)",
      ),
    action: z.enum(actionNames).optional().describe("Only this one, such as keys.edit: whether, and why or why not."),
    kind: z.string().min(1).max(50).optional().describe("With the id: what the action is about, such as key."),
    id: z.string().min(1).max(200).optional().describe("Of the thing the action is about."),
  }),
  output: explanationSchema,
});
