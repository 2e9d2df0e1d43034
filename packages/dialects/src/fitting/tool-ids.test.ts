import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { dialectNames, type ChatMessage, type ToolCallPart } from "@auxot/wire/chat";
import { build, parse } from "../../test/request-checks.ts";
import { translateWhole } from "../../test/translate.ts";
import { fitToolId } from "./tool-ids.ts";

const odd = [
  "functions.f:0",
  "functions.f.0",
  "functions_f_0",
  `call_${"x".repeat(80)}`,
  `call_${"x".repeat(79)}y`,
  "ümlaut",
];

function turnWith(ids: readonly string[]): ChatMessage[] {
  const calls = ids.map((id): ToolCallPart => ({ type: "tool-call", id, name: "f", arguments: "{}" }));
  const results = ids.map((callId): ChatMessage => ({
    role: "tool",
    callId,
    content: [{ type: "text", text: callId }],
  }));
  return [{ role: "user", content: [{ type: "text", text: "Hi" }] }, { role: "assistant", content: calls }, ...results];
}

describe("ids of tool calls", () => {
  it("that another vendor would refuse become ones it takes, the same on a call and its result", () => {
    for (const name of dialectNames) {
      const { body } = build(name, { messages: turnWith(odd) }, "gpt-5");
      const sent = parse(name, body).messages;
      const calls = sent.flatMap((message) => (message.role === "assistant" ? message.content : []));
      const ids = calls.flatMap((part) => (part.type === "tool-call" ? [part.id] : []));
      const answered = sent.flatMap((message) => (message.role === "tool" ? [message.callId] : []));
      assert.deepEqual(ids, answered, name);
      assert.equal(new Set(ids).size, odd.length, `${name}: no two ids become one`);
      for (const id of ids) assert.match(id, /^[\w-]{1,64}$/, name);
    }
  });

  it("are the same in every request, and unchanged where they fit", () => {
    assert.equal(fitToolId("functions.f:0"), fitToolId("functions.f:0"));
    assert.equal(fitToolId("toolu_01A-b"), "toolu_01A-b");
    assert.equal(fitToolId("x".repeat(41), 40).length, 40);
  });

  it("go to servers of unknown make as they came, which may hold more in them than a name", () => {
    const { body } = build("openai-chat", { messages: turnWith(odd) }, "some-model");
    assert.deepEqual(
      body.messages
        .filter(({ role }: { role: string }) => role === "tool")
        .map(({ tool_call_id }: { tool_call_id: string }) => tool_call_id),
      odd,
    );
  });

  it("come to the client as the upstream wrote them", () => {
    const call = { id: "functions.f:0", type: "function", function: { name: "f", arguments: "{}" } };
    const answer = { choices: [{ message: { role: "assistant", tool_calls: [call] }, finish_reason: "tool_calls" }] };
    assert.equal(translateWhole({ from: "openai-chat", to: "anthropic-messages" }, answer).content[0].id, call.id);
    const item = translateWhole({ from: "openai-chat", to: "openai-responses" }, answer).output[0];
    assert.equal(item.call_id, call.id);
  });
});
