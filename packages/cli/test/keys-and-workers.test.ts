import assert from "node:assert/strict";
import { test } from "node:test";
import { runForTest, startScriptedRouter } from "./scripted-router.ts";

const key = {
  id: "key_1",
  name: "laptop",
  kind: "caller",
  admin: false,
  provider: null,
  masked: "axk_1234…wxyz",
  createdAt: "2026-01-01T00:00:00.000Z",
  revokedAt: null,
  description: "",
  owner: { type: "org", id: null, name: "the organisation" },
  scopes: null,
  models: null,
  agents: null,
  ipRanges: null,
  expiresAt: null,
  oldTextUntil: null,
  lastUsedAt: null,
  lastUsedFrom: null,
  version: 1,
};
const workerKey = {
  ...key,
  id: "key_22",
  name: "box",
  kind: "worker",
  provider: "gpu",
  masked: "axw_5678…abcd",
  revokedAt: "2026-01-02T00:00:00.000Z",
};

const used = { ...key, lastUsedAt: "2026-01-01T00:00:40.000Z", expiresAt: "2026-02-01T00:00:00.000Z" };
const ended = { ...key, id: "key_3", name: "ended", expiresAt: "2025-12-31T00:00:00.000Z" };

test("keys create prints the key alone on stdout, and what it is on stderr", async (t) => {
  const router = await startScriptedRouter(t, { "POST /api/keys": { body: { ...key, key: "axk_secret" } } });
  assert.deepEqual(await router.run(["keys", "create", "--name", "laptop"]), {
    code: 0,
    out: "axk_secret\n",
    err: 'This is the key "laptop" (key_1). Keep it: it is not shown again.\n',
  });
  assert.equal(router.received[0]?.body, '{"name":"laptop"}');
  assert.equal(router.received[0].headers["authorization"], "Bearer axk_test");
});

test("keys create makes worker keys for a provider", async (t) => {
  const router = await startScriptedRouter(t, { "POST /api/keys": { body: { ...workerKey, key: "axw_secret" } } });
  const printed = await router.run(["keys", "create", "--name", "box", "--worker", "--provider", "gpu"]);
  assert.equal(printed.out, "axw_secret\n");
  assert.equal(router.received[0]?.body, '{"name":"box","kind":"worker","provider":"gpu"}');
});

test("keys create refuses options that contradict each other", async () => {
  const args = ["keys", "create", "--name", "a", "--worker", "--kind", "caller"];
  const { code, err } = await runForTest(args, "http://unused", "k");
  assert.equal(code, 2);
  assert.match(err, /^--worker and --kind caller contradict each other\.\n/);
});

test("keys list shows a table", async (t) => {
  const router = await startScriptedRouter(t, {
    "GET /api/keys": { body: { items: [workerKey, ended, used], nextCursor: null } },
  });
  assert.deepEqual(await router.run(["keys", "list"]), {
    code: 0,
    out: `ID      NAME    KIND    OWNER  KEY            LAST USED  STATE
key_22  box     worker  gpu    axw_5678…abcd  never      revoked 2026-01-02
key_3   ended   caller  org    axk_1234…wxyz  never      expired 2025-12-31
key_1   laptop  caller  org    axk_1234…wxyz  20 s ago   until 2026-02-01
`,
    err: "",
  });
});

test("lists of people and of how they come in tell their state, and an empty one what to do", async (t) => {
  const user = { id: "usr_1", email: "olga@example.com", name: "Olga", role: "owner", origin: "setup", managed: false };
  const more = { twoFactor: true, version: 1, createdAt: "2026-01-01T00:00:00.000Z", lastSignInAt: null };
  const items = [{ ...user, ...more, deactivatedAt: "2026-01-02T00:00:00.000Z" }];
  const router = await startScriptedRouter(t, {
    "GET /api/users": { body: { items, nextCursor: null } },
    "GET /api/invitations": { body: { items: [], nextCursor: null } },
  });
  assert.equal(
    (await router.run(["users", "list"])).out,
    `ID     NAME  EMAIL             ROLE   STATE                   SECOND FACTOR  FROM
usr_1  Olga  olga@example.com  owner  deactivated 2026-01-02  app            setup
`,
  );
  assert.match((await router.run(["invitations", "list"])).err, /Invite somebody: npx auxot invitations create/);
});

