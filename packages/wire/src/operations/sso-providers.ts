// Declares the acts on identity providers that people sign in with (OpenID Connect, SAML 2.0).

import { z } from "zod";
import { orgRoles, teamRoles } from "../access.ts";
import { defineOperation } from "./define-operation.ts";
import { pageInput, pageOf } from "./page.ts";

const domainSchema = z
  .string()
  .toLowerCase()
  .regex(/^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,63}$/, "must be a domain like example.com");

/** What the members of a group are given when they sign in. */
const groupSchema = z
  .strictObject({
    /** As the provider sends it: a name, or an id with Entra. */
    group: z.string().min(1).max(300),
    /** In the organisation. */
    role: z.enum(orgRoles).optional(),
    /** The name of a team; it is made when there is none. */
    team: z.string().trim().min(1).max(100).optional(),
    teamRole: z.enum(teamRoles).default("member"),
  })
  .refine(({ role, team }) => role !== undefined || team !== undefined, "must give a role or a team");

/** What a provider speaks. */
export const ssoKinds = ["oidc", "saml"] as const;
export type SsoKind = (typeof ssoKinds)[number];

const webAddressSchema = z
  .string()
  .max(2000)
  .regex(/^https?:\/\/[^\s#"<>]+$/, "must be an address that begins with https://");

/** Where a SAML provider is described: at an address, or by these two and `issuer`. */
const samlSourceFields = {
  /** Where the provider publishes its metadata; asked when somebody comes, and remembered for an hour. */
  metadataUrl: webAddressSchema.optional(),
  /** Where people are sent to sign in (HTTP-Redirect). */
  entryPoint: webAddressSchema.optional(),
  /** What the provider signs with, as PEM or base64. Several while it changes them. */
  certificates: z.array(z.string().min(1).max(20_000)).min(1).max(20).optional(),
};

const attributeSchema = z.string().trim().min(1).max(300);

/** Everything about a provider but who we are to it. */
export const ssoSettingsSchema = z.strictObject({
  /** On the button. */
  label: z.string().trim().min(1).max(100).optional(),
  /** Addresses of these domains belong to the people of this provider. */
  domains: z.array(domainSchema).max(100).default([]),
  /** Makes accounts for people of these domains who have none. */
  autoJoin: z.boolean().default(true),
  scopes: z
    .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,100}$/, "must be a scope without spaces"))
    .max(30)
    .default(["openid", "profile", "email"]),
  /** With SAML the attribute; the default stands for the usual names of it. */
  groupClaim: z.string().min(1).max(200).default("groups"),
  groups: z.array(groupSchema).max(500).default([]),
  /** It stands in a private network, or speaks plain HTTP. */
  allowPrivate: z.boolean().default(false),
  /** SAML: people may begin at the provider. They are sent there once more, so that the answer belongs to their browser. */
  idpInitiated: z.boolean().default(false),
  /** SAML: sign what is asked of the provider, with a key of the router's own that comes and goes with this. */
  signRequests: z.boolean().default(false),
  /** SAML: the attribute that holds the address. Left out: the usual names, then a NameID that is an address. */
  emailAttribute: attributeSchema.optional(),
  /** SAML: the attribute that holds the name. Left out: the usual names. */
  nameAttribute: attributeSchema.optional(),
  ...samlSourceFields,
});
export type SsoSettings = z.infer<typeof ssoSettingsSchema>;

export const ssoProviderSchema = z.object({
  id: z.string(),
  name: z.string(),
  kind: z.enum(ssoKinds),
  /** Of SAML the provider's entity ID; null: whatever its metadata says. */
  issuer: z.string().nullable(),
  /** What the provider calls us: of SAML our entity ID. */
  clientId: z.string(),
  /** To be entered at the provider: of SAML where its answers are posted to (ACS). */
  redirectUrl: z.string(),
  /** Of SAML: our metadata, for providers that read it. */
  serviceMetadataUrl: z.string().nullable(),
  /** Of SAML with signed requests: what we sign with, PEM. */
  serviceCertificate: z.string().nullable(),
  ...ssoSettingsSchema.shape,
  origin: z.enum(["config", "created"]),
  enabled: z.boolean(),
  testedAt: z.iso.datetime().nullable(),
  version: z.int(),
  createdAt: z.iso.datetime(),
});
export type SsoProviderView = z.infer<typeof ssoProviderSchema>;

