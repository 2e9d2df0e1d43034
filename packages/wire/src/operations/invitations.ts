// Declares the acts on invitations.

import { z } from "zod";
import { orgRoles, teamRoles } from "../access.ts";
import { defineOperation } from "./define-operation.ts";
import { pageInput, pageOf } from "./page.ts";

const teamsSchema = z.array(z.object({ teamId: z.string().min(1).max(200), role: z.enum(teamRoles) })).max(100);

export const invitationSchema = z.object({
  id: z.string(),
  email: z.string(),
  role: z.enum(orgRoles),
  teams: teamsSchema,
  createdBy: z.string(),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
  state: z.enum(["open", "expired", "accepted", "revoked"]),
  /** Who came of it. */
  userId: z.string().nullable(),
});
export type InvitationView = z.infer<typeof invitationSchema>;

/** With the link, which is shown only here, and whether it was mailed too. */
const madeSchema = invitationSchema.extend({ url: z.string(), mail: z.enum(["sending", "not-configured"]) });
const idInput = z.strictObject({ id: z.string().min(1).max(200) });

export const listInvitations = defineOperation({
  name: "invitations.list",
  summary: "List invitations, newest first.",
  action: "invitations.read",
  method: "GET",
  path: "/api/invitations",
  input: pageInput({ open: z.enum(["true", "false"]).optional() }, ["-createdAt", "createdAt"]),
  output: pageOf(invitationSchema),
});

export const createInvitation = defineOperation({
  name: "invitations.create",
  summary:
    "Invite a person by a link that works once within seven days; it is mailed when a mail server is configured.",
  action: "invitations.edit",
  method: "POST",
  path: "/api/invitations",
  input: z.strictObject({
    email: z.string().trim().toLowerCase().max(254).pipe(z.email("must be an e-mail address")),
    role: z.enum(orgRoles).default("member"),
    teams: z
      .array(z.strictObject({ teamId: z.string().min(1).max(200), role: z.enum(teamRoles).default("member") }))
      .max(100)
      .default([]),
  }),
  output: madeSchema,
});

export const resendInvitation = defineOperation({
  name: "invitations.resend",
  summary: "Make a new link for an open invitation, good for seven days; the old link stops working.",
  action: "invitations.edit",
  method: "POST",
  path: "/api/invitations/{id}/resend",
  input: idInput,
  output: madeSchema,
});

export const revokeInvitation = defineOperation({
  name: "invitations.revoke",
  summary: "Revoke an invitation. Its link stops working at once.",
  action: "invitations.edit",
  method: "DELETE",
  path: "/api/invitations/{id}",
  input: idInput,
  output: invitationSchema,
});
