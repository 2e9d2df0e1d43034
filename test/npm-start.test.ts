// The one command of the README and what it prints: copied as it stands, it works.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, readFile, rm } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { demoScripts } from "../packages/workers/src/gpu/models/script-model.ts";
import { begin, openaiApi, type Target } from "./harness/apis.ts";
import { isAlive, listChildren, runProgram, startProgram, type Program } from "./harness/program.ts";
import { makeDirectory } from "./harness/stack.ts";
import { within } from "./harness/until.ts";

const runCommand = promisify(execFile);

/** `npm start -- --threads=1` in `directory`, as npm runs it; resolves when the banner is complete. */
async function start(directory: string): Promise<{ readonly program: Program; readonly url: string }> {
  const program = startProgram(["scripts/run.js", "start", "--threads=1"], {
    cwd: directory,
    ipc: false,
    env: { AUXOT_PORT: "0", AUXOT_WORKER_MODELS_DIR: path.join(directory, "models") },
  });
  try {
    const [, url = ""] = await program.said(/Auxot is ready: (\S+)/);
    await program.said(/OPENAI_BASE_URL=.*\n/);
    return { program, url };
  } catch (error) {
    await program[Symbol.asyncDispose]();
    throw error;
  }
}

/** All processes below `pid`. */
async function listDescendants(pid: number): Promise<number[]> {
  const children = await listChildren(pid);
  return [...children, ...(await Promise.all(children.map(listDescendants))).flat()];
}

/** The curl commands of a banner, each with its continued lines. */
function findCurls(banner: string): string[] {
  return banner.match(/^ *curl (?:.*\\\n)*.*$/gm) ?? [];
}

function runShell(command: string, env: Readonly<Record<string, string>> = {}): Promise<{ readonly stdout: string }> {
  return runCommand("sh", ["-c", command], { env: { PATH: process.env["PATH"], ...env } });
}

function runAuxot(args: readonly string[], env: Readonly<Record<string, string>>): ReturnType<typeof runProgram> {
  return runProgram(["packages/cli/src/main.ts", ...args], { ipc: false, env });
}

let directory: Awaited<ReturnType<typeof makeDirectory>>;
let first: Awaited<ReturnType<typeof start>>;
let key = "";
before(async () => {
  directory = await makeDirectory();
  first = await start(directory.path);
  [key = ""] = /axk_\w+/.exec(first.program.out()) ?? [];
});
after(async () => {
  await first.program[Symbol.asyncDispose]();
  await directory[Symbol.asyncDispose]();
});