export const ssoNameSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, "must be small letters, digits and dashes, 63 at most");
export const issuerSchema = z
  .string()
  .max(500)
  .regex(/^https?:\/\/[^?#\s]+$/, "must be an address without ? and #, as the provider's documents give it");
/** With SAML any URI. */
const anyIssuerSchema = z
  .string()
  .max(1000)
  .regex(/^[^\s<>"]+$/, "must be an address or another URI, as the provider's documents give it");

/** Who a provider is, and who we are to it. Which of them are needed depends on `kind`, see records/identity/sso/kinds.ts. */
export const ssoIdentityFields = {
  kind: z.enum(ssoKinds).default("oidc"),
  issuer: anyIssuerSchema.optional(),
  clientId: z.string().min(1).max(500).optional(),
  clientSecret: z.string().min(1).max(2000).optional(),
  /** SAML: the provider's metadata itself (XML), in place of `metadataUrl` or of issuer, entryPoint and certificates. */
  metadata: z.string().min(1).max(300_000).optional(),
};

const idInput = z.strictObject({ id: z.string().min(1).max(200) });
const common = { method: "POST", action: "sso-providers.edit" } as const;

export const listSsoProviders = defineOperation({
  name: "sso-providers.list",
  summary: "List the identity providers people sign in with.",
  action: "sso-providers.read",
  method: "GET",
  path: "/api/sso-providers",
  input: pageInput({}, ["name", "-name"]),
  output: pageOf(ssoProviderSchema),
});

export const createSsoProvider = defineOperation({
  ...common,
  name: "sso-providers.create",
  summary: "Add an identity provider. It is off until somebody went the whole way with it once.",
  path: "/api/sso-providers",
  input: ssoSettingsSchema.extend({ name: ssoNameSchema, ...ssoIdentityFields }),
  output: ssoProviderSchema,
});

export const updateSsoProvider = defineOperation({
  ...common,
  name: "sso-providers.update",
  summary: "Change an identity provider. Where the way of signing in changes, it is off until it was tested again.",
  method: "PATCH",
  path: "/api/sso-providers/{id}",
  input: idInput.extend({
    version: z.int().min(1).optional(),
    issuer: anyIssuerSchema.optional(),
    clientId: ssoIdentityFields.clientId,
    clientSecret: ssoIdentityFields.clientSecret,
    metadata: ssoIdentityFields.metadata,
    label: z.string().trim().min(1).max(100).optional(),
    domains: z.array(domainSchema).max(100).optional(),
    autoJoin: z.boolean().optional(),
    scopes: ssoSettingsSchema.shape.scopes.unwrap().optional(),
    groupClaim: z.string().min(1).max(200).optional(),
    groups: z.array(groupSchema).max(500).optional(),
    allowPrivate: z.boolean().optional(),
    idpInitiated: z.boolean().optional(),
    signRequests: z.boolean().optional(),
    emailAttribute: attributeSchema.nullable().optional(),
    nameAttribute: attributeSchema.nullable().optional(),
    ...samlSourceFields,
  }),
  output: ssoProviderSchema,
});

export const testSsoProvider = defineOperation({
  ...common,
  name: "sso-providers.test",
  summary: "Read an identity provider's configuration and give the address at which to try it in a browser.",
  path: "/api/sso-providers/{id}/test",
  input: idInput,
  output: z.object({ url: z.string() }),
});

export const enableSsoProvider = defineOperation({
  ...common,
  name: "sso-providers.enable",
  summary: "Let people sign in with an identity provider that was tested.",
  path: "/api/sso-providers/{id}/enable",
  input: idInput,
  output: ssoProviderSchema,
});

export const disableSsoProvider = defineOperation({
  ...common,
  name: "sso-providers.disable",
  summary: "Let nobody sign in with an identity provider. The last way to sign in cannot be disabled.",
  path: "/api/sso-providers/{id}/disable",
  input: idInput,
  output: ssoProviderSchema,
});

export const removeSsoProvider = defineOperation({
  ...common,
  name: "sso-providers.remove",
  summary: "Remove an identity provider. Accounts that came by it stay.",
  method: "DELETE",
  path: "/api/sso-providers/{id}",
  input: idInput,
  output: ssoProviderSchema,
});
