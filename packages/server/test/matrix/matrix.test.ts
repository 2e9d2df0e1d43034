// Every caller's format over every source and every scenario, streamed and not. One router and one database for all.

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Usage } from "@auxot/wire/usage";
import { createLog } from "../../src/platform/log.ts";
import { openDatabase } from "../../src/store/database.ts";
import { startEmbeddedPostgres } from "../../src/store/embedded-postgres/launcher.ts";
import { asks } from "./asks.ts";
import { createCallers, type Caller, type Seen } from "./callers.ts";
import { checkEnvelope, checkProof, checkStreamError, envelopes, expectSeen } from "./expected.ts";
import { callerNames, scenarios, sourceNames, type Scenario, type SourceName } from "./scenarios.ts";
import { nameModel, startMatrix, type Matrix, type Source } from "./sources.ts";
import { checkStream, readFrames } from "./stream-laws.ts";

type Cell = {
  readonly caller: (typeof callerNames)[number];
  readonly source: SourceName;
  readonly scenario: Scenario;
  readonly stream: boolean;
  /** Counts the cells of a source and scenario. */
  readonly at: number;
};
type Row = {
  readonly cell: Cell;
  readonly usage: Usage | undefined;
  readonly outcome: string;
  readonly status: number;
};

const cells: readonly Cell[] = sourceNames.flatMap((source) =>
  callerNames.flatMap((caller, at) =>
    [false, true].flatMap((stream) =>
      scenarios.map((scenario) => ({ caller, source, scenario, stream, at: at * 2 + (stream ? 1 : 0) })),
    ),
  ),
);

let dataDir: string;
let matrix: Matrix;
let callers: readonly Caller[];
/** What the usage row of each request must say, by request id. */
const rows = new Map<string, Row>();
const results = new Map<Cell, string>();

before(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "auxot-matrix-"));
  matrix = await startMatrix(dataDir);
  callers = createCallers(matrix.app);
});
after(async () => {
  await stop();
  await rm(dataDir, { recursive: true, force: true });
});

let stopping: Promise<void> | undefined;
/** The rows are there once the router has stopped. */
function stop(): Promise<void> {
  stopping ??= Promise.resolve(matrix[Symbol.asyncDispose]());
  return stopping;
}

for (const cell of cells) {
  const name = `a ${cell.caller} caller of ${cell.source} ${cell.scenario.says}${cell.stream ? " (streamed)" : ""}`;
  test(name, async () => {
    results.set(cell, "FAILED");
    await checkCell(cell);
    results.set(cell, "ok");
  });
}

async function checkCell(cell: Cell): Promise<void> {
  const source = matrix.sources.get(cell.source);
  const caller = callers.find(({ dialect }) => dialect === cell.caller);
  assert.ok(source !== undefined && caller !== undefined);
  source.play(cell.scenario);
  const model = nameModel(source, cell.scenario, cell.at);
  const asked = caller.ask({ model, ...asks[cell.caller][cell.scenario.ask] }, cell.stream);
  if (cell.scenario.failure === undefined) checkAnswer(cell, source, caller, await asked);
  else await checkFailure(cell, source, caller, asked);
  checkReceived(cell, source, caller);
}

function checkAnswer(cell: Cell, source: Source, caller: Caller, seen: Seen): void {
  const { text, headers, status } = caller.exchange();
  const usage = source.usageOf(cell.scenario);
  const { isProven: _, ...understood } = seen;
  assert.deepEqual(understood, expectSeen(cell.scenario, cell.source, cell.caller, usage));
  checkProof(seen, cell.source);
  if (cell.scenario.ask === "structured") assert.deepEqual(JSON.parse(seen.text), { city: "Ulm", degrees: 7 });
  assert.equal(status, 200);
  assert.match(headers.get("content-type") ?? "", cell.stream ? /^text\/event-stream/ : /^application\/json/);
  assert.match(headers.get("x-auxot-route") ?? "", new RegExp(`model=${source.model}; tries=1$`));
  // A budget of thinking is an effort elsewhere; all else is the same in every format.
  if (cell.scenario.ask !== "reasoning") assert.equal(headers.get("x-auxot-warnings"), null, "nothing was lost");
  const passes = source.dialect === cell.caller;
  if (passes) assert.equal(text, source.bytesOf(cell.scenario, cell.stream), "the bytes pass unchanged");
  // What an imitation sends in its own format reaches the caller as it is, laws or not.
  if (cell.stream && !(passes && cell.source === "compatible")) checkStream(cell.caller, text, "clean");
  rows.set(headers.get("x-request-id") ?? "", { cell, usage, outcome: "ok", status });
}

async function checkFailure(cell: Cell, source: Source, caller: Caller, asked: Promise<Seen>): Promise<void> {
  const { failure } = cell.scenario;
  assert.ok(failure !== undefined);
  const isInStream = failure === "inside" && cell.stream;
  const message = failure === "inside" ? source.insideMessage(cell.stream) : failureWords[failure];
  await assert.rejects(asked, (error: Error & { readonly status?: number; readonly error?: unknown }) => {
    assert.match(error.message + JSON.stringify(error.error ?? ""), message);
    if (!isInStream) assert.equal(error.status, envelopes[failure].status);
    return true;
  });
  const exchange = caller.exchange();
  if (isInStream) {
    checkStreamError(cell.caller, exchange, message);
    if (!(source.dialect === cell.caller && cell.source === "compatible"))
      checkStream(cell.caller, exchange.text, "error");
  } else {
    const passed = source.dialect === cell.caller && failure !== "inside" ? source.passedError(failure) : undefined;
    checkEnvelope(cell.caller, exchange, envelopes[failure], message, passed);
  }
  if (failure === "rate-limit") assert.equal(exchange.headers.get("retry-after"), "7");
  rows.set(exchange.headers.get("x-request-id") ?? "", {
    cell,
    usage: undefined,
    outcome: "error",
    status: exchange.status,
  });
}

