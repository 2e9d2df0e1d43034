// Setting limits, seeing what is left, alerts, and asking for more: over HTTP, and with callers of every role.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Limit } from "@auxot/wire/limit";
import {
  createLimit,
  listAlerts,
  listLimits,
  showLimitStatus,
  updateLimit,
  removeLimit,
  getLimit,
} from "@auxot/wire/operations/limits";
import { createRaiseRequest, decideRaiseRequest, listRaiseRequests } from "@auxot/wire/operations/raise-requests";
import { AppError } from "@auxot/wire/errors";
import { listSubjects } from "../src/admission/subjects.ts";
import { nameSubject } from "../src/admission/book.ts";
import { createOrgCaller, type Caller } from "../src/platform/caller.ts";
import { createLimitOperations } from "../src/records/limits/operations.ts";
import { createRaiseOperations } from "../src/records/limits/raise-operations.ts";
import { createLimitStore } from "../src/records/limits/store.ts";
import { noWebhook } from "../src/records/webhook/webhook.ts";
import { openTestDatabase } from "./harness/database.ts";
import { connectFakeWorker } from "./harness/fake-worker.ts";
import { administer, setLimit } from "./harness/limits.ts";
import { createTestOperations } from "./harness/operations.ts";
import { startTestRouter, type TestRouter } from "./harness/router.ts";

let app: TestRouter;
before(async () => {
  app = await startTestRouter();
});
after(() => app[Symbol.asyncDispose]());

const hello = { model: "auto", max_tokens: 5, messages: [{ role: "user", content: "Hi" }] };

test("what contradicts itself is refused with the field and what would be right", async () => {
  const good = { subject: "org", measure: "tokens", window: "day", amount: 5 };
  for (const [part, path] of [
    [{ subject: "planet" }, "subject"],
    [{ subjectId: "key_1" }, "subjectId"],
    [{ subject: "team" }, "subjectId"],
    [{ subject: "team", subjectId: "usr_1" }, "subjectId"],
    [{ subject: "key", subjectId: "key_" }, "subjectId"],
    [{ measure: "words" }, "measure"],
    [{ measure: "concurrency" }, "window"],
    [{ window: "hour" }, "window"],
    [{ window: null }, "window"],
    [{ measure: "money", window: "minute" }, "window"],
    [{ amount: -1 }, "amount"],
    [{ amount: 1.5 }, "amount"],
    [{ amount: "5" }, "amount"],
    [{ action: "explode" }, "action"],
    [{ action: "throttle" }, "action"],
    [{ model: "a*b" }, "model"],
  ] as const) {
    const { status, body } = await administer(app, "POST", "/api/limits", { ...good, ...part });
    assert.equal(status, 400, JSON.stringify(part));
    assert.equal((body["errors"] as readonly { path: string }[])[0]?.path, path, JSON.stringify(body));
  }
});

test("a limit is set, seen, changed and removed, each at once", async () => {
  using _ = await connectFakeWorker(app, { replies: "Hello." });
  const made = await administer(app, "POST", "/api/keys", { name: "limited" });
  const { id: keyId, key } = made.body as { id: string; key: string };
  const ask = async () => (await app.post("/v1/chat/completions", hello, { key })).status;
  const preview = await administer(app, "POST", "/api/limits?dryRun=true", {
    subject: "key",
    subjectId: keyId,
    measure: "requests",
    window: "day",
    amount: 0,
  });
  assert.equal((preview.body["changes"] as readonly object[]).length, 1);
  assert.equal(await ask(), 200, "a dry run limits nothing");
  const id = await setLimit(app, { subject: "key", subjectId: keyId, measure: "requests", window: "day", amount: 1 });
  assert.equal(await ask(), 200);
  assert.equal(await ask(), 429);
  assert.equal((await app.post("/v1/chat/completions", hello)).status, 200, "it is for that key only");
  const changed = await administer(app, "PATCH", `/api/limits/${id}`, { version: 1, amount: 2 });
  assert.partialDeepStrictEqual(changed.body, { amount: 2, version: 2, action: "block" });
  assert.equal(await ask(), 200, "one of two was used");
  assert.equal(await ask(), 429);
  assert.equal((await administer(app, "PATCH", `/api/limits/${id}`, { version: 1, amount: 3 })).status, 409);
  const wrong = await administer(app, "PATCH", `/api/limits/${id}`, { action: "throttle" });
  assert.equal(wrong.status, 400);
  assert.match(String(wrong.body["detail"]), /throttle is for limits a minute/);
  const listed = await administer(app, "GET", `/api/limits?subject=key&subjectId=${keyId}`);
  assert.equal((listed.body["items"] as readonly object[]).length, 1);
  assert.partialDeepStrictEqual((await administer(app, "GET", `/api/limits/${id}`)).body, { id, amount: 2 });
  assert.equal((await administer(app, "DELETE", `/api/limits/${id}`)).status, 200);
  assert.equal(await ask(), 200);
  assert.equal((await administer(app, "GET", `/api/limits/${id}`)).status, 404);
  assert.equal((await administer(app, "DELETE", `/api/limits/${id}`)).status, 404);
  assert.equal((await administer(app, "POST", "/api/limits", {}, key)).status, 403);
});

