// `npm run bench:cli`: what a CLI worker with the real Claude Code adds to the first token, against the same scripted
// Messages API asked directly in the same run, and how much memory a job takes. Claude Code comes with `npm run test:cli`.

import { existsSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { claudeProgram } from "../test/cli/claude-programs.ts";
import {
  adapters,
  apiKey,
  assistant,
  listDescendants,
  model,
  nameOf,
  say,
  startCliStack,
  type Adapter,
  type CliStack,
} from "../test/cli/cli-stack.ts";
import { words, type Turn } from "../test/cli/scripted-messages.ts";
import { findMedian } from "./statistics.ts";

const { values: flags } = parseArgs({
  options: { quick: { type: "boolean", default: false }, json: { type: "boolean", default: false } },
});

const rounds = flags.quick ? 3 : 9;
const jobsForMemory = 6;
/** As long as a process that is started ahead needs, with room to spare: nothing tells when it is ready. */
const warmUpMs = 2500;

const lanes = ["direct", "cold", "warm", "next message"] as const;
type Lane = (typeof lanes)[number];
type Row = { readonly adapter: Adapter; readonly firstTokenMs: ReadonlyMap<Lane, number>; readonly memory: Memory };
/** Mebibytes of one job: its own and its share of what all have in common, and all it has in memory. */
type Memory = { readonly proportional: number; readonly resident: number };

await main();

async function main(): Promise<void> {
  if (!existsSync(claudeProgram)) {
    console.log("Claude Code is not installed: run `npm run test:cli` once.");
    process.exitCode = 1;
    return;
  }
  const rows: Row[] = [];
  for (const adapter of adapters) {
    const times = [...(await measureCold(adapter)), ...(await measureWarm(adapter))];
    const firstTokenMs = new Map(
      lanes.map((lane) => [lane, findMedian(times.filter(([one]) => one === lane).map(([, ms]) => ms))]),
    );
    rows.push({ adapter, firstTokenMs, memory: await measureMemory(adapter) });
  }
  report(rows);
}

type Sample = readonly [lane: Lane, ms: number];

async function measureCold(adapter: Adapter): Promise<Sample[]> {
  await using stack = await startCliStack(adapter);
  await stack.startCli({ ANTHROPIC_API_KEY: apiKey }, "--warm", "0");
  return await measure(stack, "cold", 0);
}

async function measureWarm(adapter: Adapter): Promise<Sample[]> {
  await using stack = await startCliStack(adapter);
  await stack.startCli({ ANTHROPIC_API_KEY: apiKey }, "--warm", "1");
  return await measure(stack, "warm", warmUpMs);
}

/** Lanes take turns within each round, so that a slow minute of the machine hits all of them. */
async function measure(stack: CliStack, lane: "cold" | "warm", pauseMs: number): Promise<Sample[]> {
  const samples: Sample[] = [];
  // The first round is not counted.
  for (let round = 0; round <= rounds; round++) {
    if (process.stderr.isTTY) process.stderr.write(`\r\u001B[Kround ${round} of ${rounds}, ${lane}`);
    await pause(pauseMs);
    const first = say(`Round ${round}`);
    const found: Sample[] = [
      ["direct", await timeDirect(stack, [first])],
      [lane, await timeRouted(stack, [first])],
    ];
    if (lane === "warm") {
      // The process has the conversation in hand once its job is over.
      while ((await stack.router.busySlots(model)) > 0) await pause(5);
      const answer = assistant({ content: [{ type: "text", text: "Hello there." }] });
      found.push(["next message", await timeRouted(stack, [first, answer, say("And now?")])]);
    }
    if (round > 0) samples.push(...found);
  }
  if (process.stderr.isTTY) process.stderr.write("\r\u001B[K");
  return samples;
}

async function timeRouted(stack: CliStack, messages: readonly Turn[]): Promise<number> {
  const startedAt = performance.now();
  const answer = await stack.stream(messages);
  while (!answer.text().includes("text_delta")) await answer.more();
  const ms = performance.now() - startedAt;
  if (!(await answer.rest()).includes("message_stop")) throw new Error("The answer is not whole.");
  return ms;
}

async function timeDirect(stack: CliStack, messages: readonly Turn[]): Promise<number> {
  const startedAt = performance.now();
  const response = await fetch(`${stack.api.url}/v1/messages`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-api-key": apiKey },
    body: JSON.stringify({ model: "claude", max_tokens: 500, stream: true, messages }),
  });
  let text = "";
  let firstAt: number | undefined;
  for await (const piece of response.body ?? []) {
    text += Buffer.from(piece).toString();
    if (text.includes("text_delta")) firstAt ??= performance.now();
  }
  return (firstAt ?? Number.NaN) - startedAt;
}

async function measureMemory(adapter: Adapter): Promise<Memory> {
  if (process.platform !== "linux") return { proportional: Number.NaN, resident: Number.NaN };
  await using stack = await startCliStack(adapter);
  const worker = await stack.startCli({ ANTHROPIC_API_KEY: apiKey }, "--warm", "0", "--slots", String(jobsForMemory));
  const hold = Promise.withResolvers<void>();
  stack.api.play(() => ({ blocks: [words("Hello ", "there.")], hold: hold.promise }));
  const answers = await Promise.all(Array.from({ length: jobsForMemory }, (_, i) => stack.stream([say(`Job ${i}`)])));
  const processes = await listDescendants(worker.pid);
  const [proportional, resident] = ["Pss", "Rss"].map((field) =>
    findMedian(processes.map((pid) => readMemory(pid, field))),
  );
  hold.resolve();
  await Promise.all(answers.map((answer) => answer.rest()));
  return { proportional: proportional ?? Number.NaN, resident: resident ?? Number.NaN };
}

function readMemory(pid: number, field: string): number {
  const kilobytes = new RegExp(`^${field}:\\s+(\\d+)`, "m").exec(
    readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"),
  )?.[1];
  return Number(kilobytes) / 1024;
}

function report(rows: readonly Row[]): void {
  const machine = `Node ${process.version}, ${availableParallelism()} cores`;
  const method = `medians of ${rounds} rounds; memory: of ${jobsForMemory} jobs at once`;
  if (flags.json) {
    const plain = rows.map(({ firstTokenMs, ...row }) => ({ ...row, firstTokenMs: Object.fromEntries(firstTokenMs) }));
    console.log(JSON.stringify({ machine, method, rows: plain }, null, 2));
    return;
  }
  console.log(`${machine}; ${method}\n`);
  console.log(
    `${"first token".padEnd(20)}${lanes.map((lane) => lane.padStart(22)).join("")}${"memory a job".padStart(32)}`,
  );
  for (const { adapter, firstTokenMs, memory } of rows) {
    const direct = firstTokenMs.get("direct") ?? Number.NaN;
    const cells = lanes.map((lane) => {
      const ms = firstTokenMs.get(lane) ?? Number.NaN;
      const ratio = lane === "direct" ? "" : ` (x ${(ms / direct).toFixed(0)})`;
      return `${ms.toFixed(ms < 10 ? 1 : 0)} ms${ratio}`.padStart(22);
    });
    const used = `${memory.proportional.toFixed(0)} MB (resident ${memory.resident.toFixed(0)})`;
    console.log(`${nameOf[adapter].padEnd(20)}${cells.join("")}${used.padStart(32)}`);
  }
}
