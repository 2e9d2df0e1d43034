// Makes an OpenAPI document of the two endpoints from the types of the `openai` package, which OpenAI generates from its
// own specification: no npm package carries that itself. Fields the types do not have are refused.

import { writeFileSync } from "node:fs";

import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { API, SymbolFlags, TypeFlags, type Checker, type Type } from "typescript/unstable/sync";

type Schema = Readonly<Record<string, unknown>>;

/** What an endpoint takes, and what it answers to everything: a whole body, or the bytes of a stream. */
export type Endpoint = {
  readonly path: string;
  /** Declared in this file of the package. */
  readonly file: string;
  readonly params: string;
  readonly answer: unknown;
  readonly stream: string;
};

/** The document as JSON text. `directory` is for the compiler's settings. Takes about a second. */
export function makeOpenaiDocument(endpoints: readonly Endpoint[], directory: string): string {
  const root = join(dirname(fileURLToPath(import.meta.resolve("openai"))), "resources");
  const files = endpoints.map(({ file }) => join(root, file));
  const configPath = join(directory, "tsconfig.json");
  const compilerOptions = {
    strict: true,
    module: "nodenext",
    target: "esnext",
    skipLibCheck: true,
    types: [],
    noEmit: true,
  };
  writeFileSync(configPath, JSON.stringify({ compilerOptions, files }));
  const api = new API();
  try {
    const project = api.updateSnapshot({ openProjects: [configPath] }).getProject(configPath);
    if (project === undefined) throw new Error("The compiler did not open the project.");
    const schemas = createSchemas(project.checker);
    const paths = endpoints.map((endpoint) => {
      const source = project.program.getSourceFile(join(root, endpoint.file));
      const module = source && project.checker.getSymbolAtLocation(source);
      const params = module?.getExports().get(endpoint.params as never);
      if (params === undefined) throw new Error(`${endpoint.file} exports no ${endpoint.params}.`);
      const schema = schemas.add(project.checker.getDeclaredTypeOfSymbol(params));
      return [endpoint.path, { post: describeOperation(endpoint, schema) }] as const;
    });
    return JSON.stringify({
      openapi: "3.1.0",
      info: { title: "OpenAI", version: "0" },
      paths: Object.fromEntries(paths),
      components: { schemas: schemas.list() },
    });
  } finally {
    api.close();
  }
}

function describeOperation({ params, answer, stream }: Endpoint, schema: Schema): object {
  return {
    operationId: params,
    requestBody: { required: true, content: { "application/json": { schema } } },
    responses: {
      200: {
        description: "An answer",
        content: {
          "application/json": { schema: { type: "object" }, example: answer },
          "text/event-stream": { example: stream },
        },
      },
    },
  };
}

type Schemas = { add(type: Type): Schema; list(): Readonly<Record<string, Schema>> };

/** Object types become components, because they nest without end. */
function createSchemas(checker: Checker): Schemas {
  const components: Record<string, Schema> = {};

  function add(type: Type): Schema {
    if (type.isUnionType()) {
      const members = type.getTypes().filter(({ flags }) => (flags & TypeFlags.Undefined) === 0);
      return { anyOf: members.map(add) };
    }
    // `string & {}` keeps an editor's hints beside any string.
    if (type.isIntersectionType()) return add(type.getTypes().find((part) => part.isIntrinsicType()) ?? failOn(type));
    if (type.isLiteralType()) return { const: type.value };
    if ((type.flags & TypeFlags.AnyOrUnknown) !== 0) return {};
    if (type.isIntrinsicType()) return { type: type.intrinsicName };
    if (type.isTypeReference() && type.getTarget().getSymbol()?.name === "Array") {
      return { type: "array", items: add(checker.getTypeArguments(type)[0] ?? failOn(type)) };
    }
    return addObject(type);
  }

  function addObject(type: Type): Schema {
    const name = `type-${type.id}`;
    if (components[name] === undefined) {
      components[name] = {};
      const members = checker.getPropertiesOfType(type);
      const [index] = checker.getIndexInfosOfType(type);
      components[name] = {
        type: "object",
        title: type.getSymbol()?.name,
        properties: Object.fromEntries(
          members.map((member) => [member.name, add(checker.getTypeOfSymbol(member) ?? failOn(type))]),
        ),
        required: members.filter(({ flags }) => (flags & SymbolFlags.Optional) === 0).map((member) => member.name),
        additionalProperties: index === undefined ? false : add(index.valueType),
      };
    }
    return { $ref: `#/components/schemas/${name}` };
  }

  return { add, list: () => components };
}

function failOn(type: Type): never {
  throw new Error(`A type of a kind nobody expected: ${type.getSymbol()?.name} (flags ${type.flags}).`);
}
