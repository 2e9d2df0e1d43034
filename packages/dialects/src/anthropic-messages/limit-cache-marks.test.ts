import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { build, parse } from "../../test/request-checks.ts";

const name = "anthropic-messages";
const mark = { cache_control: { type: "ephemeral" } };

/** A chat request with a marker on its tool, its system message and on `turns` user messages. */
function ask(turns: number): object {
  const said = Array.from({ length: turns }, (_, at) => [
    { role: "user", content: [{ type: "text", text: `u${at}`, ...mark }] },
    { role: "assistant", content: `a${at}` },
  ]);
  return {
    model: "m",
    tools: [{ type: "function", function: { name: "f" }, ...mark }],
    messages: [{ role: "system", content: [{ type: "text", text: "s", ...mark }] }, ...said.flat()],
  };
}
const countMarks = (value: unknown): number => JSON.stringify(value).split('"cache_control"').length - 1;
const result = (id: string) => ({ role: "tool", tool_call_id: id, content: [{ type: "text", text: id, ...mark }] });
const call = (id: string) => ({ id, type: "function", function: { name: "f", arguments: "{}" } });

describe("cache markers for Anthropic", () => {
  it("are kept where they stood while there are four or fewer", () => {
    const { body, warnings } = build(name, parse("openai-chat", ask(2)));
    assert.equal(countMarks(body), 4);
    assert.deepEqual(warnings, []);
  });

  it("lose the oldest of the messages when there are more, with a warning", () => {
    const { body, warnings } = build(name, parse("openai-chat", ask(5)));
    assert.deepEqual([countMarks(body.tools), countMarks(body.system)], [1, 1]);
    const marked = body.messages.filter((turn: object) => countMarks(turn) > 0);
    assert.deepEqual(
      marked.map((turn: { content: { text: string }[] }) => turn.content[0]?.text),
      ["u3", "u4"],
    );
    assert.match(warnings[0] ?? "", /^cache_control: Anthropic takes 4 markers, got 7/);
  });

  it("are found inside tool results too", () => {
    const ids = ["a", "b", "c", "d", "e"];
    const messages = [
      { role: "user", content: "Hi" },
      { role: "assistant", tool_calls: ids.map(call) },
      ...ids.map(result),
    ];
    const { body } = build(name, parse("openai-chat", { model: "m", messages }));
    const results = body.messages.at(-1).content;
    assert.deepEqual(results.map(countMarks), [0, 1, 1, 1, 1]);
  });

  it("are never put on thinking blocks", () => {
    const thought = { type: "thinking", thinking: "hm", signature: "c2ln", ...mark };
    const assistant = { role: "assistant", content: null, thinking_blocks: [thought], ...mark };
    const messages = [{ role: "user", content: "Hi" }, assistant, { role: "user", content: "And?" }];
    assert.equal(countMarks(build(name, parse("openai-chat", { model: "m", messages })).body), 0);
  });
});
