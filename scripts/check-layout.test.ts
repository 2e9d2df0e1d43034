import assert from "node:assert/strict";
import { test } from "node:test";
import { findProblems } from "./check-layout.ts";

const manifests: Readonly<Record<string, string>> = {
  "package.json": JSON.stringify({ name: "auxot", devDependencies: { "fast-check": "1.0.0" } }),
  "packages/wire/package.json": JSON.stringify({ name: "@auxot/wire", dependencies: { zod: "1.0.0" } }),
  "packages/server/package.json": JSON.stringify({
    name: "@auxot/server",
    dependencies: { "@auxot/wire": "0.1.0", postgres: "1.0.0", ws: "1.0.0" },
  }),
  "packages/workers/package.json": JSON.stringify({ name: "@auxot/workers", dependencies: { "@auxot/wire": "0.1.0" } }),
  "packages/dialects/package.json": JSON.stringify({
    name: "@auxot/dialects",
    dependencies: { "@auxot/wire": "0.1.0", zod: "1.0.0" },
  }),
};

/** The problems of one file in the small house above, as `line: message`. The header comment is line 1 unless `text` brings its own. */
function check(path: string, text: string, header = "// Owns nothing.\n"): string[] {
  const files = Object.entries({ ...manifests, [path]: header + text });
  return findProblems(files.map(([path, text]) => ({ path, text }))).map((found) => {
    assert.equal(found.path, path);
    return `${found.line}: ${found.message}`;
  });
}

test("a clean house has no problems", () => {
  assert.deepEqual(check("packages/server/src/hub/hub.ts", 'import { a } from "@auxot/wire/ids";\nexport { a };'), []);
});

test("a package imports only what its row of the table allows", () => {
  assert.deepEqual(check("packages/wire/src/a.ts", 'import { a } from "node:fs";'), [
    `2: wire must not use Node's "node:fs"`,
  ]);
  assert.deepEqual(check("packages/dialects/src/a.ts", 'import { z } from "zod";'), [
    '2: dialects must not depend on "zod"',
  ]);
  assert.deepEqual(check("packages/workers/src/a.ts", 'import type { a } from "@auxot/server/config";'), [
    "2: workers must not import server",
    '2: "@auxot/server" is not declared in packages/workers/package.json',
  ]);
  assert.deepEqual(check("packages/wire/src/a.ts", 'import { a } from "../../server/src/a.ts";'), [
    '2: "../../server/src/a.ts" leaves the package: import by package name',
  ]);
  assert.deepEqual(check("packages/unknown/src/a.ts", ""), [
    '1: package "unknown" is not in the import table of scripts/check-layout.ts',
  ]);
});

test("tests may import other packages of ours and the root's tools", () => {
  const text =
    'import { a } from "@auxot/workers/main";\nimport fc from "fast-check";\nimport { test } from "node:test";';
  assert.deepEqual(check("packages/server/test/a.test.ts", text), []);
  assert.deepEqual(check("packages/wire/src/a.test.ts", text), []);
});

test("a dependency must be declared where it is used", () => {
  assert.deepEqual(check("packages/server/src/http/a.ts", 'import { a } from "@fastify/cors/a";'), [
    '2: "@fastify/cors" is not declared in packages/server/package.json',
  ]);
  assert.deepEqual(check("bench/a.ts", 'const a = await import("ws");'), ['2: "ws" is not declared in package.json']);
});

test("what browsers run may import what browsers run, by its own extension", () => {
  assert.deepEqual(check("packages/server/src/http/pages/browser/a.js", 'import { b } from "./b.js";'), []);
  assert.equal(check("packages/server/src/http/pages/a.ts", 'import { b } from "./b.js";').length, 1);
});

test("a server folder imports only lower layers, and no sibling of its own", () => {
  assert.deepEqual(check("packages/server/src/hub/hub.ts", 'import { a } from "../http/server.ts";'), [
    "2: hub (layer 3) must not import http (layer 9)",
  ]);
  assert.deepEqual(check("packages/server/src/records/keys/keys.ts", 'import { a } from "../providers/store.ts";'), [
    "2: records/keys (layer 2) must not import records/providers (layer 2)",
  ]);
  assert.deepEqual(check("packages/server/src/store/a.ts", 'import type { A } from "../platform/log.ts";'), [
    "2: store (layer 0) must not import platform (layer 0)",
  ]);
  assert.deepEqual(check("packages/server/src/attic/a.ts", ""), [
    '1: "attic" has no layer in the table of scripts/check-layout.ts',
  ]);
  assert.deepEqual(check("packages/server/src/http/a.ts", 'import { a } from "../hub/hub.ts";'), []);
  assert.deepEqual(check("packages/server/src/main.ts", 'import { a } from "./compose.ts";'), []);
});

