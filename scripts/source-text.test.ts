import assert from "node:assert/strict";
import { test } from "node:test";
import { blankText, findImports } from "./source-text.ts";

function readImports(text: string) {
  return findImports(text, blankText(text));
}

test("comments and the insides of strings are not code", () => {
  const text = `const a = "process.env"; // console.log\n/* sql */ const b = 'it\\'s';`;
  assert.equal(blankText(text), `const a = "           ";               \n          const b = '     ';`);
});

test("code inside a template's braces stays code, nested templates included", () => {
  assert.equal(blankText("`a ${x({ y: `b ${z}` })} c`;"), "`  ${x({ y: `  ${z}` })}  `;");
});

test("a slash after a value divides, elsewhere it opens a regular expression", () => {
  assert.equal(blankText("a / b / c"), "a / b / c");
  assert.equal(blankText("return /[/'\"]`/.test(a)"), "return /      /.test(a)");
});

test("every form of import is found, with its line and kind", () => {
  const sites = readImports(
    [
      'import { a } from "one";',
      "import type { B } from 'two';",
      "import {",
      "  c,",
      '} from "./three.ts";',
      'export * from "four";',
      'import "five";',
      'const six = await import("six");',
      '// import "not";',
      "const text = 'import x from \"not\"';",
    ].join("\n"),
  );
  assert.deepEqual(
    sites.map((site) => [site.specifier, site.line, site.isTypeOnly, site.isReexport]),
    [
      ["one", 1, false, false],
      ["two", 2, true, false],
      ["./three.ts", 3, false, false],
      ["four", 6, false, true],
      ["five", 7, false, false],
      ["six", 8, false, false],
    ],
  );
});

test("an export that only holds the word from is no import", () => {
  assert.deepEqual(readImports('export const from = "somewhere";'), []);
});
