import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MessageStream } from "@anthropic-ai/sdk/lib/MessageStream.mjs";
import { Stream as AnthropicStream } from "@anthropic-ai/sdk/streaming";
import { ChatCompletionStream } from "openai/lib/ChatCompletionStream";
import { ResponseStream } from "openai/lib/responses/ResponseStream";
import { Stream as OpenaiStream } from "openai/streaming";
import type { DialectName } from "@auxot/wire/chat";
import type { ChatEvent } from "@auxot/wire/chat-event";
import { meta } from "../../test/arbitraries.ts";
import { dialects } from "../dialects.ts";

const usage = { inputTokens: 30, outputTokens: 12, cachedInputTokens: 10, cacheWriteTokens: 5, reasoningTokens: 4 };
const answer: ChatEvent[] = [
  { type: "start" },
  { type: "reasoning-start", index: 0 },
  { type: "reasoning-delta", index: 0, text: "Let me " },
  { type: "reasoning-delta", index: 0, text: "see." },
  { type: "reasoning-end", index: 0, signature: "sig" },
  { type: "text-start", index: 1 },
  { type: "text-delta", index: 1, text: "Grüße " },
  { type: "text-delta", index: 1, text: "😀" },
  { type: "text-end", index: 1 },
  { type: "tool-call-start", index: 2, id: "call_a", name: "weather" },
  { type: "tool-call-start", index: 3, id: "call_b", name: "now" },
  { type: "tool-call-delta", index: 2, arguments: '{"city":' },
  { type: "tool-call-delta", index: 3, arguments: "" },
  { type: "tool-call-delta", index: 2, arguments: '"Ulm"}' },
  { type: "tool-call-end", index: 2 },
  { type: "tool-call-end", index: 3 },
  { type: "usage", usage },
  { type: "end", stopReason: "tool-calls" },
];
const failure: ChatEvent[] = [
  ...answer.slice(0, 4),
  { type: "error", error: { code: "no_capacity", message: "All workers are busy." } },
];

const page = { url: "https://a.test", title: "A", start: 0, end: 2 };
const cited: ChatEvent[] = [
  { type: "start" },
  { type: "text-start", index: 0 },
  { type: "text-delta", index: 0, text: "So it is." },
  { type: "text-end", index: 0, citations: [page] },
  { type: "usage", usage },
  { type: "end", stopReason: "stop" },
];

function respond(name: DialectName, events: readonly ChatEvent[], about = meta): Response {
  const encoder = dialects[name].serve.createStreamEncoder(about);
  const text = events.map((event) => encoder.encode([event]) + encoder.ping()).join("");
  return new Response(text, { headers: { "content-type": "text/event-stream" } });
}

function readCompletion(events: readonly ChatEvent[], about = meta): ChatCompletionStream {
  const stream = OpenaiStream.fromSSEResponse<object>(respond("openai-chat", events, about), new AbortController());
  return ChatCompletionStream.fromReadableStream(stream.toReadableStream());
}

describe("OpenAI's own SDK", () => {
  it("reads our stream as one answer with text, parallel tool calls and usage", async () => {
    const completion = await readCompletion(answer).finalChatCompletion();
    const choice = completion.choices[0];
    assert.equal(completion.id, meta.id);
    assert.equal(choice?.message.content, "Grüße 😀");
    assert.equal(choice?.finish_reason, "tool_calls");
    assert.deepEqual(
      choice?.message.tool_calls?.map((call) =>
        call.type === "function" ? [call.id, call.function.name, call.function.arguments] : [],
      ),
      [
        ["call_a", "weather", '{"city":"Ulm"}'],
        ["call_b", "now", "{}"],
      ],
    );
    assert.equal(completion.usage?.prompt_tokens, 30);
    assert.equal(completion.usage?.completion_tokens_details?.reasoning_tokens, 4);
  });

  it("reads the call of a request with the older functions, and citations of web pages", async () => {
    const about = { ...meta, request: { ...meta.request, usesFunctions: true } as const };
    const called = (await readCompletion(answer, about).finalChatCompletion()).choices[0];
    assert.equal(called?.finish_reason, "function_call");
    assert.deepEqual({ ...called?.message.function_call }, { name: "weather", arguments: '{"city":"Ulm"}' });
    const told = (await readCompletion(cited).finalChatCompletion()).choices[0];
    assert.equal(told?.message.content, "So it is.");
    assert.equal(told?.message.annotations?.[0]?.url_citation.url, page.url);
  });

  it("throws our error when a stream fails half way", async () => {
    const stream = OpenaiStream.fromSSEResponse<object>(respond("openai-chat", failure), new AbortController());
    await assert.rejects(async () => {
      for await (const chunk of stream) assert.ok(chunk);
    }, /All workers are busy/);
  });
});

