// One whole session of a client, and everything that must be true of it afterwards: on disk, in what the client says, at
// the vendor, in the router's log and in its usage rows.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import type { TestRouter } from "../harness/stack.ts";
import { until } from "../harness/until.ts";
import { startClient, type ClientName, type ClientRun } from "./client-programs.ts";
import { readReport, type Report } from "./client-reports.ts";
import { copyName, copyReasoning, copyTask, playCopyTask, type Task, type ToolKit } from "./copy-task.ts";
import type { Source } from "./sources.ts";
import { usedTokens } from "./vendor.ts";

export type Session = {
  readonly router: TestRouter;
  readonly client: ClientName;
  readonly model: string;
  readonly task: Task;
  /** Where the usage rows must say it ran. */
  readonly tier: "gpu" | "cloud";
  readonly provider: string;
};

export type CopySession = {
  readonly router: TestRouter;
  readonly source: Source;
  readonly client: ClientName;
  readonly tools: ToolKit;
  /** Otherwise the first model of the source. */
  readonly model?: string;
  /** false: the model is one that takes no reasoning back in the format of the source. */
  readonly takesReasoningBack?: boolean;
};

type LogLine = {
  readonly level?: string;
  readonly requestId?: string;
  readonly method?: string;
  readonly status?: number;
};

/** A session on a scripted vendor. */
export async function runCopySession(copySession: CopySession): Promise<void> {
  const { router, source, client, tools, model, takesReasoningBack = true } = copySession;
  const { vendor, tier, provider } = source;
  const playing = playCopyTask(tools);
  vendor.play(playing.script);
  const before = { requests: vendor.requests.length, complaints: vendor.complaints.length };
  const complain = (): string => vendor.complaints.slice(before.complaints).join("\n");

  const asked = model ?? source.models[0] ?? "";
  const session: Session = { router, client, model: asked, task: copyTask, tier, provider };
  const used = await runSession(session).catch((error: unknown) => {
    throw new Error(`${String(error)}\nThe vendor says: ${complain()}`, { cause: error });
  });

  assert.equal(complain(), "");
  const requests = vendor.requests.slice(before.requests);
  assert.equal(requests.length, copyTask.requests, "nothing was asked twice");
  const last = requests.at(-1)?.conversation;
  assert.ok(last !== undefined);
  assert.deepEqual(last.callIds, playing.callIds, "each call came back once, under its id");
  // Clients send the results of parallel calls as they come.
  assert.deepEqual(
    last.results.map(({ callId }) => callId).toSorted(),
    playing.callIds.toSorted(),
    "each result came once, under the id of its call",
  );
  const wanted = last.wantsReasoning && takesReasoningBack ? copyReasoning : [];
  assert.deepEqual(last.reasoning, wanted, "reasoning went back whole");
  assert.deepEqual(used, {
    input: usedTokens.input * copyTask.requests,
    cached: usedTokens.cached * copyTask.requests,
    output: usedTokens.output * copyTask.requests,
  });
}

/** Gives what the client and the router both count. */
export async function runSession(session: Session): Promise<Report["used"]> {
  const { router, client, model, task } = session;
  const logged = readLog(router).length;
  await using run = await startClient(client, { router, model, prompt: task.prompt, files: task.notes });
  const code = await run.exited;
  assert.equal(code, 0, describeRun(run));
  const report = readReport(client, run.out());
  assert.deepEqual(report.words, task.words, describeRun(run));
  const copied = await readFile(path.join(run.folder, copyName), "utf8").catch(() => `no file\n${describeRun(run)}`);
  // A patch ends its last line.
  assert.equal(copied.replace(/\n$/, ""), task.copyText);
  const ids = checkLog(readLog(router).slice(logged), task.requests);
  await checkUsage(session, ids, report);
  return report.used;
}

/** Gives the ids of the session's requests: none made twice, none refused, nothing logged that asks for attention. */
function checkLog(lines: readonly LogLine[], requests: number): string[] {
  assert.deepEqual(
    lines.filter(({ level }) => level !== "info" && level !== "debug"),
    [],
  );
  const made = lines.filter(({ method }) => method !== undefined);
  assert.deepEqual(
    made.map(({ method, status }) => [method, status]),
    Array.from({ length: requests }, () => ["POST", 200]),
  );
  return made.map(({ requestId = "" }) => requestId);
}

async function checkUsage(session: Session, ids: readonly string[], report: Report): Promise<void> {
  const { router, tier, provider, model } = session;
  const rows = await until("all usage rows are written", async () => {
    const found = (await router.usage()).filter(({ id }) => ids.includes(String(id)));
    return found.length === ids.length && found;
  });
  const expected = { tier, provider, model, requested_model: model, outcome: "ok", tries: 1, usage_estimated: false };
  assert.deepEqual(
    rows.map((row) => Object.fromEntries(Object.keys(expected).map((column) => [column, row[column]]))),
    ids.map(() => expected),
  );
  const sum = (column: string): number => rows.reduce((total, row) => total + Number(row[column]), 0);
  const counted = {
    input: sum("input_tokens"),
    cached: sum("cached_input_tokens"),
    output: sum("output_tokens"),
  };
  assert.deepEqual(report.used, counted, "the client counts what the router counts");
}

function describeRun(run: ClientRun): string {
  return `stdout: ${run.out()}\nstderr: ${run.err()}`;
}

function readLog(router: TestRouter): LogLine[] {
  return `${router.program.out()}\n${router.program.err()}`
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as LogLine);
}
