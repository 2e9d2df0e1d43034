import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempDisposable, readFile, stat } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { createSecret } from "../../src/platform/secret-text.ts";
import { csvHeader, toCsvLine, toJsonLine } from "../../src/records/audit/export.ts";
import { createCollectorSink, createFileSink, type AuditSink } from "../../src/records/audit/sinks.ts";
import { createAuditStream } from "../../src/records/audit/stream.ts";
import { createDeliveryClaims } from "../../src/store/delivery-claims.ts";
import { createAuditWriter } from "../../src/records/audit/writer.ts";
import { createTestAudit, entryOf } from "../harness/audit.ts";
import { openTestDatabase } from "../harness/database.ts";
import { quietLog as log } from "../harness/quiet-log.ts";

async function setUp() {
  const database = await openTestDatabase();
  const audit = createTestAudit(database, tmpdir());
  const state = { now: audit.clock.now() };
  const clock = { now: () => state.now };
  return {
    ...audit,
    clock,
    state,
    openStream: (sink: AuditSink, owner = "router 1") =>
      createAuditStream({ store: audit.store, claims: createDeliveryClaims(database), sink, owner, clock, log }),
    [Symbol.asyncDispose]: () => database.close(),
  };
}

/** A collector over HTTP that answers with the statuses it is given, then 200. */
async function openCollector(statuses: number[] = []) {
  const taken: { readonly seqs: readonly number[]; readonly authorization: string | undefined }[] = [];
  const server = createServer(async (request, response) => {
    const lines = (await text(request)).trim().split("\n");
    const status = statuses.shift() ?? 200;
    if (status === 200) {
      const seqs = lines.map((line) => (JSON.parse(line) as { seq: number }).seq);
      taken.push({ seqs, authorization: request.headers.authorization });
    }
    response.writeHead(status).end("thanks");
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  return {
    taken,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/audit`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

test("streams every entry to a collector in order, in batches, and goes on where it was", async () => {
  await using house = await setUp();
  await using collector = await openCollector();
  await house.append(Array.from({ length: 1200 }, (_, at) => entryOf(`k${at}`)));
  const sink = createCollectorSink({ url: collector.url, token: createSecret("collector-token") });
  assert.equal(await house.openStream(sink).pump(), 1200);
  await house.append(entryOf("later"));
  assert.equal(await house.openStream(sink).pump(), 1);
  assert.deepEqual(
    collector.taken.map(({ seqs }) => [seqs[0], seqs.at(-1), seqs.length]),
    [
      [1, 500, 500],
      [501, 1000, 500],
      [1001, 1200, 200],
      [1201, 1201, 1],
    ],
  );
  assert.equal(collector.taken[0]?.authorization, "Bearer collector-token");
});

test("long entries go in bodies that a collector takes, however many wait", async () => {
  await using house = await setUp();
  await using collector = await openCollector();
  const after = { text: "x".repeat(60_000) };
  await house.append(Array.from({ length: 60 }, (_, at) => entryOf(`k${at}`, { before: after, after })));
  await house.append(Array.from({ length: 5 }, (_, at) => entryOf(`short${at}`)));
  const sink = createCollectorSink({ url: collector.url });
  const bodies: number[] = [];
  const measured: AuditSink = {
    name: sink.name,
    send(rows, signal) {
      bodies.push(rows.map(toJsonLine).join("").length);
      return sink.send(rows, signal);
    },
  };
  assert.equal(await house.openStream(measured).pump(), 65);
  assert.ok(Math.max(...bodies) < 1_100_000, `${bodies.join(", ")}`);
  assert.ok(bodies.length < 20, `${bodies.join(", ")}`);
  assert.deepEqual(
    collector.taken.flatMap(({ seqs }) => seqs),
    Array.from({ length: 65 }, (_, at) => at + 1),
  );
});

test("a collector that refuses or is away gets the same entries again, and nothing else is harmed", async () => {
  await using house = await setUp();
  await using collector = await openCollector([500, 302]);
  await house.append([entryOf("a"), entryOf("b")]);
  const stream = house.openStream(createCollectorSink({ url: collector.url }));
  await assert.rejects(stream.pump(), /answered 500/);
  await assert.rejects(stream.pump());
  await house.append(entryOf("c"));
  assert.equal(await stream.pump(), 3);
  assert.deepEqual(
    collector.taken.map(({ seqs }) => seqs),
    [[1, 2, 3]],
  );
  const away = house.openStream(createCollectorSink({ url: "http://127.0.0.1:1/" }));
  await assert.rejects(away.pump());
  assert.equal((await house.verify()).ok, true);
});

test("one of two routers tells a collector, and the other takes over when the first is gone", async () => {
  await using house = await setUp();
  await using collector = await openCollector();
  const sink = createCollectorSink({ url: collector.url });
  await house.append(entryOf("a"));
  assert.equal(await house.openStream(sink, "router 1").pump(), 1);
  await house.append(entryOf("b"));
  const second = house.openStream(sink, "router 2");
  assert.equal(await second.pump(), 0);
  house.state.now += 100_000;
  assert.equal(await second.pump(), 1);
  await second.close();
  await house.append(entryOf("c"));
  assert.equal(await house.openStream(sink, "router 1").pump(), 1, "at once after an orderly end");
});

test("streams to a file that only its owner reads, as the lines an export has", async () => {
  await using house = await setUp();
  await using directory = await mkdtempDisposable(join(tmpdir(), "auxot-test-"));
  const file = join(directory.path, "log", "audit.jsonl");
  await house.append([entryOf("a"), entryOf("b")]);
  await house.openStream(createFileSink(file)).pump();
  await house.append(entryOf("c"));
  await house.openStream(createFileSink(file)).pump();
  const rows = await house.store.readAfter(0, 10);
  assert.equal(await readFile(file, "utf8"), rows.map(toJsonLine).join(""));
  assert.equal((await stat(file)).mode & 0o777, 0o600);
});

test("whoever has an export can check the chain by what the guide says, without Auxot", async () => {
  await using house = await setUp();
  await house.append([
    entryOf("a", { before: { z: 1, a: { y: [1.5, null], b: "ü\u0000" } }, after: null }),
    entryOf("b", { target: null, reason: "because" }),
  ]);
  const sorted = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(sorted);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .toSorted(([one], [other]) => (one < other ? -1 : 1))
        .map(([name, inner]) => [name, sorted(inner)]),
    );
  };
  const toText = (value: unknown) => (value === null ? null : JSON.stringify(sorted(value)));
  let previous = "0".repeat(64);
  for (const row of await house.store.readAfter(0, 10)) {
    const { hash, ...fields } = JSON.parse(toJsonLine(row)) as Record<string, unknown>;
    const kept = { ...fields, before: toText(fields["before"]), after: toText(fields["after"]) };
    assert.equal(
      hash,
      createHash("sha256")
        .update(`${previous}\n${JSON.stringify(sorted(kept))}`)
        .digest("hex"),
    );
    previous = String(hash);
  }
});

test("exports CSV that neither breaks at commas and quotes nor runs as a formula", async () => {
  await using house = await setUp();
  await house.append(entryOf('=HYPERLINK("x"), and more', { userAgent: "two\nlines", reason: null }));
  const [row] = await house.store.readAfter(0, 10);
  assert.ok(row !== undefined);
  const line = toCsvLine(row);
  assert.match(line, /,"'=HYPERLINK\(""x""\), and more",success,,api,/);
  assert.match(line, /,"two\nlines",/);
  assert.match(toCsvLine({ ...row, actorName: "  =1+1" }), /,'  =1\+1,/);
  assert.equal(csvHeader.split(",").length, 20);
});

test("filters by who, what, when and outcome, and pages both ways", async () => {
  await using house = await setUp();
  await house.append([
    entryOf("a", { action: "keys.create", at: new Date("2026-01-01T00:00:00Z") }),
    entryOf("b", { action: "keys.revoke", outcome: "denied", reason: "may not" }),
    entryOf("c", { action: "keysets.make", ip: null, actor: { type: "system", id: "", name: "Auxot", keyId: "" } }),
  ]);
  const find = async (filter: Parameters<typeof house.store.list>[0], sort = "seq") =>
    (await house.store.list(filter, { sort, limit: 50 })).items.map((row) => row.targetName);
  assert.deepEqual(await find({}, "-seq"), ["c", "b", "a"]);
  assert.deepEqual(await find({ action: "keys.*" }), ["a", "b"]);
  assert.deepEqual(await find({ action: "keys.revoke" }), ["b"]);
  assert.deepEqual(await find({ outcome: "denied" }), ["b"]);
  assert.deepEqual(await find({ actorId: "usr_1", ip: "192.0.2.1", targetId: "key_1" }), ["a", "b"]);
  assert.deepEqual(await find({ since: new Date("2026-02-01T00:00:00Z") }), ["b", "c"]);
  assert.deepEqual(await find({ until: new Date("2026-02-01T00:00:00Z") }), ["a"]);
  const first = await house.store.list({}, { sort: "seq", limit: 2 });
  const second = await house.store.list({}, { sort: "seq", limit: 2, cursor: first.nextCursor ?? "" });
  assert.deepEqual(
    [...first.items, ...second.items].map((row) => row.seq),
    [1, 2, 3],
  );
  assert.equal(second.nextCursor, null);
});

test("frequent records wait while the database is away, and those too many are counted in an entry", async () => {
  await using house = await setUp();
  let away = true;
  const writer = createAuditWriter({
    append: async (records) => {
      if (away) throw new Error("connect ECONNREFUSED");
      await house.append(records);
    },
    clock: house.clock,
    log,
    maxRecords: 3,
  });
  for (let at = 0; at < 5; at++) writer.note(entryOf(`k${at}`, { action: "secrets.read" }));
  await assert.rejects(writer.flush());
  away = false;
  await writer.close();
  const rows = await house.store.readAfter(0, 10);
  assert.deepEqual(
    rows.map((row) => `${row.action} ${row.after}`),
    [
      'secrets.read {"name":"k0"}',
      'secrets.read {"name":"k1"}',
      'secrets.read {"name":"k2"}',
      'audit.lost {"records":2}',
    ],
  );
});
