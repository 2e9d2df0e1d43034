// The real Claude Code as processes of a worker, offline: several at once, cancelled, killed, kept apart, and gone at the end.

import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { openSandbox } from "../../packages/workers/src/cli/sandbox.ts";
import { isAlive, type Program } from "../harness/program.ts";
import { until, within } from "../harness/until.ts";
import {
  adapters,
  apiKey,
  deltas,
  listDescendants,
  model,
  nameOf,
  say,
  startCliStack,
  type CliStack,
} from "./cli-stack.ts";
import { call, isSecond, words, type Answer, type MessagesBody } from "./scripted-messages.ts";

const oauthToken = "sk-ant-oat01-secret-of-the-subscription";
const bearerToken = "secret-bearer-of-a-gateway";
/** An answer that does not end by itself. */
const talk = (): Answer => ({ blocks: [words(..."abcdefghij".repeat(200))], pauseMs: 30 });
const fine = (): Answer => ({ blocks: [words("Fine.")] });
const worksInBubblewrap = openSandbox("bubblewrap") !== undefined;

for (const adapter of adapters) {
  describe(`processes of Claude Code by ${nameOf[adapter]}`, () => {
    let stack: CliStack;
    let worker: Program;
    before(async () => {
      stack = await startCliStack(adapter);
      worker = await stack.startCli({ ANTHROPIC_API_KEY: apiKey, HF_TOKEN: "hf_other_secret" }, "--slots", "6");
    });
    after(() => stack[Symbol.asyncDispose]());

    test("six answers run at once, each in a process of its own", async () => {
      const hold = Promise.withResolvers<void>();
      stack.api.play(({ messages }) => ({
        blocks: [words("It is ", JSON.stringify(messages[0]?.content).match(/n\d/)?.[0] ?? "")],
        hold: hold.promise,
      }));
      const before = stack.api.requests.length;
      const numbers = [1, 2, 3, 4, 5, 6];
      const replies = Promise.all(numbers.map((n) => stack.ask([say(`n${n}`)])));
      await until("all of them are asked", () => stack.api.requests.length === before + 6, 20_000);
      assert.ok(stack.api.requests.slice(before).every((request) => !request.isAnswered()));
      hold.resolve();
      assert.deepEqual(
        (await replies).map(({ content }) => content),
        numbers.map((n) => [{ type: "text", text: `It is n${n}` }]),
      );
      const sessions = stack.api.requests.slice(before).map(({ headers }) => headers["x-claude-code-session-id"]);
      assert.equal(new Set(sessions).size, 6);
    });

    test("a caller who leaves closes the API's connection within a second, and the next one finds a started process", async () => {
      stack.api.play(talk);
      const answer = await stack.stream([say("talk")]);
      const { left } = stack.last();
      answer.leave();
      await within(1000, "the API's connection is closed", left);
      await until("the slot is free", async () => (await stack.router.busySlots(model)) === 0, 1000);
      await until("a process is warm", async () => (await listDescendants(worker.pid)).length > 0);
      const started = await listDescendants(worker.pid);
      const hold = Promise.withResolvers<void>();
      stack.api.play(() => ({ ...fine(), hold: hold.promise }));
      const next = await stack.stream([say("next")]);
      const running = await listDescendants(worker.pid);
      assert.ok(running.some((pid) => started.includes(pid)));
      hold.resolve();
      assert.deepEqual(deltas(await next.rest(), "text"), ["Fine."]);
    });

    test("a process that is killed ends its own answer with an error, and no other", async () => {
      await using single = await startCliStack(adapter);
      const { pid } = await single.startCli({ ANTHROPIC_API_KEY: apiKey }, "--warm", "0");
      const hold = Promise.withResolvers<void>();
      single.api.play(() => ({ blocks: [words("one ", "two")], hold: hold.promise }));
      const first = await single.stream([say("first")]);
      const [victim] = await listDescendants(pid);
      assert.ok(victim !== undefined);
      const second = await single.stream([say("second")]);
      assert.equal((await listDescendants(pid)).length, 2);
      process.kill(victim, "SIGKILL");
      assert.match(await first.rest(), /event: error\n.*Claude Code ended by SIGKILL/);
      hold.resolve();
      assert.deepEqual(deltas(await second.rest(), "text"), ["one ", "two"]);
      single.api.play(fine);
      assert.deepEqual((await single.ask([say("next")])).content, [{ type: "text", text: "Fine." }]);
    });

    for (const [variable, value, header] of [
      ["ANTHROPIC_API_KEY", apiKey, "x-api-key"],
      ["CLAUDE_CODE_OAUTH_TOKEN", oauthToken, "authorization"],
      ["ANTHROPIC_AUTH_TOKEN", bearerToken, "authorization"],
    ] as const) {
      test(`with ${variable}, no secret and no word of a conversation is in any process's environment, arguments or files`, async () => {
        await using guarded = await startCliStack(adapter);
        const program = await guarded.startCli({ [variable]: value, HF_TOKEN: "hf_other_secret" });
        guarded.api.play(talk);
        const answer = await guarded.stream([say("TOPSECRET")], { system: "TOPSECRET" });
        assert.ok(String(guarded.last().headers[header]).endsWith(value), "the account is used");
        const processes = await until("one answers and one is warm", async () => {
          const found = await listDescendants(program.pid);
          return found.length >= 2 && found;
        });
        const hidden = [guarded.workerKey, value, "hf_other_secret", "TOPSECRET"];
        for (const pid of processes) {
          const seen = ["environ", "cmdline"].map((file) => readFileSync(`/proc/${pid}/${file}`, "utf8")).join("\n");
          for (const secret of [...hidden, "AUXOT"]) assert.ok(!seen.includes(secret), secret);
        }
        const said = program.out() + program.err();
        for (const secret of hidden) assert.ok(!said.includes(secret), secret);
        const told = listTold(guarded);
        assert.ok(
          told.some((text) => text.includes("TOPSECRET")),
          "the conversation is in a file of its process",
        );
        for (const text of told) assert.ok(!text.includes(value), "its own tools cannot read the credential");
        answer.leave();
      });
    }

    for (const [variable, value] of [
      ["ANTHROPIC_API_KEY", apiKey],
      ["CLAUDE_CODE_OAUTH_TOKEN", oauthToken],
    ] as const) {
      test(`with ${variable}, an allowed Bash finds no credential`, async () => {
        await using open = await startCliStack(adapter);
        await open.startCli({ [variable]: value }, "--allow-tool", "Bash");
        const command = "env; cat ../credential /proc/self/fd/3; tr '\\0' '\\n' < /proc/$PPID/environ; echo looked";
        open.api.play(useTool("Bash", { command, description: "Looks for it." }));
        await open.ask([say("look")]);
        const told = JSON.stringify(open.last().body.messages);
        assert.match(told, /CLAUDE_CONFIG_DIR=[^]*looked/);
        assert.ok(!told.includes(value) && !told.includes(open.workerKey));
      });
    }

    test("a worker that stops finishes its answer first, and leaves no process and no file", async () => {
      await using stopping = await startCliStack(adapter);
      const program = await stopping.startCli({ ANTHROPIC_API_KEY: apiKey });
      const hold = Promise.withResolvers<void>();
      stopping.api.play(() => ({ blocks: [words("one ", "two")], hold: hold.promise }));
      const answer = await stopping.stream([say("talk")]);
      const processes = await listDescendants(program.pid);
      program.signal("SIGTERM");
      await program.said(/stopping/);
      hold.resolve();
      assert.deepEqual(deltas(await answer.rest(), "text"), ["one ", "two"]);
      assert.equal((await program.exited).code, 0);
      assert.deepEqual(processes.filter(isAlive), []);
      assert.deepEqual(listScratch(stopping), []);
    });

    test("processes of a worker that is killed end by themselves, and the next worker removes what it left", async () => {
      await using killed = await startCliStack(adapter);
      const program = await killed.startCli({ ANTHROPIC_API_KEY: apiKey });
      const hold = Promise.withResolvers<void>();
      killed.api.play(() => ({ ...fine(), hold: hold.promise }));
      await killed.stream([say("talk")]);
      const processes = await listDescendants(program.pid);
      program.signal("SIGKILL");
      await program.exited;
      hold.resolve();
      await until("its processes have ended", () => processes.filter(isAlive).length === 0);
      const left = listScratch(killed);
      assert.equal(left.length, 1);
      killed.api.play(fine);
      const next = await killed.startCli({ ANTHROPIC_API_KEY: apiKey });
      assert.ok(!listScratch(killed).includes(left[0] ?? ""));
      await next[Symbol.asyncDispose]();
    });

    test(
      "in bubblewrap an answer is the same, and the agent's own tools see none of this machine's files",
      { skip: !worksInBubblewrap && "bubblewrap does not work here" },
      async () => {
        await using caged = await startCliStack(adapter);
        const sandbox = ["--sandbox", "bubblewrap", "--allow-tool", "Read"];
        const program = await caged.startCli({ ANTHROPIC_API_KEY: apiKey }, ...sandbox);
        const file = path.join(caged.temporary, "private.txt");
        writeFileSync(file, "of this machine");
        caged.api.play(useTool("Read", { file_path: file }));
        const reply = await caged.ask([say("read")]);
        assert.deepEqual(reply.content, [{ type: "text", text: "Done." }]);
        const told = JSON.stringify(caged.last().body.messages);
        assert.match(told, /does not exist/);
        assert.ok(!told.includes("of this machine"));
        program.signal("SIGTERM");
        assert.equal((await program.exited).code, 0);
        assert.deepEqual(listScratch(caged), []);
      },
    );
  });
}

function useTool(name: string, input: object): (body: MessagesBody) => Answer {
  return ({ messages }) =>
    isSecond(messages) ? { blocks: [words("Done.")] } : { blocks: [call("toolu_r", name, input)], stop: "tool_use" };
}

/** The files of processes that have a conversation. */
function listTold(stack: CliStack): string[] {
  const roots = listScratch(stack).map((name) => path.join(stack.temporary, name));
  const all = roots.flatMap((root) => readdirSync(root).map((name) => path.join(root, name)));
  return all.flatMap((directory) => {
    const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
    if (!files.some(({ name }) => name === "session.jsonl")) return [];
    return files.map(({ parentPath, name }) => readFileSync(path.join(parentPath, name), "utf8"));
  });
}

function listScratch({ temporary }: CliStack): string[] {
  return readdirSync(temporary).filter((name) => name.startsWith("auxot-cli-"));
}
