import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmod, cp, mkdir, mkdtempDisposable, readdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test, type TestContext } from "node:test";
import { openDatabase } from "../../src/store/database.ts";
import { findNative, prepareBinaries } from "../../src/store/embedded-postgres/binaries.ts";
import { ensureCluster } from "../../src/store/embedded-postgres/cluster.ts";
import { startEmbeddedPostgres } from "../../src/store/embedded-postgres/launcher.ts";
import { choosePlace } from "../../src/store/embedded-postgres/place.ts";
import { isAlive } from "../../src/store/process-identity.ts";
import { quietLog } from "../harness/quiet-log.ts";

type Report = { postgresPid: number; adopted: boolean; rows: number; error?: string };

const script = join(import.meta.dirname, "../harness/run-router.ts");
const needsRoot = process.getuid?.() === 0 ? {} : { skip: "needs root" };

async function startRouter(context: TestContext, dataDir: string, outsideDir = "") {
  const child = spawn(process.execPath, [script, dataDir, outsideDir], { stdio: ["pipe", "pipe", "inherit"] });
  context.after(() => void child.kill("SIGKILL"));
  const [line] = await once(createInterface({ input: child.stdout }), "line");
  const report: Report = JSON.parse(line);
  return { child, report };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.stdin?.end();
  await exited;
}

async function kill(child: ChildProcess): Promise<void> {
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}

test("a killed router's Postgres is adopted by the next one, with its data", async (context) => {
  await using directory = await mkdtempDisposable(join(tmpdir(), "auxot-test-"));
  const first = await startRouter(context, directory.path);
  assert.equal(first.report.adopted, false, first.report.error ?? "");
  await kill(first.child);
  assert.ok(isAlive(first.report.postgresPid));
  const second = await startRouter(context, directory.path);
  assert.deepEqual(second.report, { postgresPid: first.report.postgresPid, adopted: true, rows: 2 });
  await end(second.child);
  assert.equal(isAlive(first.report.postgresPid), false);
});

test("everything killed: the next start recovers what was written", async (context) => {
  await using directory = await mkdtempDisposable(join(tmpdir(), "auxot-test-"));
  const first = await startRouter(context, directory.path);
  await kill(first.child);
  process.kill(first.report.postgresPid, "SIGKILL");
  const second = await startRouter(context, directory.path);
  assert.equal(second.report.adopted, false, second.report.error ?? "");
  assert.equal(second.report.rows, 2);
  await end(second.child);
});

test("a second router on the data directory is refused and told who has it", async (context) => {
  await using directory = await mkdtempDisposable(join(tmpdir(), "auxot-test-"));
  const first = await startRouter(context, directory.path);
  const second = await startRouter(context, directory.path);
  assert.equal(
    second.report.error,
    `Another Auxot router (process ${first.child.pid}) is using ${directory.path}. ` +
      "Stop it, or give this one its own directory with AUXOT_DATA_DIR.",
  );
  await end(first.child);
});

test("two routers that start at once: one gets the directory", async (context) => {
  await using directory = await mkdtempDisposable(join(tmpdir(), "auxot-test-"));
  const both = await Promise.all([startRouter(context, directory.path), startRouter(context, directory.path)]);
  assert.equal(both.filter(({ report }) => report.error === undefined).length, 1);
  assert.match(both.find(({ report }) => report.error !== undefined)?.report.error ?? "", /^Another Auxot router/);
  await Promise.all(both.map(({ child }) => end(child)));
});

test("a pid file whose number another program has now does not stop the start", async () => {
  await using directory = await mkdtempDisposable(join(tmpdir(), "auxot-test-"));
  const options = { dataDir: directory.path, log: quietLog };
  await (await startEmbeddedPostgres(options)).stop();
  const lines = [process.pid, join(directory.path, "postgres"), "1", "5432", "/tmp/gone", "", "  1 1", "ready   ", ""];
  await writeFile(join(directory.path, "postgres", "postmaster.pid"), lines.join("\n"));
  const postgres = await startEmbeddedPostgres(options);
  assert.equal(postgres.adopted, false);
  await postgres.stop();
});

test("a first start killed half way leaves nothing in the way", async () => {
  await using directory = await mkdtempDisposable(join(tmpdir(), "auxot-test-"));
  await mkdir(join(directory.path, "postgres.new-1", "base"), { recursive: true });
  const postgres = await startEmbeddedPostgres({ dataDir: directory.path, log: quietLog });
  await postgres.stop();
  assert.deepEqual(
    (await readdir(directory.path)).filter((name) => name.startsWith("postgres")),
    ["postgres", "postgres.log"],
  );
});

