import assert from "node:assert/strict";
import { test } from "node:test";
import { createKeyText } from "@auxot/wire/key-format";
import { createOrgCaller } from "../../platform/caller.ts";
import { createLog } from "../../platform/log.ts";
import { createPepper } from "../../platform/sealing.ts";
import { createSecret } from "../../platform/secret-text.ts";
import { createIdentifier } from "./identify.ts";
import type { FoundKey } from "./store.ts";

const text = createKeyText("caller");
const unlimited = {
  scopes: null,
  models: null,
  ipRanges: null,
  holderId: null,
  rights: null,
  expiresAt: null,
  textUntil: null,
} as const;
const caller: FoundKey = { ...unlimited, id: "key_1", name: "app", kind: "caller", admin: true, provider: null };

/** The database is the edge: it answers from a list, when told to. */
function setUp(found: (hmac: Uint8Array) => FoundKey | undefined | Promise<FoundKey | undefined>) {
  const state = { now: 0, questions: 0 };
  const pepper = createPepper(createSecret("a secret key of thirty-two letters"));
  const identifier = createIdentifier({
    store: {
      find: async (hmac) => {
        state.questions++;
        return found(hmac);
      },
    },
    pepper,
    clock: { now: () => state.now },
    log: createLog("fatal"),
  });
  return { state, pepper, ...identifier };
}

test("knows a key for 60 s without asking again", async () => {
  const { state, identify } = setUp(() => caller);
  const identity = createOrgCaller("key_1", "app", true);
  assert.deepEqual(await identify(text), identity);
  state.now = 59_999;
  assert.deepEqual(await identify(text), identity);
  assert.equal(state.questions, 1);
  state.now = 60_000;
  await identify(text);
  assert.equal(state.questions, 2);
});

test("remembers an unknown key for 5 s", async () => {
  const { state, identify } = setUp(() => undefined);
  assert.equal(await identify(text), undefined);
  state.now = 4_999;
  assert.equal(await identify(text), undefined);
  assert.equal(state.questions, 1);
  state.now = 5_000;
  await identify(text);
  assert.equal(state.questions, 2);
});

test("refuses mistyped, short and endless keys without asking the database", async () => {
  const { state, identify } = setUp(() => caller);
  const last = text.at(-1) === "0" ? "1" : "0";
  for (const wrong of [text.slice(0, -1) + last, text.slice(0, -1), "axz_x", "short", "", "x".repeat(513)]) {
    assert.equal(await identify(wrong), undefined);
  }
  assert.equal(state.questions, 0);
});

test("asks once for many callers with the same new key", async () => {
  const answer = Promise.withResolvers<FoundKey>();
  const { state, identify } = setUp(() => answer.promise);
  const all = Promise.all(Array.from({ length: 50 }, () => identify(text)));
  answer.resolve(caller);
  assert.equal(new Set((await all).map((identity) => identity?.keyId)).size, 1);
  assert.equal(state.questions, 1);
});

test("asks again when a key was revoked while the answer was on its way", async () => {
  const answer = Promise.withResolvers<FoundKey | undefined>();
  let revoked = false;
  const { state, identify, forget } = setUp(() => (revoked ? undefined : answer.promise));
  const early = identify(text);
  revoked = true;
  forget();
  answer.resolve(caller);
  assert.equal(await early, undefined);
  assert.equal(await identify(text), undefined);
  assert.equal(state.questions, 2);
});

test("lets a known key through for 15 minutes while the database is away, and tells others to try again", async () => {
  let away = false;
  const { state, identify } = setUp(() => {
    if (away) throw new Error("connect ECONNREFUSED");
    return caller;
  });
  await identify(text);
  away = true;
  state.now = 100_000;
  assert.equal((await identify(text))?.keyId, "key_1");
  state.now = 104_999;
  assert.equal((await identify(text))?.keyId, "key_1");
  assert.equal(state.questions, 2);
  state.now = 15 * 60_000;
  await assert.rejects(identify(text), { code: "no_capacity" });
  await assert.rejects(identify(createKeyText("caller")), { code: "no_capacity", retryAfterMs: 1000 });
});

test("takes a worker key only while its provider takes workers", async () => {
  const worker = { ...unlimited, id: "key_2", name: "rack", kind: "worker", admin: false } as const;
  const provider = { id: "prv_1", name: "rack", kind: "gpu" } as const;
  const key = createKeyText("worker");
  assert.deepEqual(await setUp(() => ({ ...worker, provider })).identify(key), {
    kind: "worker",
    keyId: "key_2",
    name: "rack",
    provider,
  });
  assert.equal(await setUp(() => ({ ...worker, provider: null })).identify(key), undefined);
  assert.equal(await setUp(() => ({ ...worker, provider: { ...provider, kind: "cloud" } })).identify(key), undefined);
});
