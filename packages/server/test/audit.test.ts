// The audit log over HTTP: what operations did stands in it, is exported and proved.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { startTestRouter, type TestRouter } from "./harness/router.ts";

type Json = Readonly<Record<string, unknown>>;
type Entry = { readonly action: string; readonly outcome: string; readonly actor: Json; readonly target: Json | null };

let app: TestRouter;
before(async () => {
  app = await startTestRouter({ config: { audit: { retentionDays: 0, file: "audit.jsonl" } } });
});
after(() => app[Symbol.asyncDispose]());

async function read<Answer>(path: string): Promise<Answer> {
  const response = await app.get(path);
  assert.equal(response.status, 200, await response.clone().text());
  return (await response.json()) as Answer;
}

test("a key that was made stands in the log with who, what and from where, and without its text", async () => {
  const made = (await (await app.post("/api/keys", { name: "build" })).json()) as { id: string; key: string };
  const { items } = await read<{ items: Entry[] }>("/api/audit?action=keys.*&limit=1");
  const [entry] = items;
  assert.deepEqual(
    {
      ...entry,
      before: undefined,
      after: undefined,
      hash: undefined,
      at: undefined,
      id: undefined,
      userAgent: undefined,
    },
    {
      seq: 1,
      id: undefined,
      at: undefined,
      actor: { type: "system", id: "", name: "bootstrap", keyId: entry?.actor["keyId"] },
      action: "keys.create",
      target: { kind: "key", id: made.id, name: "build" },
      outcome: "success",
      reason: null,
      face: "api",
      ip: "127.0.0.1",
      userAgent: undefined,
      requestId: (entry as unknown as Json)["requestId"],
      before: undefined,
      after: undefined,
      hash: undefined,
    },
  );
  assert.ok(!JSON.stringify(items).includes(made.key));
});

test("a refused act stands in the log, a dry run does not", async () => {
  const plain = (await (await app.post("/api/keys", { name: "plain" })).json()) as { key: string };
  await app.post("/api/keys?dryRun=true", { name: "tried" });
  const refused = await app.post("/api/keys", { name: "mine" }, { key: plain.key });
  assert.equal(refused.status, 403);
  const { items } = await read<{ items: Entry[] }>("/api/audit?sort=-seq&limit=2");
  assert.deepEqual(
    items.map(({ outcome, actor, target }) => [outcome, actor["name"], target?.["name"]]),
    [
      ["denied", "plain", undefined],
      ["success", "bootstrap", "plain"],
    ],
  );
});

test("the log is exported in parts, as JSON lines or CSV, and proved", async () => {
  const of = "action=keys.*";
  const first = await read<{ text: string; nextCursor: string }>(`/api/audit/export?${of}&format=csv&limit=1`);
  const second = await read<{ text: string }>(`/api/audit/export?${of}&format=csv&cursor=${first.nextCursor}`);
  const lines = (first.text + second.text).trim().split("\r\n");
  assert.equal(lines.filter((line) => line.startsWith("seq,")).length, 1);
  const { text } = await read<{ text: string }>(`/api/audit/export?${of}`);
  assert.equal(text.trim().split("\n").length, lines.length - 1);
  const proof = await read<Json>("/api/audit/verify");
  assert.equal(proof["ok"], true, JSON.stringify(proof));
  assert.equal(proof["entries"], lines.length - 1 + 3, "the three readings are entries too");
  const { items } = await read<{ items: readonly Json[] }>("/api/audit?action=audit.export&sort=seq");
  assert.equal(items.length, 3);
  assert.partialDeepStrictEqual(items[0], {
    outcome: "success",
    after: { format: "csv", filter: { action: "keys.*" }, entries: 1, fromSeq: 1 },
  });
});

test("a filter that cannot be is refused with its field", async () => {
  for (const [query, field] of [
    ["since=yesterday", "since"],
    ["outcome=fine", "outcome"],
    ["actor=x", "actor"],
    ["cursor=x", "cursor"],
  ]) {
    const response = await app.get(`/api/audit?${query}`);
    assert.equal(response.status, 400);
    assert.match(await response.text(), new RegExp(field ?? ""));
  }
});

test("only those who may read the log read it", async () => {
  const plain = (await (await app.post("/api/keys", { name: "plain" })).json()) as { key: string };
  for (const path of ["/api/audit", "/api/audit/export", "/api/audit/verify"]) {
    assert.equal((await app.get(path, { key: plain.key })).status, 403);
  }
});

test("at a stop the end of the log is anchored, in a file beside the database", async () => {
  await app.router.stop();
  const anchors = (await readFile(join(app.dataDir, "audit-anchors.jsonl"), "utf8")).trim().split("\n");
  assert.ok((JSON.parse(anchors.at(-1) ?? "") as { seq: number }).seq >= 4);
});
