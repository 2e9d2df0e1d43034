// OpenAI's older `functions` and `function_call`.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { meta } from "../../test/arbitraries.ts";
import { parse, refuses } from "../../test/request-checks.ts";
import { translateStream, translateWhole, type Parsed } from "../../test/translate.ts";

const name = "openai-chat";
const functions = [{ name: "weather", description: "Tells it", parameters: { type: "object", properties: {} } }];
const hi = { role: "user", content: "Hi" };
const about = { ...meta, request: parse(name, { model: "m", messages: [hi], functions }) };

const call = (city: string) => ({
  role: "assistant",
  content: null,
  function_call: { name: "weather", arguments: JSON.stringify({ city }) },
});
const result = (content: string | null) => ({ role: "function", name: "weather", content });

describe("a request with the older functions", () => {
  it("declares tools, of which one at a time may be called", () => {
    const request = parse(name, { model: "m", messages: [hi], functions, function_call: { name: "weather" } });
    assert.deepEqual(request.tools, functions);
    assert.deepEqual(request.toolChoice, { type: "tool", name: "weather" });
    assert.equal(request.parallelToolCalls, false);
    assert.equal(request.unknownFields, undefined);
    assert.deepEqual(parse(name, { model: "m", messages: [hi], functions, function_call: "none" }).toolChoice, {
      type: "none",
    });
  });

  it("has each function's result meet the call it answers, though neither has an id", () => {
    const messages = [hi, call("Ulm"), result("sun"), call("Bonn"), result(null)];
    const parts = parse(name, { model: "m", messages }).messages.slice(1);
    const ids = parts.map((message) => {
      const [part] = message.content;
      return message.role === "tool" ? message.callId : part?.type === "tool-call" ? part.id : "";
    });
    assert.equal(ids[0], ids[1]);
    assert.equal(ids[2], ids[3]);
    assert.notEqual(ids[0], ids[2]);
    assert.match(ids[0] ?? "", /^[\w-]{1,40}$/);
  });

  it("is refused for a result no call asked for, and for functions of the wrong shape", () => {
    refuses(name, { model: "m", messages: [{ role: "function", name: "f", content: "x" }] }, "messages[0].name");
    refuses(name, { model: "m", messages: [hi], functions: [{ parameters: {} }] }, "functions[0].name");
    refuses(name, { model: "m", messages: [hi], functions: {} }, "functions");
    refuses(name, { model: "m", messages: [hi], functions, function_call: "any" }, "function_call");
    refuses(name, { model: "m", messages: [hi], functions, function_call: {} }, "function_call.name");
  });
});

describe("an answer to a request with the older functions", () => {
  const content = [
    { type: "text", text: "Looking." },
    { type: "tool_use", id: "toolu_1", name: "weather", input: { city: "Ulm" } },
  ];
  const route = { from: "anthropic-messages", to: "openai-chat" } as const;

  it("has its call as function_call, whole", () => {
    const choice = translateWhole(route, { content, stop_reason: "tool_use" }, about).choices[0];
    assert.deepEqual(choice.message.function_call, { name: "weather", arguments: '{"city":"Ulm"}' });
    assert.equal(choice.message.tool_calls, undefined);
    assert.equal(choice.finish_reason, "function_call");
  });

  it("has its call as function_call, streamed, and the first only where a model gives two", () => {
    const frames = [
      { type: "message_start", message: {} },
      ...["weather", "other"].flatMap((called, index) => [
        {
          type: "content_block_start",
          index,
          content_block: { type: "tool_use", id: called, name: called, input: {} },
        },
        { type: "content_block_delta", index, delta: { type: "input_json_delta", partial_json: '{"x":1}' } },
        { type: "content_block_stop", index },
      ]),
      { type: "message_delta", delta: { stop_reason: "tool_use" } },
      { type: "message_stop" },
    ];
    const chunks = translateStream(route, frames, about);
    const told = chunks.flatMap((chunk: Parsed) => chunk.choices?.[0]?.delta.function_call ?? []);
    assert.deepEqual(told, [{ name: "weather", arguments: "" }, { arguments: '{"x":1}' }]);
    assert.equal(chunks.at(-3).choices[0].finish_reason, "function_call");
  });

  it("is understood from a server that knows nothing newer", () => {
    const message = { role: "assistant", content: null, function_call: { name: "weather", arguments: '{"x":1}' } };
    const body = { id: "c1", choices: [{ message, finish_reason: "function_call" }] };
    const toMessages = { from: "openai-chat", to: "anthropic-messages" } as const;
    const answer = translateWhole(toMessages, body);
    assert.deepEqual(answer.content, [{ type: "tool_use", id: "call_c1_0", name: "weather", input: { x: 1 } }]);
    assert.equal(answer.stop_reason, "tool_use");
  });
});
