// Declares how people are grouped and what they are given: teams, service accounts, roles in the organisation and roles of its own.
// People themselves are told by id only.

import { moment } from "../columns.ts";
import { index, integer, pgTable, primaryKey, text } from "../drizzle.ts";

export const team = pgTable("team", {
  id: text("id").primaryKey(),
  name: text("name").notNull(),
  /** For addresses and configuration: small letters, digits, dashes. */
  slug: text("slug").notNull().unique(),
  description: text("description").notNull().default(""),
  version: integer("version").notNull().default(1),
  createdAt: moment("created_at").notNull(),
});

/** `member_id`: a person or a service account. */
export const teamMember = pgTable(
  "team_member",
  {
    teamId: text("team_id")
      .notNull()
      .references(() => team.id, { onDelete: "cascade" }),
    memberId: text("member_id").notNull(),
    role: text("role", { enum: ["owner", "admin", "member"] }).notNull(),
    createdAt: moment("created_at").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.teamId, table.memberId] }),
    index("team_member_member_id").on(table.memberId),
  ],
);

/** A role in the organisation. People without a row are members; service accounts without one have none. */
export const orgMember = pgTable("org_member", {
  memberId: text("member_id").primaryKey(),
  role: text("role", { enum: ["owner", "admin", "member"] }).notNull(),
  createdAt: moment("created_at").notNull(),
});

export const serviceAccount = pgTable(
  "service_account",
  {
    id: text("id").primaryKey(),
    name: text("name").notNull(),
    description: text("description").notNull().default(""),
    /** Null: the organisation's. */
    teamId: text("team_id").references(() => team.id, { onDelete: "cascade" }),
    version: integer("version").notNull().default(1),
    createdAt: moment("created_at").notNull(),
    /** Its keys do not work since then. */
    disabledAt: moment("disabled_at"),
  },
  (table) => [index("service_account_team_id").on(table.teamId)],
);

export const customRole = pgTable("custom_role", {
  id: text("id").primaryKey(),
  name: text("name").notNull(),
  description: text("description").notNull().default(""),
  actions: text("actions").array().notNull(),
  /** Null: it holds for everything. */
  teamId: text("team_id").references(() => team.id, { onDelete: "cascade" }),
  version: integer("version").notNull().default(1),
  createdAt: moment("created_at").notNull(),
});

/** `holder_id`: a person, a service account or a team. */
export const customRoleHolder = pgTable(
  "custom_role_holder",
  {
    roleId: text("role_id")
      .notNull()
      .references(() => customRole.id, { onDelete: "cascade" }),
    holderId: text("holder_id").notNull(),
    createdAt: moment("created_at").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.roleId, table.holderId] }),
    index("custom_role_holder_holder_id").on(table.holderId),
  ],
);
