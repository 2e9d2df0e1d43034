import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { meta } from "../../test/arbitraries.ts";
import { translateStream, translateText, translateWhole, type Parsed } from "../../test/translate.ts";
import { anthropicCall } from "../anthropic-messages/call.ts";

const page = { url: "https://a.test/page", title: "A page" };
const nested = (start_index: number, end_index: number) => ({
  type: "url_citation",
  url_citation: { start_index, end_index, ...page },
});
const flat = (start_index: number, end_index: number) => ({ type: "url_citation", start_index, end_index, ...page });

const chatAnswer = (message: object) => ({
  choices: [{ index: 0, message: { role: "assistant", ...message }, finish_reason: "stop" }],
});
const chunk = (delta: object, finish_reason: string | null = null) => ({
  choices: [{ index: 0, delta, finish_reason }],
});
const foundOnWeb = { type: "web_search_result_location", cited_text: "words", encrypted_index: "x", ...page };
const foundInFile = { type: "char_location", cited_text: "words", document_index: 0, document_title: "D" };

describe("citations of web pages", () => {
  it("go from chat completions to Responses, whole and streamed, each with its place", () => {
    const route = { from: "openai-chat", to: "openai-responses" } as const;
    const answer = chatAnswer({ content: "So 😀 it is.", annotations: [nested(3, 4)] });
    const expected = [{ type: "output_text", text: "So 😀 it is.", annotations: [flat(3, 4)], logprobs: [] }];
    assert.deepEqual(translateWhole(route, answer).output[0].content, expected);
    const frames = [
      chunk({ content: "So 😀 " }),
      chunk({ content: "it is.", annotations: [nested(3, 4)] }),
      chunk({}, "stop"),
    ];
    const events = translateStream(route, frames);
    assert.deepEqual(events.at(-1).response.output[0].content, expected);
    const added = events.filter((event) => event.type === "response.output_text.annotation.added");
    assert.deepEqual(
      added.map((event) => [event.annotation_index, event.content_index, event.output_index, event.annotation]),
      [[0, 0, 0, flat(3, 4)]],
    );
  });

  it("go from Responses to chat completions, whole and streamed", () => {
    const route = { from: "openai-responses", to: "openai-chat" } as const;
    const file = { type: "file_citation", file_id: "file_1", filename: "a.txt", index: 0 };
    const content = [{ type: "output_text", text: "It is.", annotations: [file, flat(0, 2)] }];
    const item = { type: "message", role: "assistant", content };
    const answer = { status: "completed", output: [item] };
    assert.deepEqual(translateWhole(route, answer).choices[0].message.annotations, [nested(0, 2)]);
    const chunks = translateStream(route, [
      { type: "response.output_text.delta", output_index: 0, content_index: 0, delta: "It is." },
      { type: "response.output_item.done", output_index: 0, item },
      { type: "response.completed", response: { output: [item] } },
    ]);
    const annotations = chunks.flatMap((each: Parsed) => each.choices?.[0]?.delta.annotations ?? []);
    assert.deepEqual(annotations, [nested(0, 2)]);
  });

  it("stand for their whole block where Anthropic made them, at its place in the joined text", () => {
    const route = { from: "anthropic-messages", to: "openai-chat" } as const;
    const blocks = [
      { type: "text", text: "I looked 😀: " },
      { type: "text", text: "it is so.", citations: [foundOnWeb] },
    ];
    const { message } = translateWhole(route, { content: blocks, stop_reason: "end_turn" }).choices[0];
    assert.equal(message.content, "I looked 😀: it is so.");
    assert.deepEqual(message.annotations, [nested(12, 21)]);
    const frames = [
      { type: "message_start", message: {} },
      ...blocks.flatMap(({ text, citations = [] }, index) => [
        { type: "content_block_start", index, content_block: { type: "text", text: "" } },
        ...citations.map((citation) => ({
          type: "content_block_delta",
          index,
          delta: { type: "citations_delta", citation },
        })),
        { type: "content_block_delta", index, delta: { type: "text_delta", text } },
        { type: "content_block_stop", index },
      ]),
      { type: "message_delta", delta: { stop_reason: "end_turn" } },
      { type: "message_stop" },
    ];
    const chunks = translateStream(route, frames);
    const annotations = chunks.flatMap((each: Parsed) => each.choices?.[0]?.delta.annotations ?? []);
    assert.deepEqual(annotations, [nested(12, 21)]);
    assert.doesNotMatch(translateText(route, frames, meta), /encrypted_index|cited_text/);
  });

  it("of places in documents are left out of other formats, with a warning", () => {
    const content = [{ type: "text", text: "It says so.", citations: [foundInFile] }];
    const result = anthropicCall.decodeResult(Buffer.from(JSON.stringify({ content, stop_reason: "end_turn" })));
    assert.deepEqual(result.content, [{ type: "text", text: "It says so." }]);
    assert.match(result.warnings?.[0] ?? "", /^citations: /);
  });

  it("are not made up for callers of Messages, which would send them back to Anthropic and be refused", () => {
    const route = { from: "openai-chat", to: "anthropic-messages" } as const;
    const answer = chatAnswer({ content: "It is.", annotations: [nested(0, 2)] });
    assert.deepEqual(translateWhole(route, answer).content, [{ type: "text", text: "It is." }]);
  });
});
