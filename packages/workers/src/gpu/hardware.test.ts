import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseThreads, parseNvidiaList, parsePhysicalCores } from "./hardware.ts";

test("reads names and memory from nvidia-smi", () => {
  const text = "NVIDIA GeForce RTX 4090, 24564\nNVIDIA H100 80GB HBM3, 81559\n";
  assert.deepEqual(parseNvidiaList(text), [
    { name: "NVIDIA GeForce RTX 4090", memoryBytes: 24_564 * 1024 * 1024 },
    { name: "NVIDIA H100 80GB HBM3", memoryBytes: 81_559 * 1024 * 1024 },
  ]);
  assert.deepEqual(parseNvidiaList("NVIDIA GB10, [N/A]\n"), [{ name: "NVIDIA GB10", memoryBytes: 0 }]);
  assert.deepEqual(parseNvidiaList("No devices were found\n"), []);
});

function processor(socket: number, core: number): string {
  return `processor : 0\nphysical id : ${socket}\ncore id : ${core}\n`;
}

test("counts cores, not threads", () => {
  assert.equal(parsePhysicalCores([processor(0, 0), processor(0, 0), processor(0, 1), processor(1, 0)].join("\n")), 3);
  assert.equal(parsePhysicalCores("processor : 0\nBogoMIPS : 50\n"), undefined);
});

test("always leaves at least one thread", () => {
  assert.ok(chooseThreads() >= 1);
});
