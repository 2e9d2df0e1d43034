// Makes bad requests of good ones: each field left out, and each of every type it must not have. The tables of fields
// stand beside it, one a dialect.

/**
 * What a field takes. `name`: text that is not empty; `label`: any text, unknown words are newer than we are; `texts`: a
 * string or an array; `list`: an array; `object-or-url`: what several clients write instead of an object; `count`: an integer from 1; `share`: from 0 to 1; `choice`: a known word or an object.
 */
export type Kind =
  | "string"
  | "name"
  | "label"
  | "enum"
  | "url"
  | "boolean"
  | "integer"
  | "count"
  | "number"
  | "share"
  | "object"
  | "list"
  | "full-list"
  | "texts"
  | "object-or-url"
  | "choice";

/** A path with its kind. With "!" the field is required; after a "|" what the refusal names when it is missing. */
export type FieldTable = Readonly<Record<string, Kind | `${Kind}!` | `${Kind}|${string}` | `${Kind}!|${string}`>>;

/** A good body with every field, and what each of them takes. What stands below `opaque` paths is the caller's own. */
export type Sample = { readonly body: object; readonly fields: FieldTable; readonly opaque?: readonly string[] };

export type BadBody = { readonly body: object; readonly param: string; readonly says: string };

const wrongValues: Readonly<Record<Kind, readonly unknown[]>> = {
  string: [1, true, [], {}],
  name: [1, true, [], {}, ""],
  label: [1, true, [], {}],
  enum: ["no-such-word", "", 1, true, [], {}],
  url: ["no-such-url", "", "file:///etc/passwd", 1, true, [], {}],
  boolean: ["true", 1, [], {}],
  integer: ["1", true, [], {}, 1.5],
  count: ["1", true, [], {}, 1.5, 0, -1],
  number: ["1", true, [], {}],
  share: ["0.5", true, [], {}, -0.1, 1e9],
  object: ["x", 1, true, []],
  list: ["x", 1, true, {}],
  "full-list": ["x", 1, true, {}, []],
  texts: [1, true, {}],
  "object-or-url": [1, true, []],
  choice: ["no-such-word", 1, true, []],
};

type Step = string | number;

/** Every bad body of a sample, field by field. */
export function listBadBodies({ body, fields }: Sample): ReadonlyMap<string, readonly BadBody[]> {
  const bad = new Map<string, readonly BadBody[]>();
  for (const [path, rule] of Object.entries(fields)) {
    const [kind = "", missing = path] = rule.split("|");
    const values = wrongValues[kind.replace("!", "") as Kind];
    const bodies = values.map((value) => ({
      body: change(body, path, value),
      param: path,
      says: `${path} is ${JSON.stringify(value)}`,
    }));
    if (kind.endsWith("!")) {
      for (const value of [undefined, null]) {
        bodies.push({ body: change(body, path, value), param: missing, says: `${path} is ${String(value)}` });
      }
    }
    bad.set(path, bodies);
  }
  return bad;
}

/** The body with each optional field null, one after another: that means "not given". */
export function listNullBodies({ body, fields }: Sample): readonly { readonly path: string; readonly body: object }[] {
  return Object.entries(fields)
    .filter(([, rule]) => !rule.split("|")[0]?.endsWith("!"))
    .map(([path]) => ({ path, body: change(body, path, null) }));
}

/** Paths in the body that the table does not hold, so that none is forgotten. */
export function listMissingPaths({ body, fields, opaque = [] }: Sample): readonly string[] {
  const missing: string[] = [];
  function walk(value: unknown, path: string): void {
    if (path !== "" && !path.endsWith("]") && !(path in fields)) missing.push(path);
    if (opaque.includes(path) || typeof value !== "object" || value === null) return;
    for (const [key, child] of Object.entries(value)) {
      walk(child, Array.isArray(value) ? `${path}[${key}]` : path === "" ? key : `${path}.${key}`);
    }
  }
  walk(body, "");
  return missing;
}

/** A copy; undefined takes the field out. */
function change(body: object, path: string, value: unknown): object {
  // Not structuredClone: it keeps two places one object.
  const copy = JSON.parse(JSON.stringify(body)) as object;
  const steps = path.split(/[.[\]]+/).filter((step) => step !== "");
  let at = copy as Record<Step, unknown>;
  for (const step of steps.slice(0, -1)) at = at[step] as Record<Step, unknown>;
  const last = steps.at(-1) ?? "";
  if (value === undefined) delete at[last];
  else at[last] = value;
  return copy;
}
