// Reads PATCH requests in the dialects of directories into plain changes of attributes. RFC 7644 §3.5.2. Pure.
// Entra ID writes "Replace", booleans as text and dotted names without a path; Okta sends values without a path.

import { z } from "zod";
import { schemaNames, ScimError } from "./words.ts";

/** One change. `path` in small letters, without the schema's name; `filter` is what stood in brackets. */
export type PatchChange = {
  readonly op: "add" | "replace" | "remove";
  readonly path: string;
  readonly filter: string | undefined;
  readonly value: unknown;
};

const bodySchema = z.object({
  Operations: z
    .array(
      z.object({
        op: z
          .string()
          .toLowerCase()
          .pipe(z.enum(["add", "replace", "remove"])),
        path: z.string().max(500).optional(),
        value: z.unknown().optional(),
      }),
    )
    .min(1)
    .max(1000),
});

/** Throws `invalidSyntax` or `invalidPath`. */
export function readPatch(body: unknown): readonly PatchChange[] {
  const parsed = bodySchema.safeParse(body);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new ScimError("invalidSyntax", `${issue?.path.join(".") ?? "Operations"}: ${issue?.message ?? "is missing"}`);
  }
  return parsed.data.Operations.flatMap(({ op, path, value }) => {
    if (path !== undefined && path !== "") return [{ op, ...readPath(path), value }];
    if (op === "remove") throw new ScimError("noTarget", "A remove needs a path.");
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new ScimError("invalidValue", "Without a path the value must be an object of attributes.");
    }
    return Object.entries(value).flatMap(([name, item]) => spread(op, name, item));
  });
}

/** `{"urn:…:User": {…}}` and `{name: {givenName: …}}` are changes of what is in them. */
function spread(op: PatchChange["op"], name: string, value: unknown): readonly PatchChange[] {
  const isGroup = typeof value === "object" && value !== null && !Array.isArray(value);
  if (isGroup && (name.startsWith("urn:") || name.toLowerCase() === "name")) {
    const prefix = name.startsWith("urn:") ? `${name}:` : `${name}.`;
    return Object.entries(value).flatMap(([part, item]) => spread(op, prefix + part, item));
  }
  return [{ op, ...readPath(name), value }];
}

const pathPattern = /^([A-Za-z$][\w$.-]*)(?:\[([^\]]*)\])?(?:\.([A-Za-z$]+))?$/;

function readPath(text: string): { readonly path: string; readonly filter: string | undefined } {
  // Attributes of the enterprise extension are understood and not kept.
  if (text.toLowerCase().startsWith(schemaNames.enterpriseUser.toLowerCase()))
    return { path: "enterprise", filter: undefined };
  const plain = text.replace(/^urn:ietf:params:scim:schemas:core:2\.0:(User|Group):/i, "");
  const match = pathPattern.exec(plain.trim());
  if (match === null) throw new ScimError("invalidPath", `"${text.slice(0, 200)}" is no path of an attribute.`);
  const [, name = "", filter, below] = match;
  return { path: (below === undefined ? name : `${name}.${below}`).toLowerCase(), filter };
}

/** true, "True", "false": Entra ID sends text. Throws `invalidValue`. */
export function readBoolean(value: unknown, path: string): boolean {
  const text = Array.isArray(value) ? String(value[0]) : String(value);
  if (/^true$/i.test(text)) return true;
  if (/^false$/i.test(text)) return false;
  throw new ScimError("invalidValue", `${path} must be true or false.`);
}

/** A text, or the one in a list of one value. Null and nothing: undefined. Throws `invalidValue`. */
export function readText(value: unknown, path: string): string | undefined {
  if (value === null || value === undefined) return undefined;
  if (typeof value === "string") return value.trim() === "" ? undefined : value.trim().slice(0, 500);
  if (Array.isArray(value)) return readText(value[0], path);
  if (typeof value === "object" && "value" in value) return readText(value.value, path);
  if (typeof value === "number") return String(value);
  throw new ScimError("invalidValue", `${path} must be text.`);
}
