import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { allOperations } from "@auxot/wire/operations/all";
import { toCommandName } from "@auxot/wire/operations/describe";
import { runForTest } from "./scripted-router.ts";

let folder: string;
before(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "auxot-completion-"));
  for (const shell of ["bash", "zsh", "fish"]) {
    const { code, out } = await runForTest(["completion", shell], "http://unused", null);
    assert.equal(code, 0);
    writeFileSync(path.join(folder, shell), out);
  }
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** What bash offers for the last of `words`. */
function complete(...words: readonly string[]): readonly string[] {
  const script =
    `. '${path.join(folder, "bash")}'; cd '${folder}'; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); ` +
    'complete -p auxot >/dev/null || exit 3; _auxot; printf "%s\\n" "${COMPREPLY[@]}"';
  const { stdout, stderr, status } = spawnSync("bash", ["--norc", "-uc", script, "auxot", ...words], {
    encoding: "utf8",
  });
  assert.deepEqual([status, stderr], [0, ""]);
  return stdout.split("\n").filter((line) => line !== "");
}

test("bash completes nouns, verbs, options and the values of options", () => {
  assert.deepEqual(complete("auxot", "ke"), ["keys"]);
  assert.deepEqual(complete("auxot", "keys", "cr"), ["create"]);
  assert.deepEqual(complete("auxot", "keys", "create", "--na"), ["--name"]);
  assert.deepEqual(complete("auxot", "keys", "create", "--name", "list", "--kind", ""), ["caller", "worker"]);
  assert.deepEqual(complete("auxot", "keys", "create", "--kind", "=", "wo"), ["worker"]);
  assert.deepEqual(complete("auxot", "keys", "create", "--kind", "="), ["caller", "worker"]);
  assert.deepEqual(complete("auxot", "keys", "create", "--name", ""), [], "a name is anything");
  assert.deepEqual(complete("auxot", "--url", "keys", "work"), ["workers"], "the value of an option is no noun");
  assert.deepEqual(complete("auxot", "completion", ""), ["bash", "zsh", "fish", "--url", "--key", "--json", "--help"]);
});

test("bash completes every command", () => {
  for (const operation of allOperations) {
    const words = toCommandName(operation).split(" ");
    const last = words.at(-1) ?? "";
    assert.ok(complete("auxot", ...words.slice(0, -1), last.slice(0, -1)).includes(last), operation.name);
  }
});

for (const shell of ["zsh", "fish"] as const) {
  const isThere = spawnSync(shell, ["--version"]).status === 0;
  test(
    `${shell} reads its completion without complaint`,
    { skip: isThere ? false : `${shell} is not installed` },
    () => {
      const file = path.join(folder, shell);
      const commands = { zsh: `autoload -Uz compinit && compinit -u -D && . '${file}'`, fish: `source '${file}'` };
      const { status, stderr } = spawnSync(shell, shell === "zsh" ? ["-fc", commands.zsh] : ["-Nc", commands.fish], {
        encoding: "utf8",
        env: { ...process.env, HOME: folder },
      });
      assert.deepEqual([status, stderr], [0, ""]);
    },
  );
}

/** What fish offers at the end of a line. */
function askFish(line: string): readonly string[] {
  const script = `source '${path.join(folder, "fish")}'; complete -C '${line}'`;
  const { stdout } = spawnSync("fish", ["-Nc", script], { encoding: "utf8", env: { ...process.env, HOME: folder } });
  return stdout.split("\n").flatMap((row) => row.split("\t")[0] || []);
}

test("fish completes nouns, verbs and values", { skip: spawnSync("fish", ["--version"]).status !== 0 }, () => {
  assert.deepEqual(askFish("auxot ke"), ["keys"]);
  assert.deepEqual(askFish("auxot keys cr"), ["create"]);
  assert.deepEqual(askFish("auxot keys create --kind "), ["caller", "worker"]);
});

test("another shell is named with those there are", async () => {
  const { code, err } = await runForTest(["completion", "tcsh"], "http://unused", null);
  assert.equal(code, 2);
  assert.match(err, /^"tcsh" is none of bash, zsh, fish\.\n/);
});
