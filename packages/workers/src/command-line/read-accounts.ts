// Reads whose login the agent uses. Credentials go into the account and nowhere else.

import os from "node:os";
import path from "node:path";
import type { Account } from "../cli/adapter.ts";
import { notEmpty, type Environment, type Report } from "./read-options.ts";

const tokenNames = ["ANTHROPIC_API_KEY", "CLAUDE_CODE_OAUTH_TOKEN", "ANTHROPIC_AUTH_TOKEN"] as const;
type TokenName = (typeof tokenNames)[number];

/** `texts`: NAME=WHERE each; none of them means what Claude Code itself would use. */
export function readAccounts(texts: readonly string[], environment: Environment, report: Report): Account[] {
  if (texts.length === 0) return [findUsual(environment)];
  const accounts = texts.flatMap((text) => readAccount(text, environment, report) ?? []);
  if (new Set(accounts.map(({ name }) => name)).size < accounts.length) report("--account: two have the same name.");
  return accounts;
}

function findUsual(environment: Environment): Account {
  for (const name of tokenNames) {
    const value = notEmpty(environment[name]);
    if (value !== undefined) return { name: "default", environment: { [name]: value } };
  }
  const directory = notEmpty(environment["CLAUDE_CONFIG_DIR"]) ?? path.join(os.homedir(), ".claude");
  return { name: "default", environment: {}, configDirectory: path.resolve(directory) };
}

function readAccount(text: string, environment: Environment, report: Report): Account | undefined {
  const [, name, where] = /^([\w.-]+)=(.+)$/.exec(text) ?? [];
  if (name === undefined || where === undefined) {
    report(`--account ${text} should be NAME=DIRECTORY or NAME=VARIABLE.`);
    return undefined;
  }
  if (!/^[A-Za-z_]\w*$/.test(where)) return { name, environment: {}, configDirectory: path.resolve(where) };
  const value = notEmpty(environment[where]);
  if (value === undefined) {
    report(`--account ${name}: the variable ${where} is not set. A directory is written with a /, e.g. ./${where}`);
    return undefined;
  }
  return { name, environment: { [guessKind(where, value)]: value } };
}

/** By what the vendor's tokens begin with, else by the variable's name. */
function guessKind(variable: string, value: string): TokenName {
  if (value.startsWith("sk-ant-oat")) return "CLAUDE_CODE_OAUTH_TOKEN";
  if (value.startsWith("sk-ant-api")) return "ANTHROPIC_API_KEY";
  if (/OAUTH/i.test(variable)) return "CLAUDE_CODE_OAUTH_TOKEN";
  return /AUTH_TOKEN/i.test(variable) ? "ANTHROPIC_AUTH_TOKEN" : "ANTHROPIC_API_KEY";
}
