// What the SCIM server says of itself: RFC 7643 §5 to §7. Data only.

import { schemaNames, type ScimJson } from "./words.ts";

export const maxResults = 200;

export function writeServiceProviderConfig(baseUrl: string): ScimJson {
  return {
    schemas: [schemaNames.config],
    documentationUri: "https://datatracker.ietf.org/doc/html/rfc7644",
    patch: { supported: true },
    bulk: { supported: false, maxOperations: 0, maxPayloadSize: 0 },
    filter: { supported: true, maxResults },
    changePassword: { supported: false },
    sort: { supported: false },
    etag: { supported: false },
    authenticationSchemes: [
      {
        type: "oauthbearertoken",
        name: "Bearer token",
        description: "A SCIM token of this installation, as Authorization: Bearer TOKEN",
        primary: true,
      },
    ],
    meta: { resourceType: "ServiceProviderConfig", location: `${baseUrl}/ServiceProviderConfig` },
  };
}

export function listResourceTypes(baseUrl: string): readonly (ScimJson & { readonly id: string })[] {
  return [
    { id: "User", endpoint: "/Users", schema: schemaNames.user, description: "People" },
    { id: "Group", endpoint: "/Groups", schema: schemaNames.group, description: "Groups, each a team" },
  ].map((type) => ({
    schemas: [schemaNames.resourceType],
    name: type.id,
    ...type,
    meta: { resourceType: "ResourceType", location: `${baseUrl}/ResourceTypes/${type.id}` },
  }));
}

type Attribute = ScimJson & { readonly name: string };

function attribute(name: string, more: Partial<Record<string, unknown>> = {}): Attribute {
  return {
    name,
    type: "string",
    multiValued: false,
    required: false,
    caseExact: false,
    mutability: "readWrite",
    returned: "default",
    uniqueness: "none",
    ...more,
  };
}

export function listSchemas(baseUrl: string): readonly (ScimJson & { readonly id: string })[] {
  const userAttributes = [
    attribute("userName", { required: true, uniqueness: "server" }),
    attribute("externalId", { caseExact: true }),
    attribute("displayName"),
    attribute("name", {
      type: "complex",
      subAttributes: [attribute("formatted"), attribute("givenName"), attribute("familyName")],
    }),
    attribute("emails", {
      type: "complex",
      multiValued: true,
      subAttributes: [attribute("value"), attribute("type"), attribute("primary", { type: "boolean" })],
    }),
    attribute("active", { type: "boolean" }),
  ];
  const groupAttributes = [
    attribute("displayName", { required: true }),
    attribute("externalId", { caseExact: true }),
    attribute("members", {
      type: "complex",
      multiValued: true,
      subAttributes: [
        attribute("value", { mutability: "immutable" }),
        attribute("display", { mutability: "readOnly" }),
        attribute("$ref", { type: "reference", referenceTypes: ["User"], mutability: "immutable" }),
      ],
    }),
  ];
  return [
    { id: schemaNames.user, name: "User", description: "A person", attributes: userAttributes },
    { id: schemaNames.group, name: "Group", description: "A group, which is a team", attributes: groupAttributes },
  ].map((schema) => ({
    schemas: [schemaNames.schema],
    ...schema,
    meta: { resourceType: "Schema", location: `${baseUrl}/Schemas/${schema.id}` },
  }));
}
