// Accounts of the real Claude Code and their limits, offline: what the vendor says of them decides where requests go.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { until } from "../harness/until.ts";
import { adapters, apiKey, deltas, model, nameOf, say, startCliStack } from "./cli-stack.ts";
import { words, type Answer, type MessagesRequest } from "./scripted-messages.ts";

const tokens = { ONE: "sk-ant-oat01-secret-one", TWO: "sk-ant-oat01-secret-two" };
const bothAccounts = ["--account", "one=ONE", "--account", "two=TWO"];
const smart = ["--alias", "smart=sonnet"];

/** A cloud on the same script, known by its key, with another name for a model of its own. */
const cloud = (apiUrl: string): readonly object[] => [
  {
    name: "cloud",
    kind: "cloud",
    dialect: "anthropic-messages",
    baseUrl: apiUrl,
    apiKey: "sk-cloud",
    models: [{ id: "cloud-model", aliases: ["smart"] }],
  },
];

for (const adapter of adapters) {
  describe(`limits of Claude Code by ${nameOf[adapter]}`, () => {
    test("a subscription at its limit sends the request on, unseen, and is not asked before its window begins anew", async () => {
      await using stack = await startCliStack(adapter, cloud);
      await stack.startCli({ CLAUDE_CODE_OAUTH_TOKEN: tokens.ONE }, ...smart);
      stack.api.play(() => answerWith("allowed", 0.8));
      const first = await stack.router.post("/v1/messages", ask("smart"));
      assert.equal(deltas(await first.text(), "text").join(""), "Hello.");
      assert.equal(usedBy(stack.last()), tokens.ONE, "the CLI tier comes before the cloud");
      await until("the router knows how much is used", async () =>
        (await stack.router.workers()).some(({ models }) => models.some(({ load }) => load === 0.8)),
      );
      stack.api.play((_body, request) => (isCloud(request) ? hello : answerWith("rejected", 1.01)));
      const moved = await stack.router.post("/v1/messages", ask("smart"));
      assert.equal(deltas(await moved.text(), "text").join(""), "Hello.");
      assert.match(moved.headers.get("x-auxot-route") ?? "", /tier=cloud.*tries=2/);
      const [view] = (await stack.router.workers()).flatMap(({ models }) => models);
      assert.ok(Date.parse(view?.restsUntil ?? "") > Date.now() + 3_500_000, "until the window begins anew");
      const asked = stack.api.requests.length;
      await stack.router.post("/v1/messages", ask("smart"));
      assert.ok(stack.api.requests.slice(asked).every(isCloud));
      const alone = await stack.router.post("/v1/messages", ask(model));
      assert.equal(alone.status, 503, await alone.text());
      assert.ok(Number(alone.headers.get("retry-after")) > 3500);
      assert.equal(stack.api.requests.length, asked + 1, "the subscription was left alone");
    });

    test("a limit is told to a caller who asks for this model alone, with the time to wait", async () => {
      await using stack = await startCliStack(adapter);
      await stack.startCli({ CLAUDE_CODE_OAUTH_TOKEN: tokens.ONE });
      stack.api.play(() => answerWith("rejected", 1.01));
      const response = await stack.router.post("/v1/messages", ask(model));
      assert.equal(response.status, 429, await response.text());
      assert.ok(Number(response.headers.get("retry-after")) > 3500);
    });

    test("accounts take turns, the less used one first, and one at its limit leaves the others to answer", async () => {
      await using stack = await startCliStack(adapter);
      await stack.startCli(tokens, ...bothAccounts);
      stack.api.play((_body, request) => answerWith("allowed", usedBy(request) === tokens.ONE ? 0.9 : 0.1));
      for (const text of ["a", "b", "c", "d"]) await stack.ask([say(text)]);
      assert.deepEqual(stack.api.requests.map(usedBy), [tokens.ONE, tokens.TWO, tokens.TWO, tokens.TWO]);
      stack.api.play((_body, request) => (usedBy(request) === tokens.TWO ? answerWith("rejected", 1.01) : hello));
      const asked = stack.api.requests.length;
      for (const text of ["e", "f"]) await stack.ask([say(text)]);
      assert.deepEqual(stack.api.requests.slice(asked).map(usedBy), [tokens.TWO, tokens.ONE, tokens.ONE]);
    });

    test("an account the vendor refuses is said in words, and its credential is not", async () => {
      await using stack = await startCliStack(adapter);
      const worker = await stack.startCli({ ANTHROPIC_API_KEY: apiKey });
      const message = `invalid x-api-key ${apiKey}`;
      stack.api.play(() => ({ error: { status: 401, type: "authentication_error", message } }));
      const response = await stack.router.post("/v1/messages", ask(model));
      const said = await response.text();
      assert.equal(response.status, 502, said);
      for (const text of [said, worker.out(), worker.err(), stack.router.program.err()]) {
        assert.ok(!text.includes(apiKey));
      }
    });
  });
}

const hello: Answer = { blocks: [words("Hel", "lo.")] };

function ask(name: string): object {
  return { model: name, max_tokens: 500, stream: true, messages: [say("hi")] };
}

function isCloud({ headers }: Pick<MessagesRequest, "headers">): boolean {
  return headers["x-api-key"] === "sk-cloud";
}

function usedBy({ headers }: Pick<MessagesRequest, "headers">): string | undefined {
  return headers.authorization?.replace("Bearer ", "");
}

/** With what the vendor tells subscriptions of their window of five hours. */
function answerWith(status: "allowed" | "rejected", used: number): Answer {
  const reset = String(Math.floor(Date.now() / 1000) + 3600);
  const told = {
    status,
    reset,
    "representative-claim": "five_hour",
    "5h-reset": reset,
    "5h-utilization": String(used),
  };
  const headers = Object.fromEntries(
    Object.entries(told).map(([name, value]) => [`anthropic-ratelimit-unified-${name}`, value]),
  );
  if (status === "allowed") return { ...hello, headers };
  return { error: { status: 429, type: "rate_limit_error", message: "limit" }, headers };
}
