import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ChatEvent } from "@auxot/wire/chat-event";
import type { AssistantPart, ChatRequest } from "@auxot/wire/chat";
import { createReasoningTokens } from "../platform/reasoning-tokens.ts";
import { deriveWorkingKeys } from "../../test/harness/one-key.ts";
import { createSecret } from "../platform/secret-text.ts";
import { keepReasoningOwn } from "./own-reasoning.ts";
import type { Offer, Source, SourceCall } from "./source.ts";

const tokens = createReasoningTokens(deriveWorkingKeys(createSecret("a secret key of thirty-two letters")));
const anthropic: Offer = {
  tier: "cloud",
  providerId: "prv_anthropic",
  provider: "anthropic",
  model: "claude",
  aliases: [],
  abilities: { tools: true, images: true, reasoning: true },
  contextTokens: undefined,
  freeSlots: 1,
  dialect: "anthropic-messages",
};
const mirror: Offer = { ...anthropic, providerId: "prv_mirror", provider: "mirror" };
const openai: Offer = { ...anthropic, providerId: "prv_openai", provider: "openai", dialect: "openai-responses" };

const { dialect: _, ...cloudless } = anthropic;
const worker: Offer = { ...cloudless, tier: "gpu", providerId: "prv_gpu", provider: "gpu" };

const cli: Offer = { ...worker, tier: "cli", providerId: "prv_cli", provider: "cli" };

/** Runs a call with `events` as its answer; gives what the source was asked and what its caller got. */
async function run(
  target: Offer,
  request: Partial<ChatRequest>,
  events: readonly ChatEvent[] = [],
): Promise<{ asked: ChatRequest; events: ChatEvent[]; warnings: readonly string[] }> {
  const calls: SourceCall[] = [];
  const source: Source = {
    offers: () => [target],
    countTokens: () => Promise.resolve(undefined),
    embed: () => Promise.reject(new Error("not asked")),
    run(call) {
      calls.push(call);
      const placement = { tier: target.tier, provider: target.provider, model: target.model };
      const batches = events.map((event) => ({ events: [event] }));
      return Promise.resolve({ placement, warnings: [], batches: toAsync(batches) });
    },
  };
  const whole: ChatRequest = { model: "m", messages: [], tools: [], stream: true, ...request };
  const call = { requestId: "r", callerId: "c", request: whole, targets: [target], waitMs: 0 };
  const answer = await keepReasoningOwn(source, tokens).run(call, new AbortController().signal);
  const seen: ChatEvent[] = [];
  for await (const batch of answer.batches) seen.push(...batch.events);
  assert.ok(calls[0]);
  return { asked: calls[0].request, events: seen, warnings: answer.warnings };
}

async function* toAsync<T>(values: readonly T[]): AsyncGenerator<T> {
  yield* values;
}

const thought = (end: object): ChatEvent[] => [
  { type: "reasoning-start", index: 0 },
  { type: "reasoning-delta", index: 0, text: "hm" },
  { type: "reasoning-end", index: 0, ...end },
];

async function signFor(target: Offer, end: object): Promise<string> {
  const last = (await run(target, {}, thought(end))).events.at(-1);
  assert.ok(last?.type === "reasoning-end" && last.signature !== undefined);
  return last.signature;
}

async function replay(target: Offer, part: AssistantPart, request: Partial<ChatRequest> = {}) {
  const said = { type: "text", text: "hi" } as const;
  const { asked, warnings } = await run(target, {
    messages: [{ role: "assistant", content: [part, said] }],
    ...request,
  });
  const [message] = asked.messages;
  assert.ok(message?.role === "assistant" && message.content.at(-1) === said);
  return { sent: message.content.slice(0, -1), warnings };
}