function readResponse(events: readonly ChatEvent[]): ResponseStream {
  const stream = OpenaiStream.fromSSEResponse<object>(respond("openai-responses", events), new AbortController());
  return ResponseStream.fromReadableStream(stream.toReadableStream());
}

describe("OpenAI's own SDK over Responses", () => {
  it("reads our stream as one response with reasoning, text, parallel tool calls and usage", async () => {
    const response = await readResponse(answer).finalResponse();
    assert.equal(response.id, meta.id);
    assert.equal(response.status, "completed");
    assert.equal(response.output_text, "Grüße 😀");
    assert.deepEqual(
      response.output.map((item) =>
        item.type === "function_call" ? [item.call_id, item.name, item.arguments] : item.type,
      ),
      ["reasoning", "message", ["call_a", "weather", '{"city":"Ulm"}'], ["call_b", "now", "{}"]],
    );
    assert.equal(response.usage?.input_tokens_details.cached_tokens, 10);
    assert.equal(response.usage?.output_tokens_details.reasoning_tokens, 4);
  });

  it("accumulates every event without complaint before the last one repeats them", async () => {
    const snapshots: string[] = [];
    const stream = readResponse(answer);
    stream.on("response.output_text.delta", (event) => snapshots.push(event.snapshot));
    stream.on("response.function_call_arguments.delta", (event) => snapshots.push(event.snapshot));
    await stream.done();
    assert.deepEqual(snapshots, ["Grüße ", "Grüße 😀", '{"city":', '{"city":"Ulm"}', "{}"]);
  });

  it("reads citations of web pages as annotations of the text", async () => {
    const [item] = (await readResponse(cited).finalResponse()).output;
    const [part] = item?.type === "message" ? item.content : [];
    assert.deepEqual(part?.type === "output_text" ? part.annotations.map((each) => ({ ...each })) : [], [
      { type: "url_citation", start_index: 0, end_index: 2, url: page.url, title: page.title },
    ]);
  });

  it("reads a failure half way as a failed response with our message", async () => {
    const response = await readResponse(failure).finalResponse();
    assert.equal(response.status, "failed");
    assert.deepEqual(response.error, { code: "server_error", message: "All workers are busy." });
  });

  it("accepts an answer without any content", async () => {
    const response = await readResponse([{ type: "start" }, { type: "end", stopReason: "stop" }]).finalResponse();
    assert.deepEqual(response.output, []);
  });
});

function readMessage(events: readonly ChatEvent[]): MessageStream {
  const stream = AnthropicStream.fromSSEResponse<object>(respond("anthropic-messages", events), new AbortController());
  return MessageStream.fromReadableStream(stream.toReadableStream());
}

describe("Anthropic's own SDK", () => {
  it("reads our stream as one message with thinking, text, parallel tool calls and usage", async () => {
    const message = await readMessage(answer).finalMessage();
    assert.equal(message.id, meta.id);
    assert.equal(message.stop_reason, "tool_use");
    assert.deepEqual(
      message.content.map((block) => ({ ...block })),
      [
        { type: "thinking", thinking: "Let me see.", signature: "sig" },
        { type: "text", text: "Grüße 😀" },
        { type: "tool_use", id: "call_a", name: "weather", input: { city: "Ulm" } },
        { type: "tool_use", id: "call_b", name: "now", input: {} },
      ],
    );
    assert.equal(message.usage.input_tokens, 15);
    assert.equal(message.usage.cache_read_input_tokens, 10);
    assert.equal(message.usage.output_tokens, 12);
  });

  it("throws our error when a stream fails half way", async () => {
    const stream = AnthropicStream.fromSSEResponse<object>(
      respond("anthropic-messages", failure),
      new AbortController(),
    );
    await assert.rejects(async () => {
      for await (const event of stream) assert.ok(event);
    }, /overloaded_error.*All workers are busy/);
  });

  it("accepts an answer without any content", async () => {
    const message = await readMessage([{ type: "start" }, { type: "end", stopReason: "stop" }]).finalMessage();
    assert.deepEqual(message.content, []);
    assert.equal(message.stop_reason, "end_turn");
  });
});