test("keys list --json prints what the router said", async (t) => {
  const router = await startScriptedRouter(t, { "GET /api/keys": { body: { items: [key], nextCursor: null } } });
  const printed = await router.run(["keys", "list", "--json"]);
  assert.deepEqual(JSON.parse(printed.out), { items: [key], nextCursor: null });
});

test("keys revoke says what was revoked", async (t) => {
  const router = await startScriptedRouter(t, { "DELETE /api/keys/key_1": { body: key } });
  assert.deepEqual(await router.run(["keys", "revoke", "key_1"]), {
    code: 0,
    out: 'Revoked "laptop" (axk_1234…wxyz).\n',
    err: "",
  });
});

test("the router's refusal is printed, with exit code 1", async (t) => {
  const refusal = { status: 403, body: { code: "forbidden", detail: "This key is not an admin's." } };
  const router = await startScriptedRouter(t, { "GET /api/keys": refusal });
  assert.deepEqual(await router.run(["keys", "list"]), { code: 1, out: "", err: "This key is not an admin's.\n" });
  assert.deepEqual(JSON.parse((await router.run(["keys", "list", "--json"])).out), {
    error: { code: "forbidden", message: "This key is not an admin's." },
  });
});

test("without a key it says where to get one", async () => {
  const { code, err } = await runForTest(["keys", "list"], "http://unused", null);
  assert.equal(code, 1);
  assert.match(err, /^No key was given\. Pass --key axk_… or set AUXOT_KEY\./);
});

const worker = {
  id: "wrk_1",
  name: "box",
  kind: "gpu",
  provider: "gpu",
  engine: "embedded",
  version: "0.1.0",
  state: "online",
  hardware: { os: "linux", arch: "x64", cpus: 2, memoryBytes: 1, gpus: [] },
  models: [
    { model: "auxot-demo", slots: 4, busySlots: 1 },
    { model: "auxot-echo", slots: 2, busySlots: 0 },
  ],
  connectedAt: "2026-01-01T00:00:00.000Z",
  lastSeenAt: "2026-01-01T00:00:57.000Z",
};

test("workers shows who is connected, how busy, and when last seen", async (t) => {
  const router = await startScriptedRouter(t, { "GET /api/workers": { body: { items: [worker], nextCursor: null } } });
  assert.deepEqual(await router.run(["workers"]), {
    code: 0,
    out: `NAME  STATE   TIER  PROVIDER  MODELS                  BUSY      LAST SEEN
box   online  gpu   gpu       auxot-demo, auxot-echo  1/4, 0/2  3 s ago
`,
    err: "",
  });
});

test("workers shows the CLI tier, and for how long a model with a used-up limit rests", async (t) => {
  const models = [
    { model: "claude-code/sonnet", slots: 4, busySlots: 0, load: 1, restsUntil: "2026-01-01T02:31:00.000Z" },
    { model: "claude-code/haiku", slots: 4, busySlots: 2, load: 0.5, restsUntil: "2026-01-01T00:00:59.000Z" },
  ];
  const cli = { ...worker, name: "desk", kind: "cli", provider: "cli", models };
  const router = await startScriptedRouter(t, { "GET /api/workers": { body: { items: [cli], nextCursor: null } } });
  const { out } = await router.run(["workers"]);
  assert.match(out, /^desk +online +cli +cli +claude-code\/sonnet, claude-code\/haiku +rests 2 h, 2\/4 /m);
});

test("workers without any says how to connect one", async (t) => {
  const router = await startScriptedRouter(t, { "GET /api/workers": { body: { items: [], nextCursor: null } } });
  const { code, out, err } = await router.run(["workers"]);
  assert.deepEqual([code, out], [0, ""]);
  assert.match(err, /^No worker is connected\. .*\n {2}AUXOT_WORKER_KEY=axw_… npx auxot-worker gpu --router http:/);
});
