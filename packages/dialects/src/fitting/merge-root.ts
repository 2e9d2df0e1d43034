// A tool's schema that is a choice of alternatives at its top -> one object with the properties of all: both vendors
// refuse `anyOf`, `oneOf` and `allOf` there with a 400 that takes the whole request along.

import { isRecord } from "../reading/json.ts";

type Schema = Readonly<Record<string, unknown>>;
type Shape = { readonly properties: ReadonlyMap<string, unknown>; readonly required: readonly string[] };

/** The shape of one node of a schema. */
type ReadShape = (value: unknown) => Shape;

const unions = ["anyOf", "oneOf", "allOf"] as const;
const replaced = new Set<string>([...unions, "$ref", "properties", "required"]);
const emptyShape: Shape = { properties: new Map(), required: [] };

/** The schema itself when nothing stands in the way at its top. */
export function mergeRoot(schema: Schema): Schema {
  if (unions.every((key) => schema[key] === undefined) && schema["$ref"] === undefined) return schema;
  const readShape = createShapeReader(schema);
  const shape = readShape(schema);
  const alternatives = [schema["anyOf"], schema["oneOf"]].flatMap((list) =>
    Array.isArray(list) ? list.filter(mayBeObject).map(readShape) : [],
  );
  const description = [schema["description"], ...tellAlternatives(alternatives)].filter(Boolean).join("\n\n");
  return {
    ...Object.fromEntries(Object.entries(schema).filter(([key]) => !replaced.has(key))),
    type: "object",
    ...(description === "" ? {} : { description }),
    properties: Object.fromEntries(shape.properties),
    ...(shape.required.length === 0 ? {} : { required: shape.required }),
  };
}

/** Each node is read once, however many references lead to it; one that leads back to itself adds nothing. */
function createShapeReader(root: Schema): ReadShape {
  const shapes = new Map<unknown, Shape>();
  return function read(value) {
    if (!isRecord(value)) return emptyShape;
    const known = shapes.get(value);
    if (known !== undefined) return known;
    shapes.set(value, emptyShape);
    const shape = buildShape(value, read, root);
    shapes.set(value, shape);
    return shape;
  };
}

/** What an object of the schema may and must hold, through references and alternatives. */
function buildShape(node: Schema, read: ReadShape, root: Schema): Shape {
  const properties = new Map(isRecord(node["properties"]) ? Object.entries(node["properties"]) : []);
  const required = new Set(listStrings(node["required"]));
  for (const key of [...unions, "$ref"] as const) {
    const list = key === "$ref" ? [findReferenced(node[key], root)] : node[key];
    if (!Array.isArray(list)) continue;
    const shapes = list.filter(mayBeObject).map(read);
    for (const shape of shapes) for (const [name, schema] of shape.properties) addProperty(properties, name, schema);
    for (const name of shapes.flatMap((shape) => shape.required)) {
      const isChoice = key === "anyOf" || key === "oneOf";
      if (!isChoice || shapes.every((shape) => shape.required.includes(name))) required.add(name);
    }
  }
  return { properties, required: [...required] };
}

/** Arguments are an object, so what is none among the alternatives plays no part. */
function mayBeObject(value: unknown): boolean {
  const type: unknown = isRecord(value) ? value["type"] : undefined;
  return type === undefined || type === "object" || (Array.isArray(type) && type.includes("object"));
}

/** A property that alternatives describe differently may be either. */
function addProperty(properties: Map<string, unknown>, name: string, schema: unknown): void {
  const known = properties.get(name);
  if (known === undefined) return void properties.set(name, schema);
  const options = isRecord(known) && Array.isArray(known["anyOf"]) ? known["anyOf"] : [known];
  const text = JSON.stringify(schema);
  if (!options.some((option) => JSON.stringify(option) === text)) properties.set(name, { anyOf: [...options, schema] });
}

/** Undefined for a reference to elsewhere. */
function findReferenced(reference: unknown, root: Schema): unknown {
  if (typeof reference !== "string" || !reference.startsWith("#/")) return undefined;
  let target: unknown = root;
  for (const name of reference.slice(2).split("/")) {
    const key = name.replaceAll("~1", "/").replaceAll("~0", "~");
    target = Array.isArray(target) ? target[Number(key)] : isRecord(target) ? target[key] : undefined;
  }
  return target;
}

/** The model is told in words what the schema no longer says. */
function tellAlternatives(alternatives: readonly Shape[]): string[] {
  const named = new Set(
    alternatives.flatMap(({ required }) => (required.length === 0 ? [] : `(${required.join(", ")})`)),
  );
  return named.size < 2 ? [] : [`Give the fields of one of these: ${[...named].join(" or ")}.`];
}

function listStrings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((entry) => typeof entry === "string") : [];
}
