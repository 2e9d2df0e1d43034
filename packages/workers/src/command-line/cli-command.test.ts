import assert from "node:assert/strict";
import { test } from "node:test";
import { createKeyText } from "@auxot/wire/key-format";
import { readCommand } from "../config.ts";
import type { CliConfig } from "./cli-command.ts";

const environment = {
  AUXOT_WORKER_KEY: createKeyText("worker"),
  AUXOT_ROUTER_URL: "http://127.0.0.1:8080",
  PATH: "/bin",
  HTTPS_PROXY: "http://proxy:3128",
  HF_TOKEN: "hf_x",
};

function readCli(arguments_: readonly string[], more: Readonly<Record<string, string>> = {}): CliConfig {
  const command = readCommand(["cli", ...arguments_], { ...environment, ...more });
  assert.ok(command.kind === "cli", JSON.stringify(command));
  return command.config;
}

function readProblems(arguments_: readonly string[]): string {
  const command = readCommand(["cli", ...arguments_], environment);
  return command.kind === "problems" ? command.problems.join("\n") : "";
}

test("needs only a router and a key; models are offered under the agent's name", () => {
  const { agent, slots, warm } = readCli([], { ANTHROPIC_API_KEY: "sk-ant-api03-x" });
  assert.deepEqual(
    agent.models.map(({ id, name }) => [id, name]),
    [
      ["claude-code/opus", "opus"],
      ["claude-code/sonnet", "sonnet"],
      ["claude-code/haiku", "haiku"],
    ],
  );
  assert.deepEqual([agent.executable, agent.adapter, agent.sandbox, slots, warm], ["claude", "auto", "auto", 4, 1]);
  assert.deepEqual(agent.accounts, [{ name: "default", environment: { ANTHROPIC_API_KEY: "sk-ant-api03-x" } }]);
});

test("the agent gets paths, locale and proxies of ours, no secrets, and what is named", () => {
  const { agent } = readCli(["--pass-env", "TEAM"], { TEAM: "a", LC_ALL: "C", ANTHROPIC_API_KEY: "sk" });
  assert.deepEqual(agent.environment, { PATH: "/bin", HTTPS_PROXY: "http://proxy:3128", TEAM: "a", LC_ALL: "C" });
});

test("an account is a directory with a login or a variable with a token, told by how it begins", () => {
  const { agent } = readCli(["--account", "me=/home/me/.claude", "--account", "team=TEAM", "--account", "key=KEY"], {
    TEAM: "sk-ant-oat01-t",
    KEY: "sk-ant-api03-k",
  });
  assert.deepEqual(agent.accounts, [
    { name: "me", environment: {}, configDirectory: "/home/me/.claude" },
    { name: "team", environment: { CLAUDE_CODE_OAUTH_TOKEN: "sk-ant-oat01-t" } },
    { name: "key", environment: { ANTHROPIC_API_KEY: "sk-ant-api03-k" } },
  ]);
  const [usual] = readCli([], { CLAUDE_CONFIG_DIR: "/login" }).agent.accounts;
  assert.deepEqual(usual, { name: "default", environment: {}, configDirectory: "/login" });
});

test("a model may have other names", () => {
  const { agent } = readCli(["--model", "sonnet", "--alias", "smart=sonnet", "--alias", "gpt-4o=sonnet"]);
  assert.deepEqual(agent.models, [{ id: "claude-code/sonnet", name: "sonnet", aliases: ["smart", "gpt-4o"] }]);
});

test("says all problems at once", () => {
  const said = readProblems(
    "--model /x --alias a=b --account c --account d=NONE --allow-tool bash --pass-env AUXOT_WORKER_KEY --warm x".split(
      " ",
    ),
  );
  for (const word of [
    "--model /x",
    "--alias a=b",
    "--account c",
    "NONE",
    "--allow-tool bash",
    "stays with it",
    "--warm",
  ]) {
    assert.ok(said.includes(word), `${word}: ${said}`);
  }
  assert.match(readProblems(["--nope"]), /--nope[^]*`auxot-worker cli --help` lists the options/);
});

test("the doctor needs no router", () => {
  const command = readCommand(["cli", "doctor", "--claude", "/x/claude"], {});
  assert.equal(command.kind === "cli-doctor" && command.agent.executable, "/x/claude");
  assert.equal(readCommand(["cli", "doctor", "--help"], {}).kind, "text");
});
