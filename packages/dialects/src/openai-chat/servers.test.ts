import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ChatMessage, ChatRequest } from "@auxot/wire/chat";
import { foldEvents } from "@auxot/wire/chat-event";
import { findTraits } from "@auxot/server/models/find-traits";
import { hashText, userSays } from "../../test/request-checks.ts";
import { openaiCall } from "./call.ts";

function ask(model: string, baseUrl: string, fields: Partial<ChatRequest>) {
  const traits = findTraits({ model, baseUrl, dialect: "openai-chat" });
  const request = { model, messages: [userSays("hi")], tools: [], stream: true, ...fields };
  const built = openaiCall.buildRequest(request, { model, stream: true, traits, hash: hashText });
  return { ...built, body: JSON.parse(built.body) };
}

const mistral = (fields: Partial<ChatRequest>) => ask("mistral-large-latest", "https://api.mistral.ai/v1", fields);
const deepseek = (fields: Partial<ChatRequest>) => ask("deepseek-v4-flash", "https://api.deepseek.com", fields);
const grok = (model: string) => ask(model, "https://api.x.ai/v1", { reasoning: { effort: "high" } });
const thinking = (text: string) => [{ type: "thinking", thinking: [{ type: "text", text }] }];
const call = (id: string): ChatMessage => ({
  role: "assistant",
  content: [
    { type: "reasoning", text: "hm" },
    { type: "tool-call", id, name: "f", arguments: "{}" },
  ],
});
const answer = (callId: string): ChatMessage => ({ role: "tool", callId, content: [{ type: "text", text: "r" }] });

/** The roles Mistral is sent after a call. */
function rolesOf(...messages: ChatMessage[]): string[] {
  const sent = mistral({ messages: [userSays("go"), call("AbCdE6789"), ...messages] }).body.messages;
  return sent.map(({ role }: { role: string }) => role);
}

