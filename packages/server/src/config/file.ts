// Owns reading the YAML text: syntax, and environment variables inside texts. Knows no field.

import { parseDocument } from "yaml";
import type { Path, Problems } from "./problems.ts";

/** Not ours: `auxot apply` reads it, and takes texts as they are. */
const untouched = "resources";

export type Environment = Readonly<Record<string, string | undefined>>;

export type FileContent = {
  readonly tree: unknown;
  /** Names of the environment variables it refers to. */
  readonly usedVariables: ReadonlySet<string>;
};

/** Adds syntax errors with their line, and missing variables with their path. An empty file is an empty group. */
export function readConfigText(text: string, fileName: string, env: Environment, problems: Problems): FileContent {
  const usedVariables = new Set<string>();
  const document = parseDocument(text, { prettyErrors: false });
  for (const error of document.errors) {
    const start = text.slice(0, error.pos[0]).split("\n");
    problems.add([], `${fileName}, line ${start.length}, column ${(start.at(-1)?.length ?? 0) + 1}: ${error.message}`);
  }
  if (document.errors.length > 0) return { tree: undefined, usedVariables };

  function expand(value: unknown, path: Path): unknown {
    if (typeof value === "string") return expandText(value, path);
    if (Array.isArray(value)) return value.map((item, index) => expand(item, [...path, index]));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [
        name,
        path.length === 0 && name === untouched ? item : expand(item, [...path, name]),
      ]),
    );
  }

  function expandText(value: string, path: Path): string {
    return value.replaceAll(/\$\$\{|\$\{([^}]*)\}?/g, (found, name: string | undefined) => {
      if (found === "$${") return "${";
      if (name === undefined || !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || !found.endsWith("}")) {
        problems.add(path, `"${found}" is no reference to an environment variable; write $\${ for a plain \${`);
        problems.silence(path);
        return "";
      }
      usedVariables.add(name);
      const replacement = env[name];
      if (replacement !== undefined && replacement !== "") return replacement;
      problems.add(path, `the environment variable ${name} is not set`);
      problems.silence(path);
      return "";
    });
  }

  try {
    return { tree: expand(document.toJS() ?? {}, []), usedVariables };
  } catch (error) {
    problems.add([], `${fileName}: ${error instanceof Error ? error.message : String(error)}`);
    return { tree: undefined, usedVariables };
  }
}
