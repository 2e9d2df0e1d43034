// Declares the acts on roles in the organisation.

import { z } from "zod";
import { orgRoles } from "../access.ts";
import { defineOperation } from "./define-operation.ts";
import { pageInput, pageOf } from "./page.ts";
import { memberInput } from "./texts.ts";

export const orgMemberSchema = z.object({
  memberId: z.string(),
  type: z.enum(["user", "service"]),
  name: z.string(),
  /** `none`: of a service account that may not administer anything by it. */
  role: z.enum([...orgRoles, "none"]),
});
export type OrgMemberView = z.infer<typeof orgMemberSchema>;

export const listOrgMembers = defineOperation({
  name: "org-members.list",
  summary: "List who has a role in the organisation.",
  action: "org-members.read",
  method: "GET",
  path: "/api/org/members",
  input: pageInput({ role: z.enum(orgRoles).optional().describe("Only those with this role.") }, [
    "createdAt",
    "-createdAt",
  ]),
  output: pageOf(orgMemberSchema),
});

export const setOrgMember = defineOperation({
  name: "org-members.set",
  summary: "Set the role of a person or service account in the organisation. The last owner stays one.",
  action: "org-members.edit",
  method: "PUT",
  path: "/api/org/members/{member}",
  input: z.strictObject({
    member: memberInput,
    /** `none` is for service accounts: people are members at least. */
    role: z.enum([...orgRoles, "none"]).describe("none takes it away."),
  }),
  output: orgMemberSchema,
});
