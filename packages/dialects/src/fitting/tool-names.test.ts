import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { dialectNames, type ChatMessage } from "@auxot/wire/chat";
import { build, userSays } from "../../test/request-checks.ts";
import { createAnswerRestorer } from "../answer-restorer.ts";

const long = `mcp__${"house_of_many_servers_".repeat(4)}search`;
const messages: ChatMessage[] = [
  userSays("go"),
  { role: "assistant", content: [{ type: "tool-call", id: "c", name: long, arguments: "{}" }] },
  { role: "tool", callId: "c", content: [] },
];
const tools = [long, `${long}_2`, "short"].map((name) => ({ name, parameters: { type: "object" } }));

describe("a tool whose name is longer than OpenAI takes", () => {
  it("is sent under a shorter one, the same in tools, choice and history", () => {
    for (const name of ["openai-chat", "openai-responses"] as const) {
      const { body, warnings } = build(name, { messages, tools, toolChoice: { type: "tool", name: long } }, "gpt-4o");
      const names: string[] = body.tools.map((tool: { name?: string; function?: { name: string } }) =>
        tool.function === undefined ? tool.name : tool.function.name,
      );
      assert.equal(new Set(names).size, 3);
      for (const sent of names) assert.match(sent, /^[\w-]{1,64}$/);
      assert.equal(names[2], "short");
      assert.equal(body.tool_choice.name ?? body.tool_choice.function.name, names[0]);
      assert.ok(JSON.stringify(body.messages ?? body.input).includes(JSON.stringify(names[0])));
      assert.deepEqual(warnings, []);
    }
  });

  it("is called by the caller's own name", () => {
    const built = build("openai-chat", { messages, tools }, "gpt-4o");
    const restore = createAnswerRestorer(built);
    const sent: string = built.body.tools[1].function.name;
    const event = { type: "tool-call-start", index: 0, id: "c", name: sent } as const;
    assert.deepEqual(restore?.([event, { type: "tool-call-end", index: 0 }]), [
      { ...event, name: `${long}_2` },
      { type: "tool-call-end", index: 0 },
    ]);
  });

  it("stays as it is where nobody minds", () => {
    for (const name of dialectNames) {
      const built = build(name, { messages, tools }, "house-model");
      assert.equal(createAnswerRestorer(built), undefined);
      assert.ok(JSON.stringify(built.body.tools).includes(`${long}_2`));
    }
  });
});
