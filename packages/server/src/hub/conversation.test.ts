import assert from "node:assert/strict";
import { test } from "node:test";
import type { ChatMessage, ChatRequest } from "@auxot/wire/chat";
import { readConversation } from "./conversation.ts";

const plain: ChatRequest = { model: "m", messages: [], tools: [], stream: true };
const original = { dialect: "anthropic-messages" as const, body: new Uint8Array(), headers: {} };

function sessionOf(part: Partial<ChatRequest>): string | undefined {
  return readConversation("key_1", { ...plain, ...part }).session;
}

test("a session is known by header, by cache key and by what Claude Code writes into its user id", () => {
  const id = "0b25ee42-c5a0-4d24-9a1e-6c1cbd9b2ecd";
  const named = sessionOf({ original: { ...original, session: id } });
  assert.match(named ?? "", /^[0-9a-f]{64}$/);
  assert.equal(sessionOf({ promptCacheKey: id }), named);
  assert.equal(sessionOf({ endUser: `user_d3adb33f_account__session_${id}` }), named);
  assert.equal(sessionOf({ endUser: JSON.stringify({ device_id: "d", account_uuid: "", session_id: id }) }), named);
});

test("another model is another conversation, and a plain user name or nothing is none", () => {
  assert.notEqual(sessionOf({ promptCacheKey: "s", model: "haiku" }), sessionOf({ promptCacheKey: "s" }));
  assert.equal(sessionOf({}), undefined);
  assert.equal(sessionOf({ promptCacheKey: "" }), undefined);
  assert.equal(sessionOf({ endUser: "user-7" }), undefined);
  assert.equal(sessionOf({ endUser: '{"session_id": 7' }), undefined);
});

const call = (id: string): ChatMessage => ({
  role: "assistant",
  content: [{ type: "tool-call", id, name: "look", arguments: "{}" }],
});
const result = (callId: string): ChatMessage => ({ role: "tool", callId, content: [] });
const user: ChatMessage = { role: "user", content: [{ type: "text", text: "hm" }] };

function answersOf(...messages: ChatMessage[]): readonly string[] {
  return readConversation("key_1", { ...plain, messages }).answers;
}

test("a request answers the calls whose results stand behind the last answer, words beside them or not", () => {
  assert.deepEqual(answersOf(user, call("a"), result("a"), result("b")), ["a", "b"]);
  assert.deepEqual(answersOf(user, call("a"), result("a"), call("b"), result("b"), user), ["b"]);
  assert.deepEqual(answersOf(user, call("a"), result("a"), call("b")), []);
  assert.deepEqual(answersOf(user), []);
  assert.equal(answersOf(...Array.from({ length: 1000 }, (_, at) => result(`${at}`))).length, 64);
});
