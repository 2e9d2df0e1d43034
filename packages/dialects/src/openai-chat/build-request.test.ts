import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AssistantPart, ChatMessage, ChatRequest } from "@auxot/wire/chat";
import { defaultTraits } from "@auxot/wire/model-traits";
import { build, parse, userSays, hashText } from "../../test/request-checks.ts";
import { openaiCall } from "./call.ts";

const name = "openai-chat";
const image = { type: "image" as const, source: { type: "base64" as const, mediaType: "image/png", data: "AAAA" } };

const sendTurn = (...content: AssistantPart[]) =>
  build(name, { messages: [userSays("x"), { role: "assistant", content }] }).body.messages[1];

const send = (effort: "none" | "max" | "minimal", model: string) =>
  build(name, { reasoning: { effort } }, model).body.reasoning_effort;

describe("a request to an OpenAI-compatible provider", () => {
  it("asks for usage when it streams", () => {
    const request = { model: "m", messages: [userSays("hi")], tools: [], stream: true };
    const built = openaiCall.buildRequest(request, {
      model: "up",
      stream: true,
      traits: defaultTraits,
      hash: hashText,
    });
    assert.deepEqual(JSON.parse(built.body), {
      model: "up",
      messages: [{ role: "user", content: "hi" }],
      stream: true,
      stream_options: { include_usage: true },
    });
  });

  it("names the token limit as the model's family wants it", () => {
    assert.equal(build(name, { maxOutputTokens: 9 }, "llama").body.max_tokens, 9);
    assert.equal(build(name, { maxOutputTokens: 9 }, "gpt-5-mini").body.max_completion_tokens, 9);
  });

  it("sends images of tool results in a user message behind all results", () => {
    const messages: ChatMessage[] = [
      { role: "tool", callId: "a", content: [{ type: "text", text: "one" }, image] },
      { role: "tool", callId: "b", content: [{ type: "text", text: "bad" }], isError: true },
      userSays("go on"),
    ];
    const built = build(name, { messages }).body.messages;
    assert.deepEqual(built.slice(0, 2), [
      { role: "tool", tool_call_id: "a", content: "one" },
      { role: "tool", tool_call_id: "b", content: "Error: bad" },
    ]);
    assert.equal(built[2].role, "user");
    assert.equal(built[2].content[1].image_url.url, "data:image/png;base64,AAAA");
    assert.deepEqual(built[3], { role: "user", content: "go on" });
  });

  it("leaves Claude Code's attribution block out", () => {
    const request = parse("anthropic-messages", {
      model: "m",
      max_tokens: 5,
      system: [
        { type: "text", text: "x-anthropic-billing-header: cc_version=2;" },
        { type: "text", text: "You code." },
      ],
      messages: [
        { role: "user", content: "hi" },
        { role: "system", content: "now" },
      ],
    });
    assert.deepEqual(build(name, request).body.messages, [
      { role: "system", content: "You code." },
      { role: "user", content: "hi" },
      { role: "system", content: "now" },
    ]);
  });

  it("gives reasoning back with its proof, or in the words alone when it had none", () => {
    const text = { type: "text" as const, text: "hi" };
    const signed = { type: "reasoning" as const, text: "hm", signature: "s" };
    assert.deepEqual(sendTurn({ type: "reasoning", text: "hm" }, text), {
      role: "assistant",
      content: "hi",
      reasoning_content: "hm",
    });
    assert.deepEqual(sendTurn(signed, { type: "reasoning", text: "", redacted: "r" }, text), {
      role: "assistant",
      content: "hi",
      thinking_blocks: [
        { type: "thinking", thinking: "hm", signature: "s" },
        { type: "redacted_thinking", data: "r" },
      ],
    });
  });

  it("sends only calls when a turn has no text", () => {
    const content = [{ type: "tool-call" as const, id: "c", name: "f", arguments: "{}" }];
    const { body } = build(name, { messages: [{ role: "assistant", content }] });
    assert.deepEqual(body.messages[0], {
      role: "assistant",
      content: null,
      tool_calls: [{ id: "c", type: "function", function: { name: "f", arguments: "{}" } }],
    });
  });

  it("names every field it could not carry", () => {
    const request: Partial<ChatRequest> = {
      stop: ["a", "b", "c", "d", "e"],
      endUser: "u".repeat(65),
      unknownFields: ["context_management"],
      reasoning: { budgetTokens: 4000 },
      messages: [{ role: "user", content: [{ type: "text", text: "x", cacheControl: { type: "ephemeral" } }] }],
    };
    const { body, warnings } = build(name, request, "some-model", { maxUserLength: 64 });
    assert.equal(body.stop.length, 4);
    assert.equal(body.reasoning_effort, "medium");
    for (const field of ["stop", "user", "context_management", "reasoning", "cache_control"]) {
      assert.ok(
        warnings.some((warning) => warning.startsWith(`${field}: `)),
        field,
      );
    }
  });

  it("does not send an effort to models that refuse it", () => {
    assert.equal(build(name, { reasoning: { effort: "high" } }, "gpt-4o").body.reasoning_effort, undefined);
    assert.equal(build(name, { reasoning: { effort: "high" } }, "qwen3").body.reasoning_effort, "high");
  });

  it("sends the nearest effort a server knows", () => {
    assert.deepEqual(
      [send("max", "qwen3"), send("max", "gpt-5.6-sol"), send("minimal", "qwen3")],
      ["high", "max", "low"],
    );
    assert.deepEqual([send("none", "qwen3"), send("none", "o3")], ["none", "low"]);
  });

  it("sends PDFs as files, text documents as text, and refuses documents by URL", () => {
    const source = { type: "base64" as const, mediaType: "application/pdf", data: "AAAA" };
    const text = { type: "text" as const, text: "words" };
    const { body } = build(name, {
      messages: [
        {
          role: "user",
          content: [
            { type: "document", source, name: "a.pdf" },
            { type: "document", source: text, name: "t" },
          ],
        },
      ],
    });
    assert.deepEqual(body.messages[0].content, [
      { type: "file", file: { filename: "a.pdf", file_data: "data:application/pdf;base64,AAAA" } },
      { type: "text", text: "t\n\nwords" },
    ]);
    const url = { type: "url" as const, url: "https://a.test/x.pdf" };
    assert.throws(
      () => build(name, { messages: [{ role: "user", content: [{ type: "document", source: url }] }] }),
      /by URL/,
    );
  });
});
