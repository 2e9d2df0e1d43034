// Runs everything a commit must pass, two at a time, and prints one line for each and the whole output of what failed.

import { spawn } from "node:child_process";
import path from "node:path";

type Step = { readonly name: string; readonly command: readonly string[] };
type Outcome = { readonly step: Step; readonly passed: boolean; readonly output: string };

const stepTimeoutMs = 120_000;
/** The longest first. */
const steps: readonly Step[] = [
  {
    name: "unit tests",
    command: ["node", "--test", "--test-isolation=none", "--test-timeout=20000", "scripts/unit-tests.ts"],
  },
  { name: "types", command: ["tsc", "--noEmit"] },
  { name: "lint", command: ["oxlint", "--deny-warnings"] },
  { name: "format", command: ["oxfmt", "--check", "."] },
  { name: "layout", command: ["node", "scripts/check-layout.ts"] },
];
const advice: Readonly<Record<string, string>> = { format: "`npm run format` repairs it." };

const root = path.join(import.meta.dirname, "..");
const bin = path.join(root, "node_modules", ".bin");

const startedAt = performance.now();
const queue = [...steps];
const outcomes: Outcome[] = [];
await Promise.all([runQueue(), runQueue()]);

for (const { step, output } of outcomes.filter(({ passed }) => !passed)) {
  console.log(`\n--- ${step.name}: ${step.command.join(" ")}\n${output.trimEnd()}`);
  if (advice[step.name] !== undefined) console.log(advice[step.name]);
}
const failed = outcomes.filter(({ passed }) => !passed).map(({ step }) => step.name);
console.log(`\n${failed.length === 0 ? "All good" : `Failed: ${failed.join(", ")}`} (${formatSeconds(startedAt)})`);
process.exitCode = failed.length === 0 ? 0 : 1;

async function runQueue(): Promise<void> {
  for (let step = queue.shift(); step !== undefined; step = queue.shift()) {
    const stepStartedAt = performance.now();
    const outcome = await runStep(step);
    outcomes.push(outcome);
    const count = /^ℹ tests (\d+)$/m.exec(outcome.output)?.[1];
    const note = count === undefined ? "" : `  ${count} tests`;
    console.log(`${outcome.passed ? "✓" : "✗"} ${step.name.padEnd(12)}${formatSeconds(stepStartedAt)}${note}`);
  }
}

function runStep(step: Step): Promise<Outcome> {
  const [program = "", ...args] = step.command;
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const child = spawn(program === "node" ? process.execPath : path.join(bin, program), args, {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    timeout: stepTimeoutMs,
    shell: process.platform === "win32",
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (output += text));
  child.on("error", (error) => resolve({ step, passed: false, output: String(error) }));
  child.on("close", (code, signal) => {
    if (signal !== null) output += `\nstopped by ${signal}: it took more than ${stepTimeoutMs / 1000} s\n`;
    resolve({ step, passed: code === 0, output });
  });
  return promise;
}

function formatSeconds(sinceMs: number): string {
  return `${((performance.now() - sinceMs) / 1000).toFixed(1)} s`;
}
