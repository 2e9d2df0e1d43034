// Declares the tables of people and of how they sign in. The sign-in engine works on those marked so; the rest is ours alone.

import { count, moment } from "../columns.ts";
import { boolean, index, integer, jsonb, pgTable, primaryKey, sql, text, uniqueIndex } from "../drizzle.ts";

/** Who may sign in. The sign-in engine reads it and changes name, image and the second factor's flag; everything else is ours.
 * What they may do is in tables/people.ts. */
export const userAccount = pgTable("user_account", {
  id: text("id").primaryKey(),
  /** In small letters. */
  email: text("email").notNull().unique(),
  emailVerified: boolean("email_verified").notNull().default(false),
  name: text("name").notNull(),
  image: text("image"),
  /** How the account came about. */
  origin: text("origin", { enum: ["setup", "invitation", "sso", "scim", "created"] }).notNull(),
  twoFactorEnabled: boolean("two_factor_enabled").notNull().default(false),
  version: integer("version").notNull().default(1),
  createdAt: moment("created_at").notNull().defaultNow(),
  updatedAt: moment("updated_at").notNull().defaultNow(),
  lastSignInAt: moment("last_sign_in_at"),
  /** May not sign in since then; the row stays because keys and history point at it. */
  deactivatedAt: moment("deactivated_at"),
});

/** Sign-in engine: a password (`provider_id` is "credential") or a person's subject at an identity provider. */
export const signInMethod = pgTable(
  "sign_in_method",
  {
    id: text("id").primaryKey(),
    accountId: text("account_id").notNull(),
    providerId: text("provider_id").notNull(),
    userId: text("user_id")
      .notNull()
      .references(() => userAccount.id, { onDelete: "cascade" }),
    accessToken: text("access_token"),
    refreshToken: text("refresh_token"),
    idToken: text("id_token"),
    accessTokenExpiresAt: moment("access_token_expires_at"),
    refreshTokenExpiresAt: moment("refresh_token_expires_at"),
    scope: text("scope"),
    /** scrypt, see records/identity/passwords.ts. */
    password: text("password"),
    createdAt: moment("created_at").notNull().defaultNow(),
    updatedAt: moment("updated_at").notNull().defaultNow(),
  },
  (table) => [
    uniqueIndex("sign_in_method_subject").on(table.providerId, table.accountId),
    index("sign_in_method_user_id").on(table.userId),
  ],
);

/** Sign-in engine: who is signed in where. The cookie holds the token with a signature, so the token alone opens nothing. */
export const userSession = pgTable(
  "user_session",
  {
    id: text("id").primaryKey(),
    token: text("token").notNull().unique(),
    userId: text("user_id")
      .notNull()
      .references(() => userAccount.id, { onDelete: "cascade" }),
    expiresAt: moment("expires_at").notNull(),
    ipAddress: text("ip_address"),
    userAgent: text("user_agent"),
    createdAt: moment("created_at").notNull().defaultNow(),
    updatedAt: moment("updated_at").notNull().defaultNow(),
  },
  (table) => [index("user_session_user_id").on(table.userId), index("user_session_expires_at").on(table.expiresAt)],
);

/** Sign-in engine: what it waits for, e.g. the answer to a passkey challenge. */
export const signInChallenge = pgTable(
  "sign_in_challenge",
  {
    id: text("id").primaryKey(),
    identifier: text("identifier").notNull(),
    value: text("value").notNull(),
    expiresAt: moment("expires_at").notNull(),
    createdAt: moment("created_at").notNull().defaultNow(),
    updatedAt: moment("updated_at").notNull().defaultNow(),
  },
  (table) => [
    index("sign_in_challenge_identifier").on(table.identifier),
    index("sign_in_challenge_expires_at").on(table.expiresAt),
  ],
);

