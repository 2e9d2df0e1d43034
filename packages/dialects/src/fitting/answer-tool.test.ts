import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ChatEvent } from "@auxot/wire/chat-event";
import { foldEvents } from "@auxot/wire/chat-event";
import type { ChatRequest } from "@auxot/wire/chat";
import { build } from "../../test/request-checks.ts";
import { createAnswerToolReader } from "./answer-tool.ts";

const name = "anthropic-messages";
const schema = { type: "object", properties: { city: { type: "string", minLength: 2 } }, required: ["city"] };
const responseFormat = { type: "json-schema" as const, name: "place", schema };
const tools = [{ name: "f", parameters: { type: "object" } }];

describe("an answer by a JSON schema", () => {
  it("is asked for in Anthropic's own words where the model writes by one", () => {
    const { body, answerTool } = build(name, { responseFormat }, "claude-opus-5");
    assert.equal(answerTool, undefined);
    assert.equal(body.tools, undefined);
    assert.equal(body.output_config.format.type, "json_schema");
  });

  it("tells the model in words of the keywords Anthropic refuses, names them, and closes every object", () => {
    const wide = {
      type: "object",
      properties: {
        minimum: { type: "integer", minimum: 1, maximum: 9 },
        list: { type: "array", minItems: 1, maxItems: 3, items: { type: "object", properties: {} } },
        when: {
          oneOf: [
            { type: "string", format: "date" },
            { type: "string", format: "iri" },
          ],
        },
      },
    };
    const { body, warnings } = build(name, { responseFormat: { ...responseFormat, schema: wide } }, "claude-opus-5");
    assert.deepEqual(body.output_config.format.schema, {
      type: "object",
      properties: {
        minimum: { type: "integer", description: "{minimum: 1, maximum: 9}" },
        list: {
          type: "array",
          minItems: 1,
          items: { type: "object", properties: {}, additionalProperties: false },
          description: "{maxItems: 3}",
        },
        when: {
          anyOf: [
            { type: "string", format: "date" },
            { type: "string", description: '{format: "iri"}' },
          ],
        },
      },
      additionalProperties: false,
    });
    for (const keyword of ["minimum", "maximum", "maxItems", "format"])
      assert.ok(
        warnings.includes(
          `response_format: Anthropic's schemas do not take "${keyword}"; the model was told of it in words.`,
        ),
        keyword,
      );
  });

  it("is a tool the model must call where it does not", () => {
    const { body, answerTool } = build(name, { responseFormat }, "claude-sonnet-4-20250514");
    assert.equal(answerTool, "place");
    assert.deepEqual(body.tool_choice, { type: "tool", name: "place" });
    assert.deepEqual(body.tools[0].input_schema, schema);
    assert.equal(body.output_config, undefined);
    const openai = build("openai-chat", { responseFormat }, "gpt-4-turbo").body;
    assert.deepEqual(openai.tool_choice, { type: "function", function: { name: "place" } });
    assert.equal(openai.response_format, undefined);
  });

  it("stands beside the caller's own tools under a name of its own", () => {
    const request: Partial<ChatRequest> = { responseFormat: { ...responseFormat, name: "f" }, tools };
    const { body, answerTool } = build(name, request, "house-model");
    assert.equal(answerTool, "f_2");
    assert.deepEqual(body.tool_choice, { type: "any" });
    assert.deepEqual(
      body.tools.map((tool: { name: string }) => tool.name),
      ["f", "f_2"],
    );
  });

  it("comes before thinking where both cannot be had, with a note", () => {
    const request: Partial<ChatRequest> = { responseFormat, reasoning: { effort: "high" } };
    const { body, warnings } = build(name, request, "claude-sonnet-4-20250514");
    assert.deepEqual([body.tool_choice.type, body.thinking], ["tool", { type: "disabled" }]);
    assert.match(warnings.join(), /thinking: the schema needs a forced tool call/);
  });
});

/** The events of one call. */
function called(index: number, tool: string, pieces: readonly string[]): ChatEvent[] {
  return [
    { type: "tool-call-start", index, id: `c${index}`, name: tool },
    ...pieces.map((piece): ChatEvent => ({ type: "tool-call-delta", index, arguments: piece })),
    { type: "tool-call-end", index },
  ];
}

describe("the input of the answer tool", () => {
  const end: ChatEvent = { type: "end", stopReason: "tool-calls" };

  it("is the text of the answer, which ends like any other", () => {
    const read = createAnswerToolReader("place");
    const events = [...called(0, "place", ['{"ci', 'ty":"Ulm"}']), end];
    assert.deepEqual(foldEvents(events.flatMap((event) => read([event]))), {
      content: [{ type: "text", text: '{"city":"Ulm"}' }],
      stopReason: "stop",
    });
  });

  it("leaves calls of the caller's own tools as they are", () => {
    const read = createAnswerToolReader("place");
    const events = [...called(0, "f", ["{}"]), ...called(1, "place", ["{}"]), end];
    assert.deepEqual(foldEvents(read(events)), {
      content: [
        { type: "tool-call", id: "c0", name: "f", arguments: "{}" },
        { type: "text", text: "{}" },
      ],
      stopReason: "tool-calls",
    });
  });

  it("keeps an answer that was cut off marked as cut off", () => {
    const read = createAnswerToolReader("place");
    const cut = read([...called(0, "place", ['{"ci']), { type: "end", stopReason: "length" }]);
    assert.equal(foldEvents(cut).stopReason, "length");
  });
});
