// Looks whether the agent would work here, step by step, and asks it one question with each account. Prints for people.

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { createEventFold } from "@auxot/wire/chat-event";
import type { ChatRequest } from "@auxot/wire/chat";
import type { Account, CliAdapter } from "./adapter.ts";

export type DoctorOptions = {
  readonly adapter: CliAdapter;
  readonly executable: string;
  readonly sandbox: "bubblewrap" | "off";
  readonly accounts: readonly Account[];
  /** Asked for the question; as the agent names it. */
  readonly model: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly write: (line: string) => void;
  readonly now: () => number;
};

const questionLimitMs = 60_000;
const question = "Answer with the one word: ready";
/** What this worker was made with; older ones lack what keeps a conversation exact. */
const leastVersion = [2, 1, 248] as const;

/** True when everything that is needed works. */
export async function examine(options: DoctorOptions): Promise<boolean> {
  const { write } = options;
  const version = await readVersion(options);
  if (version === undefined) {
    write(`✖ program    ${options.executable} does not run`);
    return false;
  }
  const isNewEnough = compareVersions(version, leastVersion) >= 0;
  const wanted = isNewEnough ? "" : `; at least ${leastVersion.join(".")} is needed: claude update`;
  write(`${isNewEnough ? "✔" : "✖"} program    ${options.executable}, version ${version}${wanted}`);
  write(`✔ adapter    ${options.adapter.name}`);
  write(
    options.sandbox === "bubblewrap"
      ? "✔ sandbox    bubblewrap"
      : "- sandbox    none: install bubblewrap (Linux) to keep the agent's own tools from this machine's files",
  );
  let allAnswer = true;
  for (const account of options.accounts) allAnswer = (await askQuestion(account, options)) && allAnswer;
  return isNewEnough && allAnswer;
}

async function readVersion({ executable, environment }: DoctorOptions): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(executable, ["--version"], { env: environment, timeout: 20_000 });
    return /\d+\.\d+\.\d+/.exec(stdout)?.[0];
  } catch {
    return undefined;
  }
}

async function askQuestion(account: Account, { adapter, model, write, now }: DoctorOptions): Promise<boolean> {
  const request: ChatRequest = {
    model,
    messages: [{ role: "user", content: [{ type: "text", text: question }] }],
    tools: [],
    stream: true,
  };
  let limits = "";
  const startedAt = now();
  let firstAt: number | undefined;
  const process = adapter.start({
    model,
    account,
    onLimit({ load }) {
      if (load !== undefined) limits = `, ${Math.round(load * 100)} % of its window used`;
    },
  });
  const limit = setTimeout(process.kill, questionLimitMs);
  try {
    const fold = createEventFold();
    for await (const events of process.begin(request)) {
      if (events.some(({ type }) => type === "text-delta")) firstAt ??= now();
      for (const event of events) fold.push(event);
    }
    const { model: served = model } = fold.result();
    await process.settled();
    const waited = ((firstAt ?? now()) - startedAt) / 1000;
    write(`✔ account    ${account.name}: ${served} answers, first word after ${waited.toFixed(1)} s${limits}`);
    return true;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    write(`✖ account    ${account.name}: ${reason}${limits}`);
    if (account.configDirectory !== undefined) {
      write(`             log in with: CLAUDE_CONFIG_DIR=${account.configDirectory} claude`);
    }
    return false;
  } finally {
    clearTimeout(limit);
    process.kill();
    await process.ended;
  }
}

function compareVersions(version: string, least: readonly number[]): number {
  const parts = version.split(".").map(Number);
  const different = least.findIndex((part, i) => parts[i] !== part);
  return different < 0 ? 0 : (parts[different] ?? 0) - (least[different] ?? 0);
}
