// Builds the OpenAPI 3.1 document of the administrative API from the declared operations. Pure: the same operations give
// the same text.

import { errorCodes, type ErrorCode } from "@auxot/wire/errors";
import { isWrite, type Operation } from "@auxot/wire/operations/define-operation";
import { renderCommandLine } from "@auxot/wire/operations/command-line";
import { hasBody, listFields, nounOf, type JsonSchema } from "@auxot/wire/operations/describe";
import { explainNeed } from "../../platform/access/may.ts";
import { buildComponents, type Components } from "./components.ts";

export type Parameter = {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly required?: boolean;
  readonly description?: string;
  readonly schema: JsonSchema;
};
type Ref = { readonly $ref: string };

export type DocumentedOperation = {
  readonly operationId: string;
  readonly summary: string;
  readonly description: string;
  readonly tags: readonly [string];
  readonly parameters?: readonly (Parameter | Ref)[];
  readonly requestBody?: object;
  readonly responses: Readonly<Record<string, object>>;
  readonly "x-auxot-action": string;
  readonly "x-auxot-command": string;
};

export type OpenapiDocument = {
  readonly openapi: "3.1.1";
  readonly info: Readonly<Record<string, unknown>> & { readonly version: string };
  readonly servers: readonly { readonly url: string }[];
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly security: readonly object[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, DocumentedOperation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, JsonSchema>>;
    readonly parameters: Readonly<Record<string, Parameter>>;
    readonly responses: Readonly<Record<string, object>>;
    readonly securitySchemes: Readonly<Record<string, object>>;
  };
};

const intro = `Everything that administers Auxot. The chat APIs at /v1 are as OpenAI and Anthropic document theirs.

Lists come in pages: ask again with \`cursor\` until \`nextCursor\` is null. Every write takes \`dryRun=true\` and then only tells what it would change, and is done once in 24 hours when it is sent with an \`Idempotency-Key\`. Where several people edit one thing it has a \`version\`: send the one you saw, and the change is refused with 409 when somebody was faster.`;

const parameters: Readonly<Record<"DryRun" | "IdempotencyKey", Parameter>> = {
  DryRun: {
    name: "dryRun",
    in: "query",
    description: "Changes nothing: the answer is a Preview, which tells what would change.",
    schema: { type: "boolean", default: false },
  },
  IdempotencyKey: {
    name: "Idempotency-Key",
    in: "header",
    description:
      "A text of yours, new for each request. Repeated with it within 24 hours, the same request is not done again and gets the first answer.",
    schema: { type: "string", minLength: 1, maxLength: 255 },
  },
};

/** What can go wrong, by status, in the order of the statuses. */
const problems: readonly { readonly code: ErrorCode; readonly says: string; can(operation: Operation): boolean }[] = [
  { code: "invalid_request", says: "A field is missing, unknown or wrong; `errors` names it.", can: () => true },
  { code: "unauthenticated", says: "There is no key, or it is wrong or revoked.", can: () => true },
  { code: "forbidden", says: "The key may not do this; `detail` tells what would open it.", can: () => true },
  { code: "not_found", says: "There is nothing with this id.", can: ({ path }) => path.includes("{") },
  {
    code: "conflict",
    says: "Somebody changed it meanwhile, its state does not allow it, or the Idempotency-Key was used for something else.",
    can: isWrite,
  },
  { code: "too_large", says: "The body is larger than 1 MiB.", can: hasBody },
  { code: "unsupported_media_type", says: "The body is not JSON.", can: hasBody },
  { code: "internal", says: "A fault of Auxot; its log has the details under the request's id.", can: () => true },
];

export function buildOpenapi(operations: readonly Operation[], version: string): OpenapiDocument {
  const components = buildComponents(operations);
  const paths: Record<string, Record<string, DocumentedOperation>> = {};
  for (const operation of operations) {
    paths[operation.path] = {
      ...paths[operation.path],
      [operation.method.toLowerCase()]: describeOperation(operation, components),
    };
  }
  return {
    openapi: "3.1.1",
    info: {
      title: "Auxot administration",
      version,
      description: intro,
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/" }],
    tags: [...new Set(operations.map(nounOf))].map((name) => ({ name, description: describeNoun(operations, name) })),
    security: [{ bearer: [] }, { apiKey: [] }, { session: [] }],
    paths,
    components: {
      schemas: components.schemas,
      parameters,
      responses: Object.fromEntries(
        problems.map(({ code, says }) => [
          code,
          {
            description: says,
            content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
          },
        ]),
      ),
      securitySchemes: {
        bearer: { type: "http", scheme: "bearer", description: "Authorization: Bearer KEY" },
        apiKey: { type: "apiKey", in: "header", name: "x-api-key" },
        session: {
          type: "apiKey",
          in: "cookie",
          name: "auxot.session_token",
          description:
            "Of somebody who signed in at /api/auth. Behind https its name begins with __Secure-. Whatever is not GET must come from the router's own address, by its Origin header.",
        },
      },
    },
  };
}

function describeOperation(operation: Operation, components: Components): DocumentedOperation {
  const body = components.refBody(operation);
  const fields = listFields(operation);
  const listed: (Parameter | Ref)[] = [
    ...[...fields.filter(({ place }) => place === "path"), ...fields.filter(({ place }) => place === "query")].map(
      ({ name, place, isRequired, schema: { description, ...schema } }): Parameter => ({
        name,
        in: place === "path" ? "path" : "query",
        ...(isRequired ? { required: true } : {}),
        ...(description === undefined ? {} : { description }),
        schema,
      }),
    ),
    ...(isWrite(operation) ? Object.keys(parameters).map((name) => ({ $ref: `#/components/parameters/${name}` })) : []),
  ];
  return {
    operationId: operation.name,
    summary: operation.summary,
    description: `Needs the action \`${operation.action}\`: ${explainNeed(operation.action)}.`,
    tags: [nounOf(operation)],
    ...(listed.length === 0 ? {} : { parameters: listed }),
    ...(body === undefined ? {} : { requestBody: describeBody(body, components) }),
    responses: {
      200: {
        description: isWrite(operation) ? "Done; or with dryRun=true, what would be done." : "The answer.",
        content: { "application/json": { schema: components.refAnswer(operation) } },
      },
      ...Object.fromEntries(
        problems
          .filter(({ can }) => can(operation))
          .map(({ code }) => [errorCodes[code].status, { $ref: `#/components/responses/${code}` }]),
      ),
    },
    "x-auxot-action": operation.action,
    "x-auxot-command": renderCommandLine(operation),
  };
}

function describeBody(schema: JsonSchema, { schemas }: Components): object {
  const { required = [] } = schemas[schema.$ref?.split("/").at(-1) ?? ""] ?? {};
  return { ...(required.length === 0 ? {} : { required: true }), content: { "application/json": { schema } } };
}

function describeNoun(operations: readonly Operation[], noun: string): string {
  return operations
    .filter((operation) => nounOf(operation) === noun)
    .map(({ summary }) => summary.split(". ")[0]?.replace(/\.$/, ""))
    .join("; ")
    .concat(".");
}
