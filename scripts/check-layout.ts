// The house rules as a gate: who may import whom, what may stand where, how long a file may be. The tables come first;
// `findProblems` is pure; run as a script it checks the repository and exits 1 on any problem.

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import path from "node:path/posix";
import { blankText, findImports, lineAt, type ImportSite } from "./source-text.ts";

/** Which of our packages, and which foreign ones ("any": those in its package.json), each package may import. */
const packageTable: Readonly<Record<string, PackageRow>> = {
  wire: { ours: [], foreign: ["zod"], nodeBuiltins: false },
  dialects: { ours: ["wire"], foreign: [], nodeBuiltins: false },
  client: { ours: ["wire"], foreign: [], nodeBuiltins: false },
  server: { ours: ["wire", "dialects"], foreign: "any", nodeBuiltins: true },
  workers: { ours: ["wire", "dialects"], foreign: "any", nodeBuiltins: true },
  cli: { ours: ["wire", "client"], foreign: "any", nodeBuiltins: true },
  web: { ours: ["wire", "client"], foreign: "any", nodeBuiltins: false },
};

/** Folders of packages/server/src. One imports only from rows above its own. `records/*`: each noun is a folder of its own. */
const serverLayers: readonly (readonly string[])[] = [
  ["platform", "store", "models", "bus"],
  ["operations"],
  ["records/*"],
  ["hub", "admission"],
  ["sources", "toolbox"],
  ["inference"],
  ["runs", "responses"],
  ["chat"],
  ["integrations", "observe"],
  ["http"],
  ["config"],
  ["wiring"],
  ["compose.ts", "main.ts", "banner.ts", "config.ts"],
];

