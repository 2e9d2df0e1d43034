import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { dialectNames, type AssistantPart, type ChatMessage, type ChatRequest, type UserPart } from "@auxot/wire/chat";
import { AppError } from "@auxot/wire/errors";
import { findTraits } from "@auxot/server/models/find-traits";
import { check, seed } from "../../test/arbitraries.ts";
import { hashText } from "../../test/request-checks.ts";
import { dialects } from "../dialects.ts";

/** A text that stands for something of the conversation: `§0§`, `§1§` and so on. */
const mark = (at: number): string => `§${at}§`;
const base64 = (text: string): string => Buffer.from(text).toString("base64");

/** Parts and messages as they are once each mark in them is known. */
type Make<T> = (next: () => string) => T;

const texts: fc.Arbitrary<Make<string>> = fc.constantFrom<Make<string>>(
  (next) => next(),
  (next) => `  ${next()} "é😀\\ \n`,
  () => " \n",
);
const textParts = texts.map((make): Make<UserPart & AssistantPart> => (next) => ({ type: "text", text: make(next) }));
const userParts: fc.Arbitrary<Make<UserPart>> = fc.oneof(
  { arbitrary: textParts, weight: 3 },
  fc.constantFrom<Make<UserPart>>(
    (next) => ({ type: "image", source: { type: "base64", mediaType: "image/png", data: base64(next()) } }),
    (next) => ({ type: "image", source: { type: "url", url: `https://a.test/${next()}.png` } }),
    (next) => ({
      type: "document",
      source: { type: "base64", mediaType: "application/pdf", data: base64(next()) },
      name: next(),
    }),
    (next) => ({
      type: "document",
      source: { type: "base64", mediaType: "text/plain", data: base64(next()) },
      name: next(),
    }),
    (next) => ({ type: "document", source: { type: "text", text: next() }, name: next() }),
  ),
);
const argumentTexts = fc.constantFrom<Make<string>>(
  () => "{}",
  (next) => JSON.stringify({ a: next() }),
  (next) => `{"n":123456789012345678901,"m":"${next()}"}`,
  (next) => `cut ${next()}`,
  (next) => `["${next()}"]`,
);
const idTails = fc.constantFrom("", "functions.f:0", "ü y", "a".repeat(90));
const assistantParts: fc.Arbitrary<Make<AssistantPart>> = fc.oneof(
  textParts,
  fc.constant<Make<AssistantPart>>((next) => ({ type: "text", text: next(), refusal: true })),
  fc.constant<Make<AssistantPart>>(() => ({ type: "reasoning", text: "thought" })),
  fc.tuple(idTails, argumentTexts).map(([tail, make]): Make<AssistantPart> => (next) => {
    return { type: "tool-call", id: `${next()}${tail}`, name: "f", arguments: make(next) };
  }),
);

const turns: fc.Arbitrary<Make<ChatMessage[]>> = fc.oneof(
  fc.array(texts, { maxLength: 2 }).map((made): Make<ChatMessage[]> => (next) => [
    { role: "system", content: made.map((make) => ({ type: "text", text: make(next) })) },
  ]),
  fc.array(userParts, { maxLength: 3 }).map((made): Make<ChatMessage[]> => (next) => [
    { role: "user", content: made.map((make) => make(next)) },
  ]),
  fc
    .tuple(fc.array(assistantParts, { maxLength: 4 }), fc.array(userParts, { maxLength: 2 }), fc.boolean())
    .map(([made, result, isError]): Make<ChatMessage[]> => (next) => {
      const content = made.map((make) => make(next));
      const results = content.flatMap((part): ChatMessage[] => {
        if (part.type !== "tool-call") return [];
        const answer = result.map((make) => make(next));
        return [{ role: "tool", callId: part.id, content: answer, ...(isError ? { isError } : {}) }];
      });
      return [{ role: "assistant", content }, ...results];
    }),
);

