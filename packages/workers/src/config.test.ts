import assert from "node:assert/strict";
import { test } from "node:test";
import { createKeyText } from "@auxot/wire/key-format";
import type { GpuConfig } from "./command-line/gpu-command.ts";
import { readCommand } from "./config.ts";

const key = createKeyText("worker");
const environment = { AUXOT_WORKER_KEY: key, AUXOT_ROUTER_URL: "https://router.example/some/path?x=1" };

function readGpu(arguments_: readonly string[], more: Record<string, string> = {}): GpuConfig {
  const command = readCommand(["gpu", ...arguments_], { ...environment, ...more });
  assert.ok(command.kind === "gpu", JSON.stringify(command));
  return command.config;
}

function readProblems(arguments_: readonly string[], given: Record<string, string> = {}): readonly string[] {
  const command = readCommand(arguments_, given);
  return command.kind === "problems" ? command.problems : [];
}

test("needs only a router and a key", () => {
  const config = readGpu([]);
  assert.equal(config.routerUrl, "wss://router.example/ws");
  assert.equal(config.key, key);
  assert.deepEqual(config.engine, { kind: "embedded", models: [{ kind: "demo", which: "script" }] });
  assert.equal(config.slots, 4);
});

test("options come before the environment, but a key in the environment before one on the command line", () => {
  const other = createKeyText("worker");
  const config = readGpu([
    "--router",
    "http://127.0.0.1:8080",
    "--key",
    other,
    "--name",
    "n",
    "--alias",
    "a",
    "--alias",
    "b",
  ]);
  assert.equal(config.routerUrl, "ws://127.0.0.1:8080/ws");
  assert.equal(config.key, key);
  assert.deepEqual([config.name, config.aliases], ["n", ["a", "b"]]);
});

test("several models may be given, on the command line or in the environment", () => {
  const models = [
    { kind: "demo", which: "script" },
    { kind: "demo", which: "echo" },
  ];
  const given = readGpu(["--model", "demo", "--model", "demo-echo"]).engine;
  assert.deepEqual(given.models, models);
  assert.deepEqual(readGpu([], { AUXOT_WORKER_MODEL: "demo, demo-echo" }).engine.models, models);
});

test("another server is used by its URL", () => {
  const { engine } = readGpu(["--engine-url", "http://127.0.0.1:11434", "--model", "qwen"], { AUXOT_ENGINE_KEY: "k" });
  assert.deepEqual(engine, {
    kind: "url",
    url: "http://127.0.0.1:11434",
    key: "k",
    models: ["qwen"],
    embeddingModels: [],
  });
  const embeds = readGpu(["--engine-url", "http://127.0.0.1:1", "--embedding-model", "bge"]).engine;
  assert.deepEqual(embeds.kind === "url" ? embeds.embeddingModels : undefined, ["bge"]);
  assert.match(
    readProblems(["gpu", "--embedding-model", "bge"]).join("\n"),
    /--embedding-model goes with --engine url/,
  );
});

test("says all problems at once", () => {
  const problems = readProblems([
    "gpu",
    "--slots",
    "0",
    "--model",
    "foo",
    "--gpu",
    "fast",
    "--engine",
    "url",
    "--router",
    "x",
  ]);
  for (const word of ["--slots 0", "--engine-url", "--gpu fast", "router URL x", "AUXOT_WORKER_KEY"]) {
    assert.ok(
      problems.some((problem) => problem.includes(word)),
      word,
    );
  }
  assert.match(readProblems(["gpu", "--nope"])[0] ?? "", /--nope/);
});

test("tells a caller's key from a worker's, and a cut one", () => {
  const given = { AUXOT_ROUTER_URL: "http://x" };
  assert.match(readProblems(["gpu"], { ...given, AUXOT_WORKER_KEY: createKeyText("caller") })[0] ?? "", /axw_/);
  assert.match(readProblems(["gpu"], { ...given, AUXOT_WORKER_KEY: key.slice(0, -1) })[0] ?? "", /not whole/);
});

test("child processes get none of our secrets", () => {
  const { childEnvironment } = readGpu([], { HF_TOKEN: "hf_x", PATH: "/bin" });
  assert.deepEqual(Object.keys(childEnvironment).toSorted(), ["AUXOT_ROUTER_URL", "PATH"]);
});

test("names the commands there are", () => {
  assert.match(readProblems([])[0] ?? "", /Usage: auxot-worker COMMAND/);
  assert.match(readProblems(["tools"])[0] ?? "", /not in this version/);
  assert.match(readProblems(["dance"])[0] ?? "", /no command dance/);
  assert.equal(readCommand(["gpu", "--help"], {}).kind, "text");
});
