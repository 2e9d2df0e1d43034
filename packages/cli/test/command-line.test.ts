import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import path from "node:path";
import { test } from "node:test";
import { allOperations } from "@auxot/wire/operations/all";
import { toCommandName } from "@auxot/wire/operations/describe";
import { examples } from "../src/examples.ts";
import { runForTest } from "./scripted-router.ts";

function run(...args: string[]) {
  return runForTest(args, "http://unused", "axk_test");
}

test("help lists the commands and the nouns, each noun and each command has its page", async () => {
  const { code, out } = await run("--help");
  assert.equal(code, 0);
  assert.match(out, /^npx auxot NOUN VERB \[options\]\n\n {2}verify .*\n/m);
  assert.match(out, /^ {2}keys +create, list, .*revoke$/m);
  assert.deepEqual(await run("help"), { code, out, err: "" });
  const keys = (await run("keys", "--help")).out;
  assert.match(keys, /^ {2}keys revoke ID +Revoke a key by its id\.$/m);
  assert.doesNotMatch(keys, /verify/);
  assert.deepEqual(await run("help", "keys"), { code, out: keys, err: "" });
  assert.match((await run("verify", "--help")).out, /--model MODEL +Which model to ask/);
  const create = (await run("keys", "create", "-h")).out;
  assert.match(create, /^npx auxot keys create --name NAME \[options\]\n\nCreate a key\. /);
  assert.match(create, /^ {2}--name NAME +What to call it in lists; required$/m);
  assert.match(create, /^ {2}--kind caller\|worker +Callers use models, workers bring them; default:$/m);
  assert.doesNotMatch(create, /--no-admin/);
});

test("every operation is a command, with a page of its own that fits a terminal of 80 columns", async () => {
  const first = (await run("--help")).out;
  for (const operation of allOperations) {
    const words = toCommandName(operation).split(" ");
    const { code, out } = await run(...words, "--help");
    assert.equal(code, 0, operation.name);
    assert.ok(out.replaceAll("\n", " ").includes(operation.summary), operation.name);
    const [made = ""] = out.split("\nFor example\n");
    for (const line of made.split("\n")) assert.ok(line.length <= 80, line);
    const isListed = first.includes(`\n  ${words[0]} `);
    assert.equal(isListed, words[0] !== "configuration", `${operation.name} on the first page`);
  }
  for (const line of first.split("\n")) assert.ok(line.length <= 80, line);
});

test("every example of the help pages is a command that can be run", async () => {
  for (const [name, lines] of Object.entries(examples)) {
    for (const line of lines) {
      const command = /npx auxot (?<words>[^|>)]*)/.exec(line)?.groups?.["words"] ?? "";
      const words = command
        .replaceAll("\\\n", "")
        .split(/\s+/)
        .filter((word) => word !== "");
      const given = words.map((word) => word.replaceAll("'", "").replace("key_…", "key_1").replace("tem_…", "tem_1"));
      const { code, err } = await run(...given, "--url", "http://127.0.0.1:9");
      assert.ok(line.includes(`auxot ${name.replace(".", " ")} `), line);
      assert.equal(code, 1, `${line}: ${err}`);
      assert.match(err, /is the router running|no file -/, line);
    }
  }
});

test("a mistyped command or option is answered with the near one, exit code 2", async () => {
  assert.deepEqual(await run("verfy"), {
    code: 2,
    out: "",
    err: 'There is no command "verfy". Did you mean "auxot verify"?\n`npx auxot --help` says more.\n',
  });
  assert.match((await run("keys", "lst")).err, /^There is no command "keys lst"\. Did you mean "auxot keys list"\?/);
  assert.match((await run("keys", "lst")).err, /`npx auxot keys --help` says more\.\n$/);
  assert.match((await run("worker")).err, /Did you mean "auxot workers"\?/);
  assert.match((await run("xyzzy")).err, /^There is no command "xyzzy"\.\n/);
  assert.deepEqual(await run("keys", "create", "--nam", "a"), {
    code: 2,
    out: "",
    err: "There is no option --nam. Did you mean --name?\n`npx auxot keys create --help` says more.\n",
  });
});

test("what is missing or too much is named", async () => {
  assert.match((await run("keys", "create")).err, /^--name NAME is missing\.\n/);
  assert.match((await run("keys", "revoke")).err, /^ID is missing\.\n/);
  assert.match((await run("keys", "list", "all")).err, /^"all" is one word too many\.\n/);
  assert.match((await run("--json")).err, /^"--json" needs a command before it\.\n/);
  assert.match((await run("workers", "--url", "nowhere")).err, /^"nowhere" is not the address of a router/);
});

test("what every command has may stand before the command too", async () => {
  assert.match((await run("--url", "nowhere", "--json", "workers", "list")).out, /"nowhere\\" is not the address/);
  assert.match((await run("--url=nowhere", "usage")).err, /^"nowhere" is not the address/, "and a noun alone asks");
  assert.match((await run("--name", "x", "keys", "create")).err, /^"--name" needs a command before it\./);
});

test("a reader that has seen enough ends it without a word", () => {
  const bin = path.join(import.meta.dirname, "../src/main.ts");
  const command = `{ '${process.execPath}' '${bin}' --help; echo "code $?" >&2; } | true`;
  const { stderr } = spawnSync("sh", ["-c", command], { encoding: "utf8" });
  assert.equal(stderr, "code 0\n");
});

test("it says its version", async () => {
  const said = await run("--version");
  assert.match(said.out, /^\d+\.\d+\.\d+\n$/);
  assert.deepEqual(await run("-v"), said);
});

test("the program itself starts and keeps its exit code", () => {
  const bin = path.join(import.meta.dirname, "../src/main.ts");
  const { status, stderr } = spawnSync(process.execPath, [bin, "keys", "revoke"], { encoding: "utf8" });
  assert.deepEqual([status, stderr], [2, "ID is missing.\n`npx auxot keys revoke --help` says more.\n"]);
});
