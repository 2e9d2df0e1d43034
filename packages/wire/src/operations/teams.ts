// Declares the acts on teams and their members.

import { z } from "zod";
import { teamRoles } from "../access.ts";
import { defineOperation } from "./define-operation.ts";
import { pageInput, pageOf } from "./page.ts";
import { descriptionInput, idInput, memberInput, nameInput, versionInput } from "./texts.ts";

export const teamSchema = z.object({
  id: z.string(),
  name: z.string(),
  slug: z.string(),
  description: z.string(),
  members: z.int(),
  version: z.int(),
  createdAt: z.iso.datetime(),
});
export type TeamView = z.infer<typeof teamSchema>;

export const teamMemberSchema = z.object({
  teamId: z.string(),
  memberId: z.string(),
  type: z.enum(["user", "service"]),
  name: z.string(),
  role: z.enum(teamRoles),
  createdAt: z.iso.datetime(),
});
export type TeamMemberView = z.infer<typeof teamMemberSchema>;

const slugInput = z
  .string()
  .max(63)
  .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, "must be small letters, digits and single dashes");

export const listTeams = defineOperation({
  name: "teams.list",
  summary: "List the teams you may see, by name.",
  action: "teams.read",
  method: "GET",
  path: "/api/teams",
  input: pageInput({}, ["name", "-name", "createdAt", "-createdAt"]),
  output: pageOf(teamSchema),
});

export const getTeam = defineOperation({
  name: "teams.get",
  summary: "Show a team.",
  action: "teams.read",
  method: "GET",
  path: "/api/teams/{id}",
  input: z.strictObject({ id: idInput }),
  output: teamSchema,
});

export const createTeam = defineOperation({
  name: "teams.create",
  summary: "Make a team. A person who makes one becomes its owner.",
  action: "teams.create",
  method: "POST",
  path: "/api/teams",
  input: z.strictObject({
    name: nameInput,
    slug: slugInput
      .optional()
      .describe("A short name of small letters, digits and dashes; left out: made of the name."),
    description: descriptionInput.default(""),
  }),
  output: teamSchema,
});

export const updateTeam = defineOperation({
  name: "teams.update",
  summary: "Change a team's name, slug or description.",
  action: "teams.edit",
  method: "PATCH",
  path: "/api/teams/{id}",
  input: z.strictObject({
    id: idInput,
    name: nameInput.optional(),
    slug: slugInput.optional().describe("A short name of small letters, digits and dashes."),
    description: descriptionInput.optional(),
    version: versionInput,
  }),
  output: teamSchema,
});

export const removeTeam = defineOperation({
  name: "teams.remove",
  summary: "Remove a team with its service accounts and roles. Its keys and theirs stop working at once.",
  action: "teams.remove",
  method: "DELETE",
  path: "/api/teams/{id}",
  input: z.strictObject({ id: idInput }),
  output: teamSchema,
});

export const listTeamMembers = defineOperation({
  name: "team-members.list",
  summary: "List the members of a team.",
  action: "teams.read",
  method: "GET",
  path: "/api/teams/{team}/members",
  input: pageInput({ team: idInput, role: z.enum(teamRoles).optional().describe("Only those with this role.") }, [
    "createdAt",
    "-createdAt",
  ]),
  output: pageOf(teamMemberSchema),
});

export const setTeamMember = defineOperation({
  name: "team-members.set",
  summary: "Take a person or service account into a team, or change the role they have there.",
  action: "team-members.edit",
  method: "PUT",
  path: "/api/teams/{team}/members/{member}",
  input: z.strictObject({
    team: idInput,
    member: memberInput,
    role: z.enum(teamRoles).default("member").describe("What they may do in the team."),
  }),
  output: teamMemberSchema,
});

export const removeTeamMember = defineOperation({
  name: "team-members.remove",
  summary: "Remove somebody from a team, or leave it. A team's last owner stays.",
  action: "team-members.edit",
  method: "DELETE",
  path: "/api/teams/{team}/members/{member}",
  input: z.strictObject({ team: idInput, member: memberInput }),
  output: teamMemberSchema,
});