const conversations = fc.array(turns, { minLength: 1, maxLength: 5 }).map((made): ChatMessage[] => {
  let count = 0;
  const next = (): string => mark(count++);
  return [
    { role: "user", content: [{ type: "text", text: "hi" }] },
    ...made.flatMap((make) => make(next)),
  ] satisfies ChatMessage[];
});

const models = ["gpt-4o", "gpt-6", "o3", "claude-opus-4-8", "claude-sonnet-4-5", "mistral-large-latest", "house-model"];
const hops = fc.tuple(fc.constantFrom(...dialectNames), fc.constantFrom(...models));

/** Sends the request in one format after the other, as if each provider were a router. */
function send(first: ChatRequest, chain: readonly (readonly [(typeof dialectNames)[number], string])[]): ChatRequest {
  return chain.reduce((request, [name, model]) => {
    const traits = findTraits({ model, dialect: name, baseUrl: "https://models.example.test" });
    const built = dialects[name].call.buildRequest(request, { model, stream: false, traits, hash: hashText });
    return dialects[name].serve.parseRequest(Buffer.from(built.body));
  }, first);
}

/** The marks in everything that is said, files included. */
function listMarks(messages: readonly ChatMessage[]): Set<string> {
  const opened = JSON.stringify(messages).replaceAll(
    /"data":"([^"]*)"/g,
    (_, data: string) => `"data":"${Buffer.from(data, "base64").toString("utf8")}"`,
  );
  return new Set(opened.match(/§\d+§/g));
}

describe(`a conversation through up to three formats, one after the other (seed ${seed})`, () => {
  it("loses no word, file, call or result, and each result still answers its call", () => {
    check(
      fc.tuple(conversations, fc.array(hops, { minLength: 1, maxLength: 3 })),
      ([messages, chain]) => {
        const tools = [{ name: "f", parameters: { type: "object" } }];
        const arrived = send({ model: "m", messages, tools, stream: false }, chain);
        // Ids are made anew where a vendor takes other letters: what follows counts pairs, not names.
        const said = messages.map((message) => (message.role === "tool" ? { ...message, callId: "" } : message));
        const expected = listMarks(said.map(withoutIds));
        const found = listMarks(arrived.messages);
        assert.deepEqual(expected.difference(found), new Set());
        const called = listIds(arrived.messages);
        assert.equal(called.length, listIds(messages).length);
        assert.equal(new Set(called).size, called.length);
        for (const message of arrived.messages)
          if (message.role === "tool") assert.ok(called.includes(message.callId), message.callId);
        assert.equal(arrived.unknownFields, undefined);
      },
      2000,
    );
  });

  it("is refused before it is sent where nothing is left of it, and never breaks", () => {
    const empty = fc.constantFrom<ChatMessage>(
      { role: "user", content: [] },
      { role: "assistant", content: [] },
      { role: "assistant", content: [{ type: "reasoning", text: "thought" }] },
      { role: "system", content: [] },
      { role: "user", content: [{ type: "text", text: " " }] },
    );
    check(fc.tuple(fc.array(empty, { minLength: 1, maxLength: 3 }), hops), ([messages, hop]) => {
      try {
        send({ model: "m", messages, tools: [], stream: false }, [hop]);
      } catch (error) {
        assert.ok(error instanceof AppError && error.code === "invalid_request", String(error));
        assert.match(error.message, /^messages: expected at least one message with content/);
      }
    });
  });
});

function withoutIds(message: ChatMessage): ChatMessage {
  if (message.role !== "assistant") return message;
  return {
    ...message,
    content: message.content.map((part) => (part.type === "tool-call" ? { ...part, id: "" } : part)),
  };
}

function listIds(messages: readonly ChatMessage[]): string[] {
  return messages.flatMap((message) =>
    message.role === "assistant" ? message.content.flatMap((part) => (part.type === "tool-call" ? [part.id] : [])) : [],
  );
}
