import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { findUrlPath } from "./find-url-path.ts";

const url = "https://a.example/cat.png";

function find(body: unknown): string | undefined {
  return findUrlPath(Buffer.from(JSON.stringify(body)), url);
}

describe("the place of an address in the caller's own document", () => {
  const cases: [format: string, content: unknown, path: string][] = [
    ["Chat Completions", [{ type: "text", text: url }, { image_url: { url } }], "messages[0].content[1].image_url.url"],
    ["Anthropic Messages", [{ source: { type: "url", url } }], "messages[0].content[0].source.url"],
    ["a tool result", [{ content: [{ source: { url } }] }], "messages[0].content[0].content[0].source.url"],
    ["Responses", [{ image_url: url }], "messages[0].content[0].image_url"],
  ];
  for (const [format, content, path] of cases) {
    it(`is found in ${format}`, () => assert.equal(find({ messages: [{ content }], model: url }), path));
  }

  it("is the first of several", () =>
    assert.equal(find({ input: [{ file_url: url }, { file_url: url }] }), "input[0].file_url"));

  it("is unknown when a text has it, or a conversation kept elsewhere", () => {
    assert.equal(find({ messages: [{ content: url }] }), undefined);
  });

  it("is looked for however deeply the document is nested", () => {
    const deep = `${"[".repeat(50_000)}${"]".repeat(50_000)}`;
    const body = `{"zz":${deep},"input":[{"file_url":"${url}"}]}`;
    assert.equal(findUrlPath(Buffer.from(body), url), "input[0].file_url");
  });
});