test("the banner tells where it is, what the model is, and a key", () => {
  const banner = first.program.out();
  assert.match(banner, /Auxot is ready: http:\/\/127\.0\.0\.1:\d+\n {2}Model: auxot-demo \(Demo model/);
  assert.match(banner, /Your key, shown only this once:\n {4}axk_\w{49}\n/);
  assert.match(banner, new RegExp(`ANTHROPIC_BASE_URL=${first.url} ANTHROPIC_AUTH_TOKEN=${key} `));
});

test("the curl lines of the banner work as they stand, and stream", async () => {
  const curls = findCurls(first.program.out());
  assert.equal(curls.length, 2);
  const [openai, anthropic] = await Promise.all(curls.map((command) => runShell(command)));
  assert.ok((openai?.stdout.match(/^data: \{/gm)?.length ?? 0) > 20);
  assert.match(openai?.stdout ?? "", /\ndata: \[DONE\]\n\n$/);
  assert.match(anthropic?.stdout ?? "", /^event: message_start\n[^]*event: message_stop\ndata: .*\n\n$/);
});

test("auxot verify passes with that key, over both APIs", async () => {
  const said = await runAuxot(["verify"], { AUXOT_URL: first.url, AUXOT_KEY: key });
  assert.equal(said.code, 0, said.out + said.err);
  assert.equal(said.out.match(/✓/g)?.length, 5);
  assert.match(said.out, new RegExp(demoScripts.reply.slice(0, 40)));
  const json = await runAuxot(["verify", "--json", "--url", first.url, "--key", key, "--model", "gpu/auxot-demo"], {});
  const { isGood, checks } = JSON.parse(json.out) as { isGood: boolean; checks: { name: string; route?: string }[] };
  assert.equal(isGood, true);
  assert.equal(checks.filter(({ route }) => route?.startsWith("tier=gpu")).length, 2);
});

test("auxot verify fails with a wrong key and where no router is", async () => {
  const wrong = await runAuxot(["verify", "--url", first.url], { AUXOT_KEY: `${key.slice(0, -1)}?` });
  assert.equal(wrong.code, 1);
  assert.match(wrong.out, /✗ models/);
  const nowhere = await runAuxot(["verify", "--url", "http://127.0.0.1:9"], { AUXOT_KEY: key });
  assert.equal(nowhere.code, 1);
  assert.match(nowhere.out, /✗ health/);
});

test("keys are made, listed, used and revoked at once by the command line, and the worker is listed", async () => {
  const env = { AUXOT_URL: first.url, AUXOT_KEY: key };
  const made = await runAuxot(["keys", "create", "--name", "laptop", "--json"], env);
  const laptop = JSON.parse(made.out) as { readonly id: string; readonly key: string };
  const models = (): Promise<Response> => fetch(`${first.url}/v1/models`, { headers: { "x-api-key": laptop.key } });
  assert.equal((await models()).status, 200);
  assert.match((await runAuxot(["keys", "list"], env)).out, new RegExp(`${laptop.id} +laptop +caller .* active`));
  assert.equal((await runAuxot(["keys", "revoke", laptop.id], env)).code, 0);
  assert.equal((await models()).status, 401);
  assert.match((await runAuxot(["workers"], env)).out, /online +gpu +gpu +auxot-demo +0\/4 +\d s ago/);
});

test("a first start that fails, as when its port is taken, has shown the key by then", async () => {
  await using other = await makeDirectory();
  const env = { AUXOT_PORT: new URL(first.url).port, AUXOT_DATA_DIR: other.path };
  const said = await runProgram(["packages/server/src/main.ts"], { ipc: false, env });
  assert.equal(said.code, 1);
  assert.match(said.err, /Port \d+ on 127\.0\.0\.1 is taken by another program/);
  assert.match(said.out, /Your key, shown only this once:\n {4}axk_\w{49}\n/);
});

test("a signal for npm alone, as service managers and containers send it, stops the router too", async () => {
  await using other = await makeDirectory();
  const env = { AUXOT_PORT: "0", AUXOT_DATA_DIR: other.path };
  await using npm = startProgram(["start", "--", "--no-worker"], { command: "npm", ipc: false, env });
  await npm.said(/Auxot is ready/);
  const processes = await listDescendants(npm.pid);
  npm.signal("SIGTERM");
  try {
    assert.deepEqual(await within(10_000, "it stopped", npm.exited), { code: 0, signal: null });
  } finally {
    for (const pid of processes.filter(isAlive)) process.kill(pid, "SIGKILL");
  }
});

test("Ctrl-C stops every process with exit code 0, and the next start shows no key but takes the old one", async () => {
  const processes = await listDescendants(first.program.pid);
  assert.ok(processes.length >= 4, "router, Postgres, worker and engine");
  first.program.signal("SIGINT");
  assert.deepEqual(await within(10_000, "it stopped", first.program.exited), { code: 0, signal: null });
  assert.deepEqual(processes.filter(isAlive), []);

  const { program, url } = await start(directory.path);
  await using second = program;
  const banner = second.out();
  assert.doesNotMatch(banner, /axk_/);
  assert.match(banner, /Use the key from the first start as AUXOT_KEY/);
  for (const command of findCurls(banner)) {
    assert.match((await runShell(command, { AUXOT_KEY: key })).stdout, /\[DONE\]|message_stop/);
  }
  const post: Target["post"] = (where, body) =>
    fetch(url + where, { method: "POST", headers: { "x-api-key": key }, body: JSON.stringify(body) });
  const stream = await begin({ post }, openaiApi, { text: "LOOP", maxTokens: 3000 });
  second.signal("SIGINT");
  await second.said(/Stopping: running requests may finish/);
  const answer = await stream.rest();
  assert.deepEqual([answer.usage.output, answer.isComplete], [3000, true], "a running answer is finished first");
  assert.deepEqual(await within(5000, "it stopped", second.exited), { code: 0, signal: null });
});

const needsRoot = process.getuid?.() === 0 ? {} : { skip: "only root can be where nobody else may enter" };

test("root can start it in a directory that only root may enter", needsRoot, async () => {
  await using closed = await makeDirectory();
  await chmod(closed.path, 0o700);
  const { program, url } = await start(closed.path);
  const pointer = path.join(closed.path, ".auxot/postgres-directory.txt");
  const [, outside = ""] = (await readFile(pointer, "utf8")).split("\n");
  try {
    const [command = ""] = findCurls(program.out());
    assert.match((await runShell(command)).stdout, /\[DONE\]/);
    assert.match(program.err(), new RegExp(`the database is kept in ${outside}`));
    assert.equal((await fetch(`${url}/api/ready`)).status, 200);
  } finally {
    await program[Symbol.asyncDispose]();
    await rm(outside, { recursive: true });
  }
});