/** What pure packages must not reach for, beside imports. */
const bannedGlobals: Readonly<Record<string, readonly [pattern: RegExp, reason: string][]>> = {
  wire: [[/\b(?:process\.|Buffer\b)/g, "wire runs in browsers too: no Node globals"]],
  client: [[/\b(?:process\.|Buffer\b)/g, "client runs in browsers too: no Node globals"]],
  dialects: [
    [/\b(?:Date\.now|new Date\(\)|performance\.now)/g, "dialects has no clock: take the time as an argument"],
    [/\b(?:Math\.random|crypto\.\w+)/g, "dialects has no randomness: take ids as arguments"],
    [/\b(?:fetch|setTimeout|setInterval|setImmediate)\(/g, "dialects does no I/O and waits for nothing"],
  ],
};

const bannedNames = /^(?:.*-)?(?:utils?|helpers?|common|shared|misc|core|manager|base|service)$/;
const maxLines = { source: 400, test: 600, aim: 300 };
const exactVersion = /^\d+\.\d+\.\d+(?:-[\w.]+)?$/;
const sqlModules = /^(?:drizzle-orm|postgres)(?:\/|$)/;
const sourceFile = /\.(?:ts|tsx|js|mjs|cjs)$/;
const importablePath = /\.(?:ts|tsx|json|css|svg)$/;

export type RepositoryFile = { readonly path: string; readonly text: string };
export type Problem = { readonly path: string; readonly line: number; readonly message: string };

type PackageRow = {
  readonly ours: readonly string[];
  readonly foreign: readonly string[] | "any";
  readonly nodeBuiltins: boolean;
};
type Source = RepositoryFile & {
  readonly code: string;
  readonly imports: readonly ImportSite[];
  /** The folder below packages/, when it is in one. */
  readonly package: string | undefined;
  /** Tests and what only tests, scripts and the bench use. */
  readonly isFree: boolean;
};
type Manifest = { readonly path: string; readonly text: string; readonly fields: Readonly<Record<string, unknown>> };
type Report = (line: number, message: string) => void;
type Rule = (source: Source, report: Report, manifests: ReadonlyMap<string, Manifest>) => void;

const rules: readonly Rule[] = [
  checkNames,
  checkLength,
  checkHeader,
  checkExports,
  checkPlaces,
  checkGlobals,
  checkImportPaths,
  checkPackageImports,
  checkDependencies,
  checkLayers,
];

/** Checks sources and package.json files (paths relative to the root, with `/`); other files are ignored. In file order. */
export function findProblems(files: readonly RepositoryFile[]): Problem[] {
  const problems: Problem[] = [];
  const manifests = new Map<string, Manifest>();
  for (const file of files) {
    if (path.basename(file.path) !== "package.json") continue;
    const manifest = { ...file, fields: JSON.parse(file.text) as Record<string, unknown> };
    manifests.set(path.dirname(file.path), manifest);
    problems.push(...findLooseVersions(manifest));
  }
  for (const file of files) {
    if (!sourceFile.test(file.path)) continue;
    const source = readSource(file);
    for (const rule of rules) {
      rule(source, (line, message) => problems.push({ path: file.path, line, message }), manifests);
    }
  }
  return problems.toSorted((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : a.line - b.line));
}

function readSource(file: RepositoryFile): Source {
  const code = blankText(file.text);
  const [area, inPackage, folder] = file.path.split("/");
  const isPackage = area === "packages" && inPackage !== undefined;
  return {
    ...file,
    code,
    imports: findImports(file.text, code),
    package: isPackage ? inPackage : undefined,
    isFree: !isPackage || folder === "test" || file.path.endsWith(".test.ts"),
  };
}

function checkNames(source: Source, report: Report): void {
  for (const part of source.path.split("/")) {
    const stem = part.replace(/^\./, "").split(".")[0] ?? "";
    if (bannedNames.test(stem)) report(1, `"${part}" says nothing: name the file or folder after what it owns`);
    if (stem.toLowerCase() !== stem || stem.includes("_")) report(1, `"${part}" must be kebab-case`);
  }
}

function checkLength(source: Source, report: Report): void {
  const lines = source.text.trimEnd().split("\n").length;
  const limit = source.path.endsWith(".test.ts") ? maxLines.test : maxLines.source;
  if (lines > limit) {
    report(limit + 1, `${lines} lines, the limit is ${limit}: from ${maxLines.aim} on, build a new room for one part`);
  }
}

function checkHeader(source: Source, report: Report): void {
  if (source.path.endsWith(".test.ts")) return;
  if (!/^(?:#![^\n]*\n)?\s*(?:\/\/|\/\*)/.test(source.text)) {
    report(1, "starts without a comment that says what the file owns and what it must not do");
  }
}

function checkExports(source: Source, report: Report): void {
  eachMatch(source.code, /\bexport\s+default\b|\bas\s+default\b/g, (line) => {
    if (!/\.config\.[jt]s$/.test(source.path)) report(line, "no default exports: give it a name");
  });
  for (const site of source.imports) {
    if (site.isReexport) report(site.line, `no barrels: import from "${site.specifier}" where it is needed`);
  }
}

function checkPlaces(source: Source, report: Report): void {
  const area = source.path.split("/")[0] ?? "";
  const isStore = /^packages\/server\/src\/(?:store\/|.*\/?store\.ts$)/.test(source.path);
  if (!source.isFree && path.basename(source.path) !== "config.ts") {
    eachMatch(source.code, /\bprocess\s*\.\s*env\b/g, (line) => report(line, "process.env is read only in config.ts"));
  }
  if (!["scripts", "bench"].includes(area) && source.package !== "cli") {
    eachMatch(source.code, /\bconsole\s*\./g, (line) =>
      report(line, "console is only for cli, scripts and bench: take a log as an argument"),
    );
  }
  if (source.isFree || isStore) return;
  eachMatch(source.code, /\bsql\s*(?:<[^`;()]*>\s*)?`/g, (line) =>
    report(line, "SQL stands only in store.ts files and in store/"),
  );
  for (const site of source.imports) {
    if (sqlModules.test(site.specifier)) report(site.line, `"${site.specifier}" only in store.ts files and in store/`);
  }
}

function checkGlobals(source: Source, report: Report): void {
  if (source.isFree) return;
  for (const [pattern, reason] of bannedGlobals[source.package ?? ""] ?? []) {
    eachMatch(source.code, pattern, (line) => report(line, reason));
  }
}

function checkImportPaths(source: Source, report: Report): void {
  for (const { specifier, line } of source.imports) {
    if (isBuiltin(specifier) && !specifier.startsWith("node:")) report(line, `write "node:${specifier}"`);
    if (!specifier.startsWith(".")) continue;
    // What a browser runs imports what a browser runs: it is served as it is written.
    const isBrowserOwn = source.path.endsWith(".js") && specifier.endsWith(".js");
    if (!importablePath.test(specifier) && !isBrowserOwn) report(line, `"${specifier}" needs its extension, .ts`);
    const target = resolvePath(source, specifier);
    if (!source.isFree && path.dirname(target) !== "." && packageOf(target) !== source.package) {
      report(line, `"${specifier}" leaves the package: import by package name`);
    }
  }
}

function checkPackageImports(source: Source, report: Report): void {
  if (source.package === undefined) return;
  const row = packageTable[source.package];
  if (row === undefined) {
    report(1, `package "${source.package}" is not in the import table of scripts/check-layout.ts`);
    return;
  }
  if (source.isFree) return;
  for (const { specifier, line } of source.imports) {
    const ours = /^@auxot\/([^/]+)/.exec(specifier)?.[1];
    if (isBuiltin(specifier)) {
      if (!row.nodeBuiltins) report(line, `${source.package} must not use Node's "${specifier}"`);
    } else if (ours !== undefined) {
      const allowed = [...row.ours, source.package];
      if (!allowed.includes(ours)) report(line, `${source.package} must not import ${ours}`);
    } else if (!specifier.startsWith(".") && row.foreign !== "any" && !row.foreign.includes(nameOf(specifier))) {
      report(line, `${source.package} must not depend on "${nameOf(specifier)}"`);
    }
  }
}

function checkDependencies(source: Source, report: Report, manifests: ReadonlyMap<string, Manifest>): void {
  const home = source.package === undefined ? "." : `packages/${source.package}`;
  const declared = new Set(listDependencies(manifests.get(home)).map(([name]) => name));
  if (source.isFree || /\.config\.[jt]s$/.test(source.path)) {
    for (const [name] of listDependencies(manifests.get("."))) declared.add(name);
    for (const manifest of manifests.values()) declared.add(String(manifest.fields["name"]));
  }
  for (const { specifier, line } of source.imports) {
    const name = nameOf(specifier);
    if (specifier.startsWith(".") || isBuiltin(specifier) || declared.has(name)) continue;
    report(line, `"${name}" is not declared in ${path.join(home, "package.json")}`);
  }
}

function checkLayers(source: Source, report: Report): void {
  const from = findLayer(source.path);
  if (from === undefined || source.isFree) return;
  if (from.layer === undefined) {
    report(1, `"${from.room}" has no layer in the table of scripts/check-layout.ts`);
    return;
  }
  for (const { specifier, line, isTypeOnly } of source.imports) {
    const to = specifier.startsWith(".") ? findLayer(resolvePath(source, specifier)) : undefined;
    if (to?.layer === undefined || to.room === from.room || to.layer < from.layer) continue;
    const isTop = from.layer === serverLayers.length - 1;
    if (isTop || (to.room === "config.ts" && isTypeOnly)) continue;
    report(line, `${from.room} (layer ${from.layer}) must not import ${to.room} (layer ${to.layer})`);
  }
}

/** The room of a server file: its folder, `records/<noun>`, or the file itself at the top. */
function findLayer(file: string): { readonly room: string; readonly layer: number | undefined } | undefined {
  const [first, second] = /^packages\/server\/src\/(.+)$/.exec(file)?.[1]?.split("/") ?? [];
  if (first === undefined) return undefined;
  const isNoun = first === "records" && second !== undefined;
  const layer = serverLayers.findIndex((row) => row.includes(isNoun ? "records/*" : first));
  return { room: isNoun ? `records/${second}` : first, layer: layer < 0 ? undefined : layer };
}

function findLooseVersions(manifest: Manifest): Problem[] {
  return listDependencies(manifest)
    .filter(([, version]) => !exactVersion.test(version))
    .map(([name, version]) => ({
      path: manifest.path,
      line: lineAt(manifest.text, manifest.text.indexOf(`"${name}"`)),
      message: `"${name}": "${version}" is not an exact version`,
    }));
}

function listDependencies(manifest: Manifest | undefined): [name: string, version: string][] {
  const groups = ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"];
  return groups.flatMap((group) => Object.entries((manifest?.fields[group] ?? {}) as Record<string, string>));
}

function packageOf(file: string): string | undefined {
  return /^packages\/([^/]+)\//.exec(file)?.[1];
}

function nameOf(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

function resolvePath(source: Source, specifier: string): string {
  return path.join(path.dirname(source.path), specifier);
}

function eachMatch(code: string, pattern: RegExp, react: (line: number) => void): void {
  for (const match of code.matchAll(pattern)) react(lineAt(code, match.index));
}

/** Sources and package.json files that git knows or would add. */
function readRepository(): RepositoryFile[] {
  // A checkout of another user's is fine to list.
  const question = ["-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  const listed = execFileSync("git", question, { encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
  return [...new Set(listed.split("\0"))]
    .filter((file) => (sourceFile.test(file) || path.basename(file) === "package.json") && existsSync(file))
    .map((file) => ({ path: file, text: readFileSync(file, "utf8") }));
}

if (import.meta.main) {
  process.chdir(path.join(import.meta.dirname, ".."));
  const problems = findProblems(readRepository());
  for (const { path: file, line, message } of problems) console.log(`${file}:${line}: ${message}`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}
