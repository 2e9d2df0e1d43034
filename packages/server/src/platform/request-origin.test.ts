import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readRequestOrigin } from "./request-origin.ts";

const readTags = (tags: string) => readRequestOrigin({ "x-auxot-tags": tags }).tags;
const readClient = (agent: string) => readRequestOrigin({ "user-agent": agent }).client;

describe("what a request says of where it comes from", () => {
  it("is the tags of its header, each once and in the order of their letters", () => {
    assert.deepEqual(readTags("project=alpha, env:prod,,project=alpha ,ticket/ABC-1"), [
      "env:prod",
      "project=alpha",
      "ticket/ABC-1",
    ]);
    assert.deepEqual(readTags(" "), []);
    assert.deepEqual(readRequestOrigin({}), { tags: [] });
  });

  it("is refused when there are too many tags, or one is too long or made of something else", () => {
    const many = Array.from({ length: 11 }, (_, i) => `t${i}`).join();
    for (const [tags, problem] of [
      [many, /11 tags are too many: 10 at most/],
      ["x".repeat(65), /a tag has 65 characters: 64 at most/],
      ["a b", /"a b" is no tag/],
      ["=cmd()", /is no tag/],
      ["naïve", /is no tag/],
    ] as const) {
      assert.throws(() => readTags(tags), { code: "invalid_request", param: "x-auxot-tags", message: problem });
    }
  });

  it("names the caller's program without its version", () => {
    assert.deepEqual(
      [
        "claude-cli/2.1.3 (external, cli)",
        "OpenAI/JS 7.57.0",
        "Anthropic/Python 0.80",
        "curl/8.5.0",
        "codex_cli_rs/0.60 (Debian 12)",
        "Mozilla/5.0 (X11)",
      ].map(readClient),
      ["claude-cli", "openai-js", "anthropic-python", "curl", "codex_cli_rs", "mozilla"],
    );
    assert.equal(readClient(`${"x".repeat(500)}/1`)?.length, 40);
    assert.equal(readClient("(nothing)"), undefined);
    assert.equal(readClient(""), undefined);
  });
});