test("Postgres that dies is started again, and open connections find it", async () => {
  await using directory = await mkdtempDisposable(join(tmpdir(), "auxot-test-"));
  const back = Promise.withResolvers<void>();
  const log = {
    ...quietLog,
    info: (_: object, message: string) => void (/ready again/.test(message) && back.resolve()),
  };
  const postgres = await startEmbeddedPostgres({ dataDir: directory.path, log });
  const database = await openDatabase(postgres.target, quietLog);
  process.kill(postgres.pid(), "SIGKILL");
  const awake = setInterval(() => {}, 1000);
  await back.promise;
  clearInterval(awake);
  assert.deepEqual([...(await database.sql`select 1 as one`)], [{ one: 1 }]);
  await database.close();
  await postgres.stop();
});

test("says what Postgres said when it does not start", async () => {
  await using directory = await mkdtempDisposable(join(tmpdir(), "auxot-test-"));
  const options = { dataDir: directory.path, log: quietLog };
  await (await startEmbeddedPostgres(options)).stop();
  await writeFile(join(directory.path, "postgres", "postgresql.conf"), "no_such_setting = 1\n");
  await assert.rejects(
    startEmbeddedPostgres(options),
    /embedded Postgres ended with 1\..*\n.*unrecognized configuration parameter/s,
  );
});

test("root in a directory only root may enter: the cluster goes where Postgres can", needsRoot, async (context) => {
  await using directory = await mkdtempDisposable(join(tmpdir(), "auxot-test-"));
  await using outside = await mkdtempDisposable(join(tmpdir(), "auxot-test-"));
  await chmod(directory.path, 0o700);
  await chmod(outside.path, 0o755);
  const dataDir = join(directory.path, "closed", ".auxot");
  const first = await startRouter(context, dataDir, outside.path);
  assert.equal(first.report.rows, 1, first.report.error ?? "");
  await end(first.child);
  const [place = ""] = await readdir(outside.path);
  assert.match(await readFile(join(dataDir, "postgres-directory.txt"), "utf8"), new RegExp(join(outside.path, place)));
  // The directory is opened later: the data stays where it is.
  await chmod(directory.path, 0o755);
  const second = await startRouter(context, dataDir, outside.path);
  assert.equal(second.report.rows, 2, second.report.error ?? "");
  await end(second.child);
});

test("root with programs only root may read: Postgres gets a copy", needsRoot, async () => {
  await using directory = await mkdtempDisposable(join(tmpdir(), "auxot-test-"));
  await using closed = await mkdtempDisposable(join(tmpdir(), "auxot-test-"));
  const native = { ...findNative(), directory: join(closed.path, "native") };
  await cp(findNative().directory, native.directory, { recursive: true });
  const umask = process.umask(0o077);
  try {
    await chmod(directory.path, 0o755);
    const place = await choosePlace(directory.path, quietLog);
    const binaries = await prepareBinaries(native, place);
    assert.ok(binaries.postgres.startsWith(directory.path));
    await ensureCluster(binaries, place, quietLog);
    assert.ok((await readdir(place.clusterDir)).includes("PG_VERSION"));
  } finally {
    process.umask(umask);
  }
});

test("root in a data directory that is closed itself: it is opened for passing through", needsRoot, async (context) => {
  await using directory = await mkdtempDisposable(join(tmpdir(), "auxot-test-"));
  await chmod(directory.path, 0o700);
  const router = await startRouter(context, directory.path, "/nowhere/at/all");
  assert.equal(router.report.rows, 1, router.report.error ?? "");
  await end(router.child);
  assert.ok((await readdir(directory.path)).includes("postgres"));
});

test("a cluster that was kept elsewhere and is gone is not replaced by an empty one", needsRoot, async (context) => {
  await using directory = await mkdtempDisposable(join(tmpdir(), "auxot-test-"));
  await writeFile(
    join(directory.path, "postgres-directory.txt"),
    "The database of this directory is in:\n/gone/away\n",
  );
  const { report } = await startRouter(context, directory.path);
  assert.match(report.error ?? "", /was kept in \/gone\/away, and that is gone\. Bring it back, or delete/);
});

test("the log of Postgres tells of a row that was refused, and not what is in it", async () => {
  await using directory = await mkdtempDisposable(join(tmpdir(), "auxot-test-"));
  const postgres = await startEmbeddedPostgres({ dataDir: directory.path, log: quietLog });
  const database = await openDatabase(postgres.target, quietLog);
  const insert = (text: string) => database.sql`insert into licence (id, text) values (${1}, ${text})`;
  await assert.rejects(insert("a prompt"), { code: "23502" });
  await assert.rejects(database.sql`select ${'{"a": a prompt'}::text::jsonb`, { code: "22P02" });
  await database.close();
  await postgres.stop();
  const log = await readFile(join(directory.path, "postgres.log"), "utf8");
  assert.match(log, /violates not-null constraint/);
  assert.doesNotMatch(log, /a prompt/);
});
