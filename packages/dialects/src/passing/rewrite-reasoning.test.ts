import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { DialectName } from "@auxot/wire/chat";
import { dialects } from "../dialects.ts";
import type { OpenProof } from "../reasoning-proof.ts";

/** `own…` is the upstream's, `axr1_…` another's, everything else a vendor's own proof. */
const open: OpenProof = (signature) => {
  if (signature === "own") return { signature: "rs_1:EqQB" };
  if (signature === "own-hidden") return { redacted: "data" };
  if (signature === "own-unsigned") return {};
  return signature.startsWith("axr1_") ? undefined : { signature };
};

function rewrite(dialect: DialectName, body: string): unknown {
  return JSON.parse(Buffer.from(dialects[dialect].call.rewriteReasoning(Buffer.from(body), open)).toString("utf8"));
}

const thinking = (signature: string): object => ({ type: "thinking", thinking: "hm", signature });
const use = { type: "tool_use", id: "t1", name: "f", input: { a: 1 } };
const result = { role: "user", content: [{ type: "tool_result", tool_use_id: "t1" }] };

const turns = (signature: string): object => ({
  thinking: { type: "enabled", budget_tokens: 2000 },
  messages: [{ role: "assistant", content: [thinking(signature), use] }, result],
});
const keys = (body: object): string[] => Object.keys(rewrite("anthropic-messages", JSON.stringify(body)) as object);
const item = (encrypted_content: string): object => ({
  type: "reasoning",
  id: "rs_ours",
  summary: [],
  encrypted_content,
});
const message = (signature: string): object => ({
  role: "assistant",
  content: "hi",
  reasoning_content: "hm",
  thinking_blocks: [thinking(signature)],
});
const rewritten = (signature: string): unknown =>
  (rewrite("openai-chat", JSON.stringify({ messages: [message(signature)] })) as { messages: unknown[] }).messages[0];

describe("reasoning tokens in a body of the passthrough lane", () => {
  it("are opened in Messages where they are the server's own, and leave with their block where they are not", () => {
    const content = ["own", "own-hidden", "own-unsigned", "axr1_other", "EvendorsOwn"].map(thinking);
    const body = {
      model: "m",
      messages: [
        { role: "assistant", content },
        { role: "assistant", content: [thinking("axr1_x")] },
      ],
    };
    assert.deepEqual(rewrite("anthropic-messages", JSON.stringify(body)), {
      model: "m",
      messages: [
        {
          role: "assistant",
          content: [
            thinking("rs_1:EqQB"),
            { type: "redacted_thinking", data: "data" },
            thinking(""),
            thinking("EvendorsOwn"),
          ],
        },
      ],
    });
  });

  it("take a thinking budget along when a loop of tools lost the thinking it began with", () => {
    assert.deepEqual(keys(turns("axr1_other")), ["messages"]);
    assert.deepEqual(keys(turns("own")), ["thinking", "messages"]);
    assert.deepEqual(keys({ ...turns("axr1_other"), thinking: { type: "adaptive" } }), ["thinking", "messages"]);
  });

  it("leave OpenAI's Responses with the item they stood in, and become its own id and content again", () => {
    const input = [
      item("own"),
      item("axr1_other"),
      item("own-unsigned"),
      item("gAAA"),
      { role: "user", content: "hi" },
    ];
    assert.deepEqual(rewrite("openai-responses", JSON.stringify({ input })), {
      input: [
        { type: "reasoning", summary: [], id: "rs_1", encrypted_content: "EqQB" },
        item("gAAA"),
        { role: "user", content: "hi" },
      ],
    });
  });

  it("take a chat message's whole reasoning along when another made it, and nothing of the maker's", () => {
    assert.deepEqual(rewritten("axr1_other"), { role: "assistant", content: "hi" });
    assert.deepEqual(rewritten("own-unsigned"), { role: "assistant", content: "hi", reasoning_content: "hm" });
    assert.deepEqual(rewritten("native"), message("native"));
  });

  for (const name of ["openai-chat", "openai-responses", "anthropic-messages"] as const) {
    it(`leave everything else of a request as it was (${name})`, () => {
      const field = name === "openai-responses" ? "input" : "messages";
      const body = `{"zz":12345678901234567890,"${field}":[{"role":"user","content":"Hé","x":[1.5,{"b":1,"a":null}]}],"last":1}`;
      const rewritten = dialects[name].call.rewriteReasoning(Buffer.from(body), open);
      assert.equal(Buffer.from(rewritten).toString("utf8"), body);
    });
  }
});