describe("servers of Chat Completions that differ from OpenAI", () => {
  it("Mistral is sent no field it refuses the whole request for, and the caller hears of what is left out", () => {
    const { body, warnings } = mistral({ seed: 7, topK: 3, endUser: "ann", promptCacheKey: "k", temperature: 0.3 });
    assert.deepEqual(Object.keys(body), ["model", "messages", "temperature", "prompt_cache_key", "stream"]);
    for (const field of ["seed", "top_k", "user"]) assert.match(warnings.join(), new RegExp(`(^|,)${field}: `));
  });

  it("Mistral gets ids of calls of nine letters and digits, the same for a call and its result", () => {
    const ids = ["call_PTLP8xhu3uwZk4l3nlnrrJha", "functions.f:0", "AbCdE6789"];
    const messages = [userSays("go"), ...ids.flatMap((id) => [call(id), answer(id)])];
    const sent: { tool_calls?: { id: string }[]; tool_call_id?: string; reasoning_content?: string }[] = mistral({
      messages,
    }).body.messages;
    const called = sent.flatMap((message) => message.tool_calls?.map(({ id }) => id) ?? []);
    assert.deepEqual(
      called,
      sent.flatMap((message) => message.tool_call_id ?? []),
    );
    for (const id of called) assert.match(id, /^[A-Za-z0-9]{9}$/);
    assert.equal(new Set(called).size, 3);
    assert.equal(called[2], "AbCdE6789");
    assert.ok(sent.every((message) => message.reasoning_content === undefined));
  });

  it("Mistral hears the assistant between a tool's result and the user's next words, and behind images of a result", () => {
    const image = { type: "image", source: { type: "url", url: "https://a.test/b.png" } } as const;
    const seen: ChatMessage = { role: "tool", callId: "AbCdE6789", content: [image] };
    const bridged = ["user", "assistant", "tool", "assistant", "user"];
    assert.deepEqual(rolesOf(answer("AbCdE6789"), userSays("stop")), bridged);
    assert.deepEqual(rolesOf(seen), bridged);
    assert.deepEqual(rolesOf(answer("AbCdE6789")), bridged.slice(0, 3));
  });

  it("Google is told which calls come without a proof of thought, the first of each turn", () => {
    const two: ChatMessage = {
      role: "assistant",
      content: ["a", "b"].map((id) => ({ type: "tool-call", id, name: "f", arguments: "{}" })),
    };
    const baseUrl = "https://generativelanguage.googleapis.com/v1beta/openai";
    const sent = ask("gemini-3.5-flash", baseUrl, { messages: [userSays("go"), two, answer("a"), answer("b")] });
    const calls: { extra_content?: object }[] = sent.body.messages[1].tool_calls;
    assert.deepEqual(
      calls.map(({ extra_content }) => extra_content),
      [{ google: { thought_signature: "skip_thought_signature_validator" } }, undefined],
    );
  });

  it("DeepSeek is told in its own field not to think: when asked, for a forced call, and for calls another made", () => {
    const off = { type: "disabled" };
    const tools = [{ name: "f", parameters: { type: "object" } }];
    const none = deepseek({ reasoning: { effort: "none" } }).body;
    assert.deepEqual([none.thinking, none.reasoning_effort], [off, undefined]);
    const schema = { type: "json-schema", name: "a", schema: { type: "object" } } as const;
    const forced = deepseek({ responseFormat: schema }).body;
    assert.deepEqual([forced.thinking, forced.tool_choice.function.name], [off, "a"]);
    const bare: ChatMessage = {
      role: "assistant",
      content: [{ type: "tool-call", id: "c", name: "f", arguments: "{}" }],
    };
    const foreign = deepseek({ tools, messages: [userSays("go"), bare, answer("c")] });
    assert.deepEqual(foreign.body.thinking, off);
    assert.match(foreign.warnings.join(), /^reasoning: calls of this conversation/);
    const own = deepseek({ tools, messages: [userSays("go"), call("c"), answer("c")], reasoning: { effort: "high" } });
    assert.deepEqual([own.body.thinking, own.body.reasoning_effort, own.warnings], [undefined, "high", []]);
  });

  it("Kimi at Moonshot keeps its own temperature", () => {
    const { body, warnings } = ask("kimi-k2.6", "https://api.moonshot.ai/v1", { temperature: 0.2, topP: 1 });
    assert.deepEqual([body.temperature, body.top_p], [undefined, undefined]);
    assert.deepEqual(warnings, ["temperature: kimi-k2.6 does not take it; it was not sent."]);
  });

  it("a Grok that thinks without being asked is asked for no effort", () => {
    assert.equal(grok("grok-4-1-fast-reasoning").body.reasoning_effort, undefined);
    assert.match(grok("grok-4-1-fast-reasoning").warnings.join(), /^reasoning: /);
    assert.equal(grok("grok-4.5").body.reasoning_effort, "high");
  });

  it("Mistral's parts of thinking and text are read like other servers' reasoning and content", () => {
    const parts = [...thinking("hm"), { type: "text", text: "ok" }, { type: "reference", reference_ids: [1] }];
    const whole = openaiCall.decodeResult(
      encode({ choices: [{ message: { role: "assistant", content: parts }, finish_reason: "stop" }] }),
    );
    assert.deepEqual(whole.content, [
      { type: "reasoning", text: "hm" },
      { type: "text", text: "ok" },
    ]);
    const streamed = stream(
      { choices: [{ index: 0, delta: { role: "assistant", content: thinking("h") }, finish_reason: null }] },
      { choices: [{ index: 0, delta: { content: thinking("m") }, finish_reason: null }] },
      { choices: [{ index: 0, delta: { content: "ok" }, finish_reason: "stop" }] },
    );
    assert.deepEqual(streamed.content, whole.content);
  });

  it("xAI's reasoning is counted into the output, as its total does", () => {
    const usage = usageOf({
      prompt_tokens: 10_120,
      completion_tokens: 1499,
      total_tokens: 14_428,
      prompt_tokens_details: { cached_tokens: 128 },
      completion_tokens_details: { reasoning_tokens: 2809 },
    });
    assert.deepEqual([usage?.inputTokens, usage?.outputTokens, usage?.reasoningTokens], [10_120, 4308, 2809]);
    const openai = usageOf({
      prompt_tokens: 10,
      completion_tokens: 30,
      total_tokens: 40,
      completion_tokens_details: { reasoning_tokens: 20 },
    });
    assert.equal(openai?.outputTokens, 30, "OpenAI's is in it already");
  });

  it("usage is found where Moonshot and Groq tell it", () => {
    const usage = { prompt_tokens: 9, completion_tokens: 2, total_tokens: 11, cached_tokens: 4 };
    const last = { index: 0, delta: {}, finish_reason: "stop" };
    for (const chunk of [{ choices: [{ ...last, usage }] }, { choices: [last], x_groq: { id: "r", usage } }]) {
      const told = stream(chunk).usage;
      assert.deepEqual([told?.inputTokens, told?.outputTokens, told?.cachedInputTokens], [9, 2, 4]);
    }
  });
});

function encode(body: object): Uint8Array {
  return Buffer.from(JSON.stringify(body));
}

function stream(...chunks: object[]) {
  const decoder = openaiCall.createStreamDecoder();
  const frames = [...chunks.map((chunk) => JSON.stringify(chunk)), "[DONE]"].map((data) => `data: ${data}\n\n`);
  return foldEvents([...decoder.push(Buffer.from(frames.join(""))), ...decoder.finish()]);
}

function usageOf(usage: object) {
  return openaiCall.decodeResult(encode({ choices: [{ message: { content: "x" }, finish_reason: "stop" }], usage }))
    .usage;
}
