import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { AppError } from "@auxot/wire/errors";
import { check } from "../../test/arbitraries.ts";
import { parseJson, parseJsonBody } from "./json.ts";
import { replaceModel } from "../passing/replace-model.ts";

function replace(text: string): string {
  return Buffer.from(replaceModel(Buffer.from(text), 'new "one"')).toString();
}

describe("the request body", () => {
  const bad: [body: string | Uint8Array, message: RegExp][] = [
    ["", /is empty/],
    ['{"a": x}', /not valid JSON: unexpected "x"\./],
    ['{"a" 1}', /not valid JSON: unexpected text at position 5/],
    ["[".repeat(100_000), /not valid JSON/],
    ['{"a":', /not valid JSON/],
    [Buffer.from([0x22, 0xff, 0x22]), /not UTF-8/],
  ];
  for (const [body, message] of bad) {
    it(`is refused with the reason: ${String(message)}`, () => {
      assert.throws(
        () => parseJsonBody(Buffer.from(body)),
        (error) => error instanceof AppError && error.code === "invalid_request" && message.test(error.message),
      );
    });
  }

  it("keeps integers and exponents that a double cannot hold", () => {
    const text = '{"id":12345678901234567890,"huge":1e999,"small":12,"text":"12345678901234567890"}';
    assert.equal(JSON.stringify(parseJson(text)), text);
  });
});

describe("replacing the model", () => {
  const cases: [sentence: string, text: string, expected: string][] = [
    [
      "keeps every other byte",
      '{ "a" : 1.0,\n"model" : "old" ,"z":[1e2]}',
      '{ "a" : 1.0,\n"model" : "new \\"one\\"" ,"z":[1e2]}',
    ],
    [
      "leaves nested models alone",
      '{"x":{"model":"in"},"y":[{"model":"in"}],"model":"old"}',
      '{"x":{"model":"in"},"y":[{"model":"in"}],"model":"new \\"one\\""}',
    ],
    [
      "leaves the word in strings alone",
      '{"x":"\\"model\\":\\"a\\"","model":"old"}',
      '{"x":"\\"model\\":\\"a\\"","model":"new \\"one\\""}',
    ],
    ["replaces the last of two", '{"model":"a","model":"b"}', '{"model":"a","model":"new \\"one\\""}'],
    ["knows an escaped key", '{"\\u006dodel":"a"}', '{"\\u006dodel":"new \\"one\\""}'],
    [
      "reads escaped quotes and backslashes",
      '{"x\\\\":"\\\\\\"","model":"a\\"b"}',
      '{"x\\\\":"\\\\\\"","model":"new \\"one\\""}',
    ],
    ["drops a byte order mark", '\uFEFF{"model":"a"}', '{"model":"new \\"one\\""}'],
  ];
  for (const [sentence, text, expected] of cases) it(sentence, () => assert.equal(replace(text), expected));

  it("gives what parsing, changing and printing gives, for any JSON", () => {
    check(
      fc.dictionary(fc.oneof(fc.string(), fc.constant("model")), fc.jsonValue(), { noNullPrototype: true }),
      (value) => {
        const text = JSON.stringify({ ...value, model: "old" });
        const replaced = Buffer.from(replaceModel(Buffer.from(text), "new")).toString();
        assert.deepEqual(JSON.parse(replaced), { ...(JSON.parse(text) as object), model: "new" });
      },
    );
  });
});