test("config is imported for its types by anyone, for its values only at the top", () => {
  assert.deepEqual(check("packages/server/src/hub/a.ts", 'import type { Config } from "../config.ts";'), []);
  assert.deepEqual(check("packages/server/src/main.ts", 'import { readConfig } from "./config.ts";'), []);
  assert.deepEqual(check("packages/server/src/hub/a.ts", 'import { readConfig } from "../config.ts";'), [
    "2: hub (layer 3) must not import config.ts (layer 12)",
  ]);
});

test("the environment is read only in config.ts, scripts, bench and tests", () => {
  const text = "export const port = process.env.PORT;";
  assert.deepEqual(check("packages/server/src/hub/a.ts", text), ["2: process.env is read only in config.ts"]);
  assert.deepEqual(check("packages/server/src/config.ts", text), []);
  assert.deepEqual(check("bench/a.ts", text), []);
});

test("the console belongs to cli, scripts and bench", () => {
  const text = 'console.log("a");';
  assert.equal(check("packages/server/src/hub/a.ts", text).length, 1);
  assert.equal(check("packages/server/test/a.test.ts", text).length, 1);
  assert.deepEqual(check("scripts/a.ts", text), []);
});

test("SQL stands only in store files", () => {
  const text = 'import postgres from "postgres";\nexport const rows = sql<Row[]>`select 1`;';
  assert.deepEqual(check("packages/server/src/hub/a.ts", text), [
    '2: "postgres" only in store.ts files and in store/',
    "3: SQL stands only in store.ts files and in store/",
  ]);
  assert.deepEqual(check("packages/server/src/records/keys/store.ts", text), []);
  assert.deepEqual(check("packages/server/src/store/a.ts", text), []);
});

test("pure packages have no clock, randomness or Node globals", () => {
  assert.deepEqual(check("packages/dialects/src/a.ts", "export const now = Date.now();"), [
    "2: dialects has no clock: take the time as an argument",
  ]);
  assert.deepEqual(check("packages/wire/src/a.ts", "export const a = Buffer.alloc(1);"), [
    "2: wire runs in browsers too: no Node globals",
  ]);
});

test("default exports and barrels are refused, a tool's config file excepted", () => {
  assert.deepEqual(check("packages/wire/src/a.ts", "export default 1;"), ["2: no default exports: give it a name"]);
  assert.deepEqual(check("packages/wire/src/a.ts", 'export * from "./b.ts";'), [
    '2: no barrels: import from "./b.ts" where it is needed',
  ]);
  assert.deepEqual(check("packages/server/drizzle.config.ts", "export default {};"), []);
});

test("relative imports name the file, built-ins carry node:", () => {
  assert.deepEqual(check("scripts/a.ts", 'import { a } from "./b";\nimport { b } from "./b.js";\nimport "fs";'), [
    '2: "./b" needs its extension, .ts',
    '3: "./b.js" needs its extension, .ts',
    '4: write "node:fs"',
  ]);
});

test("a long file is refused, a long test a little later", () => {
  const lines = "export {};\n".repeat(400);
  assert.deepEqual(check("scripts/a.ts", lines), [
    "401: 401 lines, the limit is 400: from 300 on, build a new room for one part",
  ]);
  assert.deepEqual(check("scripts/a.test.ts", lines), []);
});

test("names that say nothing are refused", () => {
  assert.deepEqual(check("packages/wire/src/utils/a.ts", ""), [
    '1: "utils" says nothing: name the file or folder after what it owns',
  ]);
  assert.equal(check("packages/wire/src/key-helpers.test.ts", "").length, 1);
  assert.deepEqual(check("packages/wire/src/keyFormat.ts", ""), ['1: "keyFormat.ts" must be kebab-case']);
  assert.deepEqual(check("packages/wire/src/base-url.ts", ""), []);
});

test("a file without a first comment is refused, a shebang may come before it", () => {
  assert.deepEqual(check("scripts/a.ts", "export {};", ""), [
    "1: starts without a comment that says what the file owns and what it must not do",
  ]);
  assert.deepEqual(check("scripts/a.ts", "export {};", "#!/usr/bin/env node\n// Owns a.\n"), []);
});

test("a version that is not exact is refused", () => {
  const text = '{\n  "dependencies": {\n    "a": "^1.0.0",\n    "b": "1.0.0-beta.1"\n  }\n}';
  assert.deepEqual(check("packages/new/package.json", text, ""), ['3: "a": "^1.0.0" is not an exact version']);
});
