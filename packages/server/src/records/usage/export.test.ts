import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { writeCell } from "./export.ts";

describe("a cell of an export", () => {
  it("is never a formula, whatever a caller wrote", () => {
    for (const text of ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1+1", "＝1+1", '=HYPERLINK("http://x")']) {
      assert.match(writeCell(text), /^"?'/, JSON.stringify(text));
    }
    assert.equal(writeCell('=a,"b"'), `"'=a,""b"""`);
  });

  it("is quoted only where it must be, and numbers stay numbers", () => {
    assert.deepEqual(["plain", 'a "b"', "a,b", "a\nb", "", -5, 0, false, null, ["a", "b=c"]].map(writeCell), [
      "plain",
      '"a ""b"""',
      '"a,b"',
      '"a\nb"',
      "",
      "-5",
      "0",
      "false",
      "",
      "a b=c",
    ]);
  });
});