/** Sign-in engine: secrets of authenticator apps and backup codes, encrypted by the engine. */
export const twoFactor = pgTable("two_factor", {
  id: text("id").primaryKey(),
  userId: text("user_id")
    .notNull()
    .unique()
    .references(() => userAccount.id, { onDelete: "cascade" }),
  secret: text("secret").notNull(),
  backupCodes: text("backup_codes").notNull(),
  verified: boolean("verified").notNull().default(true),
  failedVerificationCount: integer("failed_verification_count").notNull().default(0),
  lockedUntil: moment("locked_until"),
});

/** Sign-in engine: public keys of passkeys. */
export const passkey = pgTable(
  "passkey",
  {
    id: text("id").primaryKey(),
    name: text("name"),
    userId: text("user_id")
      .notNull()
      .references(() => userAccount.id, { onDelete: "cascade" }),
    credentialId: text("credential_id").notNull().unique(),
    publicKey: text("public_key").notNull(),
    counter: count("counter").notNull(),
    deviceType: text("device_type").notNull(),
    backedUp: boolean("backed_up").notNull(),
    transports: text("transports"),
    aaguid: text("aaguid"),
    createdAt: moment("created_at").notNull().defaultNow(),
  },
  (table) => [index("passkey_user_id").on(table.userId)],
);

/** Links that work once: invitations and password resets. The token itself is nowhere. */
export const oneTimeLink = pgTable(
  "one_time_link",
  {
    id: text("id").primaryKey(),
    kind: text("kind", { enum: ["invitation", "password-reset"] }).notNull(),
    tokenHash: text("token_hash").notNull().unique(),
    email: text("email").notNull(),
    /** Of a password reset: whose password. Of an invitation: who came of it. */
    userId: text("user_id").references(() => userAccount.id, { onDelete: "cascade" }),
    orgRole: text("org_role", { enum: ["owner", "admin", "member"] }),
    teams: jsonb("teams")
      .$type<readonly { teamId: string; role: "owner" | "admin" | "member" }[]>()
      .notNull()
      .default([]),
    createdBy: text("created_by").notNull(),
    /** The person who made it: it ends with their access. Null: nobody's, or whose link it is. */
    createdById: text("created_by_id"),
    createdAt: moment("created_at").notNull().defaultNow(),
    expiresAt: moment("expires_at").notNull(),
    usedAt: moment("used_at"),
    revokedAt: moment("revoked_at"),
  },
  (table) => [
    index("one_time_link_email").on(table.email),
    index("one_time_link_created_by_id").on(table.createdById),
    uniqueIndex("one_time_link_open_invitation")
      .on(table.email)
      .where(sql`kind = 'invitation' and used_at is null and revoked_at is null`),
  ],
);

/** Identity providers people sign in with (OpenID Connect, SAML 2.0). */
export const ssoProvider = pgTable("sso_provider", {
  id: text("id").primaryKey(),
  /** In addresses: small letters, digits, dashes. */
  name: text("name").notNull().unique(),
  kind: text("kind", { enum: ["oidc", "saml"] })
    .notNull()
    .default("oidc"),
  /** Of SAML the entity ID. Null: whatever the provider's metadata says. */
  issuer: text("issuer"),
  /** Of SAML our entity ID. Null: the address of our metadata. */
  clientId: text("client_id"),
  /** Sealed for this row's id. Of SAML the key and certificate that requests are signed with; null: they are not. */
  clientSecretSealed: text("client_secret_sealed"),
  settings: jsonb("settings").$type<unknown>().notNull(),
  origin: text("origin", { enum: ["config", "created"] }).notNull(),
  enabled: boolean("enabled").notNull().default(false),
  /** When somebody last went the whole way with these settings. Null: not since they changed. */
  testedAt: moment("tested_at"),
  version: integer("version").notNull().default(1),
  createdAt: moment("created_at").notNull().defaultNow(),
  updatedAt: moment("updated_at").notNull().defaultNow(),
});

