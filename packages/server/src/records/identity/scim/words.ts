// The words of SCIM 2.0 (RFC 7643, RFC 7644) that this router speaks. Types, names and errors only.

import { AppError } from "@auxot/wire/errors";

export const schemaNames = {
  user: "urn:ietf:params:scim:schemas:core:2.0:User",
  enterpriseUser: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
  group: "urn:ietf:params:scim:schemas:core:2.0:Group",
  list: "urn:ietf:params:scim:api:messages:2.0:ListResponse",
  patch: "urn:ietf:params:scim:api:messages:2.0:PatchOp",
  error: "urn:ietf:params:scim:api:messages:2.0:Error",
  config: "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig",
  resourceType: "urn:ietf:params:scim:schemas:core:2.0:ResourceType",
  schema: "urn:ietf:params:scim:schemas:core:2.0:Schema",
} as const;

/** RFC 7644 §3.12. */
export type ScimErrorType =
  | "invalidFilter"
  | "invalidPath"
  | "invalidSyntax"
  | "invalidValue"
  | "mutability"
  | "noTarget"
  | "uniqueness";

/** An error with SCIM's own word for it. */
export class ScimError extends AppError {
  readonly scimType: ScimErrorType;

  constructor(scimType: ScimErrorType, message: string) {
    super(scimType === "uniqueness" || scimType === "mutability" ? "conflict" : "invalid_request", message);
    this.scimType = scimType;
  }
}

/** A person as a directory knows them. `userName` compares without regard to case. */
export type ScimPerson = {
  readonly userName: string;
  readonly externalId: string | null;
  readonly email: string;
  readonly displayName: string;
  readonly givenName: string | null;
  readonly familyName: string | null;
  readonly active: boolean;
};

export type ScimJson = Readonly<Record<string, unknown>>;

export type ScimPage = { readonly startIndex: number; readonly count: number };

export function writeList(items: readonly ScimJson[], total: number, { startIndex }: ScimPage): ScimJson {
  return {
    schemas: [schemaNames.list],
    totalResults: total,
    startIndex,
    itemsPerPage: items.length,
    Resources: items,
  };
}