const failureWords = {
  "context-full": /context|prompt is too long/i,
  "rate-limit": /rate limit|takes no more requests/i,
};

/** The caller's own bytes with another model where the source speaks its format; otherwise the same words in its own. */
function checkReceived(cell: Cell, source: Source, caller: Caller): void {
  const { fields, text } = source.received();
  if (source.dialect === cell.caller) {
    const { sent } = caller.exchange();
    const asked = JSON.stringify((JSON.parse(sent) as { model: string }).model);
    assert.equal(text, sent.replace(asked, JSON.stringify(source.model)), "the bytes pass but for the model");
    return;
  }
  const { stream_options: options, ...rest } = fields;
  const expected = source.expectRequest(cell.scenario.ask, cell.caller);
  assert.deepEqual(rest, { ...expected, model: source.model, stream: cell.stream });
  const wantsUsage = source.dialect === "openai-chat" && cell.stream;
  assert.deepEqual(options, wantsUsage ? { include_usage: true } : undefined);
}

/** Sources that are asked once more. */
const extraRequests = ["openai-responses", "anthropic", "worker"] as const;

test("a Chat Completions caller that did not ask for usage gets no usage chunk, whatever format it comes from", async () => {
  for (const name of extraRequests) {
    const source = matrix.sources.get(name);
    const [scenario] = scenarios;
    assert.ok(source !== undefined && scenario !== undefined);
    source.play(scenario);
    const asked = { model: nameModel(source, scenario, 0), ...asks["openai-chat"].text, stream: true };
    const response = await matrix.app.post("/v1/chat/completions", asked);
    const frames = readFrames(await response.text());
    assert.ok(frames.every((frame) => frame.choices.length === 1 && !("usage" in frame)));
    const usage = source.usageOf(scenario);
    const cell: Cell = { caller: "openai-chat", source: name, scenario, stream: true, at: 0 };
    rows.set(response.headers.get("x-request-id") ?? "", { cell, usage, outcome: "ok", status: 200 });
  }
});

test("each of these requests left one usage row that says what its caller was told", async () => {
  await stop();
  const log = createLog("fatal");
  const postgres = await startEmbeddedPostgres({ dataDir, log });
  const database = await openDatabase(postgres.target, log);
  const found = await database.sql`select * from usage_record`;
  await database.close();
  await postgres.stop();
  const wrong = found.flatMap((row) => {
    const expected = rows.get(String(row["id"]));
    return expected === undefined ? [] : describeDifference(row, expected);
  });
  assert.deepEqual(wrong, []);
  assert.equal(found.length, cells.length + extraRequests.length);
  const held = [...results.values()].filter((result) => result === "ok").length;
  assert.equal(found.filter((row) => rows.has(String(row["id"]))).length, held + extraRequests.length);
});

function nameCell({ caller, source, scenario, stream }: Cell): string {
  return `${caller} over ${source}, ${scenario.name}${stream ? ", streamed" : ""}`;
}

function describeDifference(row: Readonly<Record<string, unknown>>, { cell, usage, outcome, status }: Row): string[] {
  const expected = [
    cell.caller,
    cell.stream,
    outcome,
    status,
    ...(usage === undefined ? [] : [JSON.stringify(Object.values(usage))]),
  ];
  const written = [row["dialect"], row["stream"], row["outcome"], row["status"]];
  if (usage !== undefined) {
    const names = ["input_tokens", "output_tokens", "cached_input_tokens", "cache_write_tokens", "reasoning_tokens"];
    written.push(JSON.stringify(names.map((column) => Number(row[column]))));
  }
  return JSON.stringify(expected) === JSON.stringify(written)
    ? []
    : [`${nameCell(cell)}: expected ${expected.join(" ")}, got ${written.join(" ")}`];
}

test("no cell of the matrix is missing", (context) => {
  assert.equal(cells.length, 3 * 5 * 11 * 2);
  assert.equal(results.size, cells.length);
  for (const line of drawTable()) context.diagnostic(line);
});

/** One line a scenario and caller; a source has two results, whole / streamed. */
function drawTable(): string[] {
  const lines = [`${"".padEnd(52)}${sourceNames.map((name) => name.padEnd(18)).join("")}`];
  for (const scenario of scenarios) {
    for (const caller of callerNames) {
      const marks = sourceNames.map((source) =>
        cells
          .filter((cell) => cell.caller === caller && cell.source === source && cell.scenario === scenario)
          .map((cell) => results.get(cell) ?? "missing")
          .join("/")
          .padEnd(18),
      );
      lines.push(`${scenario.name.padEnd(32)}${caller.padEnd(20)}${marks.join("")}`);
    }
  }
  return lines;
}
