// The real Claude Code behind `auxot-worker cli`, offline: what callers of the router get in a conversation, and what the
// Messages API is asked, which here is a script on loopback.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { until, within } from "../harness/until.ts";
import {
  adapters,
  apiKey,
  assistant,
  deltas,
  listDescendants,
  model,
  nameOf,
  say,
  startCliStack,
  type CliStack,
} from "./cli-stack.ts";
import { call, isSecond, thoughts, words, type Block, type Turn } from "./scripted-messages.ts";

const pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const image = { type: "image", source: { type: "base64", media_type: "image/png", data: pixel } };
const tools = ["weather", "Bash"].map((name) => ({
  name,
  description: `Asks for the ${name}. ${"x".repeat(3000)}`,
  input_schema: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
}));

for (const adapter of adapters) {
  describe(`Claude Code by ${nameOf[adapter]}`, () => {
    let stack: CliStack;
    before(async () => {
      stack = await startCliStack(adapter);
      await stack.startCli({ ANTHROPIC_API_KEY: apiKey });
    });
    after(() => stack[Symbol.asyncDispose]());

    test("an answer streams token by token while the model still speaks, thinking and signature included", async () => {
      const hold = Promise.withResolvers<void>();
      stack.api.play(() => ({ blocks: [thoughts("hm ", "hm"), words("Hel", "lo ", "there")], hold: hold.promise }));
      const answer = await stack.stream([say("hi")], { max_tokens: 5000, thinking: { type: "adaptive" } });
      while (deltas(answer.text(), "thinking").length === 0) await answer.more();
      assert.equal(stack.last().isAnswered(), false);
      hold.resolve();
      const frames = await answer.rest();
      assert.deepEqual(deltas(frames, "text"), ["Hel", "lo ", "there"]);
      assert.deepEqual(deltas(frames, "thinking"), ["hm ", "hm"]);
      assert.match(frames, /"signature":"/);
    });

    test("the API receives the conversation exactly as it was sent, once, and usage comes back as it says", async () => {
      stack.api.play(() => ({ blocks: [words("Yes.")] }));
      const messages: Turn[] = [
        { role: "user", content: [{ type: "text", text: "/clear @/etc/hostname" }, image] },
        {
          role: "assistant",
          content: [
            { type: "text", text: "Let me see." },
            { type: "tool_use", id: "toolu_1", name: "weather", input: { city: "Bonn" } },
            { type: "tool_use", id: "toolu_2", name: "Bash", input: { city: "Rom" } },
          ],
        },
        {
          role: "user",
          content: [
            { type: "tool_result", tool_use_id: "toolu_2", content: [{ type: "text", text: "no" }], is_error: true },
            { type: "tool_result", tool_use_id: "toolu_1", content: [{ type: "text", text: "look" }, image] },
          ],
        },
      ];
      const asked = stack.api.requests.length;
      const reply = await stack.ask(messages, { system: "You are terse.", tools });
      assert.deepEqual([reply.content, reply.stop_reason], [[{ type: "text", text: "Yes." }], "end_turn"]);
      const { input_tokens, cache_read_input_tokens, output_tokens } = reply.usage as Record<string, number>;
      assert.deepEqual([input_tokens, cache_read_input_tokens, output_tokens], [10, 100, 40]);
      const { body } = stack.last();
      assert.deepEqual(plain(body.messages), messages);
      assert.equal(body.system?.at(-1)?.text, "You are terse.");
      assert.deepEqual(
        body.tools?.map(({ name, description, input_schema }) => ({ name, description, input_schema })),
        tools.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
      );
      assert.ok(JSON.stringify(body).includes("cache_control"), "prompt caching stays on");
      assert.equal(stack.api.requests.length, asked + 1);
    });

    test("a first message with an image arrives as it is, and so does the next one", async () => {
      const first: Turn = { role: "user", content: [{ type: "text", text: "/cost @x see" }, image] };
      const reply = await stack.ask([first]);
      assert.deepEqual(plain(stack.last().body.messages), [first]);
      const session = stack.last().headers["x-claude-code-session-id"];
      await until("the process waits", async () => (await stack.router.busySlots(model)) === 0);
      const conversation = [first, assistant(reply), say("/help and now?")];
      await stack.ask(conversation);
      assert.deepEqual(plain(stack.last().body.messages), conversation);
      assert.equal(stack.last().headers["x-claude-code-session-id"], session, "the same process");
    });

    test("limit and effort arrive", async () => {
      const more = { max_tokens: 777, thinking: { type: "adaptive" }, output_config: { effort: "max" } };
      await stack.ask([say("one")], more);
      const { body } = stack.last();
      assert.deepEqual([body.max_tokens, body.output_config?.effort], [777, "max"]);
    });

    test("a loop of tools goes on in the process that waits for the results", async () => {
      playTools();
      const answer = await stack.stream([say("weather?")], { tools });
      const frames = await answer.rest();
      assert.ok(deltas(frames, "input_json").length > 2, "arguments come piece by piece");
      const reply = await stack.ask([say("weather?")], { tools });
      assert.deepEqual(reply.content, asked);
      const session = stack.last().headers["x-claude-code-session-id"];
      const results = [result("toolu_b", "y".repeat(200_000)), result("toolu_a", "sunny")];
      const done = await stack.ask([say("weather?"), assistant(reply), { role: "user", content: results }], { tools });
      assert.deepEqual(done.content, [{ type: "text", text: "Done." }]);
      assert.equal(stack.last().headers["x-claude-code-session-id"], session, "the same process");
      const [first, answered, news] = plain(stack.last().body.messages);
      assert.deepEqual([first, answered], [say("weather?"), { role: "assistant", content: asked }]);
      const given = news?.content as readonly Block[];
      assert.deepEqual(order(given), order(results), "each result whole, and nothing beside them");
    });

    test("a loop of tools goes on from its history when its results are not what a process can be given", async () => {
      playTools();
      const reply = await stack.ask([say("weather?")], { tools });
      const session = stack.last().headers["x-claude-code-session-id"];
      const seen = { type: "tool_result", tool_use_id: "toolu_b", content: [image] };
      const results: Turn = { role: "user", content: [result("toolu_a", "sunny"), seen] };
      const conversation = [say("weather?"), assistant(reply), results];
      const done = await stack.ask(conversation, { tools });
      assert.deepEqual(done.content, [{ type: "text", text: "Done." }]);
      assert.notEqual(stack.last().headers["x-claude-code-session-id"], session);
      assert.deepEqual(plain(stack.last().body.messages), conversation);
    });

    test("a JSON schema is answered in text", async () => {
      stack.api.play(() => ({ blocks: [call("toolu_s", "StructuredOutput", { a: 1 })], stop: "tool_use" }));
      const properties = { a: { type: "number" } };
      const schema = { type: "object", properties, required: ["a"], additionalProperties: false };
      const reply = await stack.ask([say("one")], { output_config: { format: { type: "json_schema", schema } } });
      assert.deepEqual([reply.content, reply.stop_reason], [[{ type: "text", text: '{"a":1}' }], "end_turn"]);
      assert.deepEqual(stack.last().body.tools?.[0]?.input_schema, schema);
    });

    test("an answer at its limit ends; where Claude Code is quick to ask for more, that is cut off", async () => {
      const before = stack.api.requests.length;
      const never = new Promise<void>(() => {});
      stack.api.play(() =>
        stack.api.requests.length > before + 1
          ? { blocks: [words("on")], hold: never }
          : { blocks: [words("cut")], stop: "max_tokens" },
      );
      const reply = await stack.ask([say("long")]);
      assert.deepEqual([reply.content, reply.stop_reason], [[{ type: "text", text: "cut" }], "max_tokens"]);
      for (const { left } of stack.api.requests.slice(before + 1)) await within(1000, "it is cut off", left);
    });

    test("every public format gets the answer", async () => {
      stack.api.play(() => ({ blocks: [words("Fine.")] }));
      const body = { model: "claude-code/sonnet", input: "hi", messages: [{ role: "user", content: "hi" }] };
      for (const path of ["/v1/chat/completions", "/v1/responses", "/v1/messages"]) {
        const { input, messages, model } = body;
        const asked = path.endsWith("responses") ? { model, input } : { model, messages, max_tokens: 100 };
        const response = await stack.router.post(path, asked);
        assert.match(await response.text(), /Fine\./, path);
      }
    });

    function playTools(): void {
      stack.api.play(({ messages }) =>
        isSecond(messages)
          ? { blocks: [words("Done.")] }
          : {
              blocks: [
                words("I ", "look."),
                call("toolu_a", "weather", { city: "Bonn" }),
                call("toolu_b", "Bash", { city: "Rom" }),
              ],
              stop: "tool_use",
            },
      );
    }

    test("a loop of tools goes on from its history when the process has waited long enough", async () => {
      await using brief = await startCliStack(adapter);
      const worker = await brief.startCli({ ANTHROPIC_API_KEY: apiKey }, "--park-timeout", "1", "--warm", "0");
      brief.api.play(({ messages }) =>
        isSecond(messages)
          ? { blocks: [words("Done.")] }
          : { blocks: [call("toolu_a", "weather", { city: "Bonn" })], stop: "tool_use" },
      );
      const reply = await brief.ask([say("weather?")], { tools });
      const { headers, body } = brief.last();
      assert.equal((await listDescendants(worker.pid)).length, 1, "it waits");
      await until("the process is given up", async () => (await listDescendants(worker.pid)).length === 0);
      const conversation = [say("weather?"), assistant(reply), user(result("toolu_a", "sunny"))];
      const done = await brief.ask(conversation, { tools });
      assert.deepEqual(done.content, [{ type: "text", text: "Done." }]);
      assert.deepEqual(plain(brief.last().body.messages), conversation);
      assert.deepEqual(brief.last().body.tools, body.tools);
      const session = "x-claude-code-session-id";
      assert.notEqual(brief.last().headers[session], headers[session]);
    });

    test("Claude Code's own tools are off, but for those that are allowed by name, and these stay inside the answer", async () => {
      stack.api.play(() => ({ blocks: [words("Fine.")] }));
      await stack.ask([say("tools?")]);
      assert.deepEqual(stack.last().body.tools ?? [], []);
      await using open = await startCliStack(adapter);
      await open.startCli({ ANTHROPIC_API_KEY: apiKey }, "--allow-tool", "Read");
      open.api.play(({ messages }) =>
        isSecond(messages)
          ? { blocks: [words("I have ", "read it.")] }
          : {
              blocks: [words("One moment. "), call("toolu_r", "Read", { file_path: "/etc/hostname" })],
              stop: "tool_use",
            },
      );
      const reply = await open.ask([say("read")]);
      const texts = ["One moment. ", "I have read it."].map((text) => ({ type: "text", text }));
      assert.deepEqual([reply.content, reply.stop_reason], [texts, "end_turn"]);
      const { tools: given, messages } = open.last().body;
      assert.deepEqual(
        given?.map(({ name }) => name),
        ["Read"],
      );
      assert.match(JSON.stringify(messages.at(-1)), /tool_result/);
    });
  });
}

const asked = [
  { type: "text", text: "I look." },
  { type: "tool_use", id: "toolu_a", name: "weather", input: { city: "Bonn" } },
  { type: "tool_use", id: "toolu_b", name: "Bash", input: { city: "Rom" } },
];

function result(tool_use_id: string, text: string): Block {
  return { type: "tool_result", tool_use_id, content: [{ type: "text", text }] };
}

function user(...content: readonly Block[]): Turn {
  return { role: "user", content };
}

function order(results: readonly Block[]): object[] {
  const plainly = results.map(({ type, tool_use_id: id, content }) => ({ type, id: String(id), content }));
  return plainly.toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

/** Without what Claude Code marks: for the cache, and the effort of a turn, in a turn of the system's without content. */
function plain(turns: readonly Turn[]): Turn[] {
  const said = turns.filter(({ role, content }) => role !== "system" || content.length > 0);
  return said.map(({ role, content }) => {
    if (typeof content === "string") return { role, content };
    return { role, content: content.map(({ cache_control: _mark, ...block }) => block as Block) };
  });
}
