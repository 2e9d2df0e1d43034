// Finds out what the machine is made of, for the router's list of workers and for defaults.

import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import os from "node:os";
import { promisify } from "node:util";
import type { Hardware } from "@auxot/wire/worker-frames";

const nvidiaQuery = ["--query-gpu=name,memory.total", "--format=csv,noheader,nounits"];
const nvidiaLimitMs = 5000;

/** Never fails: a machine without nvidia-smi has no GPUs we can name. */
export async function detectHardware(): Promise<Hardware> {
  return {
    os: `${os.type()} ${os.release()}`,
    arch: os.arch(),
    cpus: os.availableParallelism(),
    memoryBytes: os.totalmem(),
    gpus: await detectNvidia(),
  };
}

async function detectNvidia(): Promise<Hardware["gpus"]> {
  try {
    const { stdout } = await promisify(execFile)("nvidia-smi", nvidiaQuery, { timeout: nvidiaLimitMs });
    return parseNvidiaList(stdout);
  } catch {
    return [];
  }
}

/** Reads `nvidia-smi --query-gpu=name,memory.total --format=csv,noheader,nounits`; memory is in MiB there. */
export function parseNvidiaList(text: string): Hardware["gpus"] {
  return text.split("\n").flatMap((line) => {
    const [, name, memory] = /^\s*(.+?)\s*,\s*(\S.*?)\s*$/.exec(line) ?? [];
    if (name === undefined || memory === undefined) return [];
    const mebibytes = Number(memory);
    // Machines with shared memory (Grace, Jetson) say "[N/A]".
    return [{ name, memoryBytes: Number.isFinite(mebibytes) ? mebibytes * 1024 * 1024 : 0 }];
  });
}

/**
 * Physical cores minus one, at least one. With all cores, or with both threads of a core, the threads of llama.cpp wait
 * for one another, and throughput falls many times over as soon as anything else runs.
 */
export function chooseThreads(): number {
  const available = os.availableParallelism();
  return Math.max(1, Math.min(countPhysicalCores(os.cpus().length), available) - 1);
}

function countPhysicalCores(logicalCores: number): number {
  try {
    return parsePhysicalCores(readFileSync("/proc/cpuinfo", "utf8")) ?? logicalCores;
  } catch {
    return logicalCores;
  }
}

/** Counts the cores in the text of Linux' /proc/cpuinfo; undefined where it does not tell (ARM). */
export function parsePhysicalCores(text: string): number | undefined {
  const cores = new Set<string>();
  for (const processor of text.split("\n\n")) {
    const core = /^core id\s*:\s*(\d+)/m.exec(processor)?.[1];
    const socket = /^physical id\s*:\s*(\d+)/m.exec(processor)?.[1];
    if (core !== undefined) cores.add(`${socket ?? 0}:${core}`);
  }
  return cores.size === 0 ? undefined : cores.size;
}