/** Answers of SAML providers that were taken: none counts twice. Rows go when no browser can come for them any more. */
export const samlAnswer = pgTable(
  "saml_answer",
  {
    providerId: text("provider_id")
      .notNull()
      .references(() => ssoProvider.id, { onDelete: "cascade" }),
    assertionId: text("assertion_id").notNull(),
    /** The request it answers. */
    requestId: text("request_id").notNull(),
    relayState: text("relay_state").notNull(),
    /** Of the token with which the browser fetches it, once. */
    tokenHash: text("token_hash").notNull().unique(),
    /** What the provider says of the person; null once it was fetched. */
    claims: jsonb("claims").$type<unknown>(),
    createdAt: moment("created_at").notNull().defaultNow(),
    expiresAt: moment("expires_at").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.providerId, table.assertionId] }),
    uniqueIndex("saml_answer_request").on(table.providerId, table.requestId),
    index("saml_answer_expires_at").on(table.expiresAt),
  ],
);

/** What a directory presents at /scim/v2. */
export const scimToken = pgTable("scim_token", {
  id: text("id").primaryKey(),
  name: text("name").notNull(),
  hash: text("hash").notNull().unique(),
  masked: text("masked").notNull(),
  createdBy: text("created_by").notNull(),
  createdAt: moment("created_at").notNull().defaultNow(),
  lastUsedAt: moment("last_used_at"),
  revokedAt: moment("revoked_at"),
});

/** What a directory says of the people it manages. Others have no row. */
export const scimUser = pgTable(
  "scim_user",
  {
    userId: text("user_id")
      .primaryKey()
      .references(() => userAccount.id, { onDelete: "cascade" }),
    /** In the directory's own letters. */
    userName: text("user_name").notNull(),
    externalId: text("external_id"),
    givenName: text("given_name"),
    familyName: text("family_name"),
    updatedAt: moment("updated_at").notNull().defaultNow(),
    /** The directory deleted the person: it may not see the account any more, which is deactivated. */
    removedAt: moment("removed_at"),
  },
  (table) => [
    uniqueIndex("scim_user_user_name").on(sql`lower(${table.userName})`),
    index("scim_user_external_id").on(table.externalId),
  ],
);

/** Groups as a directory sends them. Each becomes a team. */
export const scimGroup = pgTable("scim_group", {
  id: text("id").primaryKey(),
  externalId: text("external_id"),
  displayName: text("display_name").notNull(),
  teamId: text("team_id"),
  version: integer("version").notNull().default(1),
  createdAt: moment("created_at").notNull().defaultNow(),
  updatedAt: moment("updated_at").notNull().defaultNow(),
});

export const scimGroupMember = pgTable(
  "scim_group_member",
  {
    groupId: text("group_id")
      .notNull()
      .references(() => scimGroup.id, { onDelete: "cascade" }),
    userId: text("user_id")
      .notNull()
      .references(() => userAccount.id, { onDelete: "cascade" }),
  },
  (table) => [
    primaryKey({ columns: [table.groupId, table.userId] }),
    index("scim_group_member_user_id").on(table.userId),
  ],
);

/** Command lines that wait for somebody to let them in. */
export const deviceGrant = pgTable(
  "device_grant",
  {
    id: text("id").primaryKey(),
    deviceCodeHash: text("device_code_hash").notNull().unique(),
    userCode: text("user_code").notNull().unique(),
    /** What the program says of itself, e.g. the machine's name. Never trusted. */
    client: text("client").notNull(),
    status: text("status", { enum: ["pending", "approved", "denied", "redeemed"] }).notNull(),
    userId: text("user_id").references(() => userAccount.id, { onDelete: "cascade" }),
    createdAt: moment("created_at").notNull().defaultNow(),
    expiresAt: moment("expires_at").notNull(),
    lastPolledAt: moment("last_polled_at"),
  },
  (table) => [index("device_grant_expires_at").on(table.expiresAt)],
);