const person = (id: string, part: Partial<Caller> = {}): Caller => ({
  ...createOrgCaller("", id, false),
  principal: { type: "user", id },
  orgRole: "member",
  ...part,
});

test("people see the limits that count for them, ask for more, and only who may edit limits decides", async () => {
  await using database = await openTestDatabase();
  const store = createLimitStore(database);
  let changes = 0;
  const all = await store.listAll();
  assert.deepEqual(all, []);
  let limits: readonly Limit[] = [];
  const deps = {
    store,
    webhook: noWebhook,
    async onChanged() {
      changes++;
      limits = await store.listAll();
    },
    findIdsFor: (caller: Caller) =>
      limits.filter(({ subject }) => listSubjects(caller).includes(nameSubject(subject))).map(({ id }) => id),
    readUse: async () => ({ used: 7, resetsAt: null }),
  };
  const { run, audited } = createTestOperations(database, [
    ...createLimitOperations(deps),
    ...createRaiseOperations(deps),
  ]);
  const ann = person("usr_ann", { teams: [{ id: "tem_a", name: "A", role: "member" }] });
  const bob = person("usr_bob");
  const base = { measure: "tokens", window: "day", amount: 10 } as const;
  const forTeam = await run(createLimit, { ...base, subject: "team", subjectId: "tem_a" });
  const forBob = await run(createLimit, { ...base, subject: "user", subjectId: "usr_bob" });
  const forAll = await run(createLimit, { ...base, subject: "org" });

  const seenBy = async (caller: Caller) => (await run(listLimits, {}, { caller })).items.map(({ id }) => id);
  assert.deepEqual(await seenBy(ann), [forTeam.id]);
  assert.deepEqual(await seenBy(bob), [forBob.id]);
  const status = await run(showLimitStatus, {}, { caller: ann });
  assert.deepEqual(
    status.limits
      .map(({ id, used, remaining }) => ({ id, used, remaining }))
      .toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    [forTeam, forAll].map(({ id }) => ({ id, used: 7, remaining: 3 })).toSorted((a, b) => (a.id < b.id ? -1 : 1)),
  );
  await assert.rejects(run(getLimit, { id: forBob.id }, { caller: ann }), isCode("forbidden"));
  for (const operation of [updateLimit, removeLimit])
    await assert.rejects(run(operation, { id: forTeam.id }, { caller: ann }), isCode("forbidden"));
  await assert.rejects(run(listAlerts, {}, { caller: createOrgCaller("key_1", "app", false) }), isCode("forbidden"));
  assert.deepEqual((await run(listAlerts, {}, { caller: ann })).items, []);

  const ask = { limitId: forTeam.id, amount: 50, reason: "the demo" };
  const raise = await run(createRaiseRequest, ask, { caller: ann });
  assert.partialDeepStrictEqual(raise, { state: "open", askedByName: "usr_ann", amount: 50, version: 1 });
  await assert.rejects(run(createRaiseRequest, ask, { caller: bob }), isCode("not_found"));
  await assert.rejects(run(createRaiseRequest, { ...ask, amount: 10 }, { caller: ann }), isCode("invalid_request"));
  await assert.rejects(run(createRaiseRequest, { ...ask, reason: " " }, { caller: ann }), isCode("invalid_request"));
  assert.deepEqual((await run(listRaiseRequests, {}, { caller: bob })).items, []);
  assert.deepEqual((await run(listRaiseRequests, { state: "open" }, { caller: ann })).items, [raise]);
  const grant = { id: raise.id, version: 1, decision: "grant", amount: 40 };
  await assert.rejects(run(decideRaiseRequest, grant, { caller: ann }), isCode("forbidden"));
  const granted = await run(decideRaiseRequest, grant);
  assert.partialDeepStrictEqual(granted, { state: "granted", decidedByName: "owner", version: 2 });
  assert.equal((await run(getLimit, { id: forTeam.id }, { caller: ann })).amount, 40);
  await assert.rejects(run(decideRaiseRequest, { id: raise.id, decision: "decline" }), isCode("conflict"));
  const second = await run(createRaiseRequest, { ...ask, amount: 60 }, { caller: ann });
  const declined = await run(decideRaiseRequest, { id: second.id, decision: "decline", note: "next month" });
  assert.partialDeepStrictEqual(declined, { state: "declined", note: "next month" });
  assert.equal((await run(getLimit, { id: forTeam.id })).amount, 40);
  assert.equal(changes, 4, "each change of a limit is told once");
  assert.equal(audited.filter(({ target }) => target?.kind === "limit").length, 4);
});

function isCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof AppError && error.code === code;
}
