import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { createInterface } from "node:readline";
import { test, type TestContext } from "node:test";
import { createLauncher, type Launcher } from "./launcher.ts";

/** Lets a process stand-in tell the test, line by line, what happens to it. */
const tellTest = `
  const socket = require("node:net").connect(process.env.TEST_PORT, "127.0.0.1");
  const tell = (line, then) => socket.write(line + "\\n", then);
`;
const goodServer = `${tellTest}
  process.on("SIGTERM", () => tell("server drains", () => process.exit(0)));
  process.send({ type: "listening", url: "http://router", workerKey: "axw_key" });
`;
const goodWorker = `${tellTest}
  tell("worker " + process.env.AUXOT_ROUTER_URL + " " + process.env.AUXOT_WORKER_KEY + " " + process.env.AUXOT_SECRET_KEY);
  process.on("SIGTERM", () => tell("worker stops", () => process.exit(0)));
`;
const stubbornServer = `${tellTest}
  process.on("SIGTERM", () => tell("server drains"));
  process.send({ type: "listening", url: "http://router", workerKey: "axw_key" });
`;

type Launched = {
  readonly launcher: Launcher;
  /** What was said, by the processes and by the launcher, in order. */
  readonly lines: readonly string[];
  waitFor(line: string, times?: number): Promise<void>;
};

async function launch(t: TestContext, server: string, worker: string): Promise<Launched> {
  const lines: string[] = [];
  const heard = new EventEmitter();
  function hear(line: string): void {
    lines.push(line);
    heard.emit("line");
  }
  const listener = createServer((socket) => {
    socket.on("error", () => {});
    createInterface(socket).on("line", hear);
  });
  await once(listener.listen(0, "127.0.0.1"), "listening");
  t.after(() => listener.close());
  const launcher = createLauncher({
    server: ["-e", server],
    worker: ["-e", worker],
    env: { ...process.env, AUXOT_SECRET_KEY: "secret", TEST_PORT: String((listener.address() as AddressInfo).port) },
    say: hear,
    restartDelayMs: () => 1,
    goodStartMs: 60_000,
  });
  return {
    launcher,
    lines,
    async waitFor(line, times = 1) {
      while (lines.filter((other) => other === line).length < times) await once(heard, "line");
    },
  };
}

const workerIsUp = "worker http://router axw_key undefined";

test("the worker gets address and key in its environment, and none of the router's secrets", async (t) => {
  const { launcher, waitFor } = await launch(t, goodServer, goodWorker);
  await waitFor(workerIsUp);
  launcher.stop();
  assert.equal(await launcher.done, 0);
});

test("a stop drains the router first and keeps its exit code", async (t) => {
  const { launcher, lines, waitFor } = await launch(
    t,
    goodServer.replace("process.exit(0)", "process.exit(7)"),
    goodWorker,
  );
  await waitFor(workerIsUp);
  launcher.stop();
  assert.equal(await launcher.done, 7);
  await waitFor("worker stops");
  assert.deepEqual(lines, [workerIsUp, "server drains", "worker stops"]);
});

test("a second stop does not wait for the drain", async (t) => {
  const { launcher, waitFor } = await launch(t, stubbornServer, goodWorker);
  await waitFor(workerIsUp);
  launcher.stop();
  await waitFor("server drains");
  launcher.stop();
  assert.equal(await launcher.done, 137);
});

test("a worker that dies is started again, and it is said", async (t) => {
  const dying = `${tellTest} tell("worker up", () => process.exit(1));`;
  const { launcher, lines, waitFor } = await launch(t, goodServer, dying);
  const restart = "The worker stopped (exit code 1). Starting it again in 0.001 s.";
  await waitFor(restart, 2);
  launcher.stop();
  assert.equal(await launcher.done, 0);
  assert.equal(lines.filter((line) => line === "worker up").length >= 2, true);
});

test("a worker that cannot run as it was asked to stops everything, with its exit code", async (t) => {
  const { launcher, lines, waitFor } = await launch(t, goodServer, "process.exit(2)");
  assert.equal(await launcher.done, 2);
  await waitFor("server drains");
  assert.deepEqual(lines, [
    "The worker stopped: it cannot run with these settings. Stopping the router too.",
    "server drains",
  ]);
});

test("a router that cannot start ends everything with its exit code and no word of ours", async (t) => {
  const { launcher, lines } = await launch(t, "process.exit(1)", goodWorker);
  assert.equal(await launcher.done, 1);
  assert.deepEqual(lines, []);
});

test("a router that dies takes the worker with it", async (t) => {
  const server = `${goodServer} tell("pid " + process.pid);`;
  const { launcher, lines, waitFor } = await launch(t, server, goodWorker);
  await waitFor(workerIsUp);
  const pid = lines.find((line) => line.startsWith("pid "))?.slice(4);
  process.kill(Number(pid), "SIGKILL");
  assert.equal(await launcher.done, 137);
  await waitFor("worker stops");
  assert.deepEqual(lines.slice(2), ["The router stopped (exit code 137).", "worker stops"]);
});