describe("reasoning and who made it", () => {
  for (const [what, end] of [
    ["a signature", { signature: "EqQB" }],
    ["encrypted reasoning", { redacted: "data" }],
    ["unsigned reasoning", {}],
  ] as const) {
    it(`gives ${what} back to its maker as the maker wrote it`, async () => {
      const signature = await signFor(anthropic, end);
      assert.match(signature, /^axr1_[\w-]+$/);
      assert.equal(await signFor(anthropic, end), signature, "the same reasoning has the same token");
      const { sent, warnings } = await replay(anthropic, { type: "reasoning", text: "hm", signature });
      assert.deepEqual(sent, [{ type: "reasoning", text: "hm", ...end }]);
      assert.deepEqual(warnings, []);
    });

    it(`gives ${what} to nobody else, and says so`, async () => {
      const signature = await signFor(anthropic, end);
      for (const target of [mirror, openai, worker, cli]) {
        const { sent, warnings } = await replay(target, { type: "reasoning", text: "hm", signature });
        assert.deepEqual(sent, []);
        assert.match(warnings.join(), /reasoning that another provider made was not sent/);
      }
    });
  }

  it("gives what a CLI's vendor signed or encrypted back to the CLI tier as it was, whichever worker has it next", async () => {
    const second: Offer = { ...cli, providerId: "prv_desk", provider: "desk" };
    for (const end of [{ signature: "EqQBclaude" }, { redacted: "hidden" }]) {
      const signature = await signFor(cli, end);
      for (const target of [cli, second]) {
        const { sent, warnings } = await replay(target, { type: "reasoning", text: "hm", signature });
        assert.deepEqual(sent, [{ type: "reasoning", text: "hm", ...end }]);
        assert.deepEqual(warnings, []);
      }
      for (const target of [worker, anthropic]) {
        assert.deepEqual((await replay(target, { type: "reasoning", text: "hm", signature })).sent, []);
      }
    }
  });

  it("drops a token that was changed, and one of a router with another secret key", async () => {
    const other = createReasoningTokens(deriveWorkingKeys(createSecret("another secret key, also long enough")));
    const foreign = other.seal({}, { providerId: "prv_anthropic", dialect: "anthropic-messages" });
    const changed = `${await signFor(anthropic, { signature: "EqQB" })}AAAA`;
    for (const signature of [foreign, changed, "axr1_", "axr1_§"]) {
      assert.deepEqual((await replay(anthropic, { type: "reasoning", text: "hm", signature })).sent, []);
    }
  });

  it("lets a vendor's own signature through to that vendor's dialect alone", async () => {
    const original = { dialect: "anthropic-messages" as const, body: Buffer.from("{}"), headers: {} };
    const signed = { type: "reasoning" as const, text: "hm", signature: "EqQB" };
    const hidden = { type: "reasoning" as const, text: "", redacted: "data" };
    for (const part of [signed, hidden]) {
      assert.deepEqual((await replay(anthropic, part, { original })).sent, [part]);
      assert.deepEqual((await replay(openai, part, { original })).sent, []);
      assert.deepEqual((await replay(worker, part, { original })).sent, []);
      assert.deepEqual((await replay(worker, part)).sent, []);
    }
    const encrypted = { type: "reasoning" as const, text: "hm", signature: "rs_1:gAAA" };
    assert.deepEqual((await replay(openai, encrypted)).sent, [encrypted]);
    assert.deepEqual((await replay(anthropic, encrypted, { original })).sent, []);
  });

  it("leaves unsigned words alone, and the bytes of a request without tokens", async () => {
    const part = { type: "reasoning" as const, text: "hm" };
    const { sent, warnings } = await replay(worker, part);
    assert.deepEqual(sent, [part]);
    assert.deepEqual(warnings, []);
    const original = { dialect: "anthropic-messages" as const, body: Buffer.from(`{ "messages" : [ ] }`), headers: {} };
    const { asked } = await run(anthropic, { original, messages: [{ role: "assistant", content: [part] }] });
    assert.equal(asked.original?.body, original.body);
  });

  it("leaves out a turn that held nothing but another's reasoning", async () => {
    const signature = await signFor(anthropic, {});
    const content = [{ type: "reasoning" as const, text: "hm", signature }];
    const { asked } = await run(worker, { messages: [{ role: "assistant", content }] });
    assert.deepEqual(asked.messages, []);
  });

  it("makes no content of a block without words and proof, and touches no passed bytes", async () => {
    const empty: ChatEvent[] = [
      { type: "reasoning-start", index: 0 },
      { type: "reasoning-end", index: 0 },
    ];
    assert.deepEqual((await run(worker, {}, empty)).events, empty);
  });
});
