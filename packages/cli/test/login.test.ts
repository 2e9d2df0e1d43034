import assert from "node:assert/strict";
import { test } from "node:test";
import { runForTest, startScriptedRouter, type Reply } from "./scripted-router.ts";

const begun = {
  body: {
    device_code: "device",
    user_code: "BCDF-GHJK",
    verification_uri: "http://router/device",
    interval: 0,
    expires_in: 600,
  },
};
const pending = { status: 400, body: { error: "authorization_pending", error_description: "Not yet." } };

test("login shows a code, waits for the approval and prints the key alone on stdout", async (t) => {
  const replies: Reply[] = [
    pending,
    pending,
    { body: { key: "axk_mine", keyId: "key_1", expiresAt: "2026-04-01T00:00:00.000Z" } },
  ];
  const router = await startScriptedRouter(t, {
    "POST /api/auth/device/code": begun,
    get "POST /api/auth/device/token"() {
      return replies.shift() ?? pending;
    },
  });
  assert.deepEqual(await router.run(["login", "--name", "laptop"], null), {
    code: 0,
    out: "axk_mine\n",
    err:
      "Open http://router/device and approve the code BCDF-GHJK\n" +
      "Signed in until 2026-04-01. Keep the key: it is not shown again.\n",
  });
  assert.equal(router.received[0]?.body, '{"client":"laptop"}');
  assert.equal(router.received[1]?.body, '{"device_code":"device"}');
});

test("login says why it did not work", async (t) => {
  const denied = { status: 400, body: { error: "access_denied", error_description: "The sign-in was denied." } };
  const router = await startScriptedRouter(t, {
    "POST /api/auth/device/code": begun,
    "POST /api/auth/device/token": denied,
  });
  const printed = await router.run(["login"], null);
  assert.equal(printed.code, 1);
  assert.match(printed.err, /did not work: The sign-in was denied\.\n$/);
  const limited = await startScriptedRouter(t, {
    "POST /api/auth/device/code": { status: 429, body: { detail: "Too many tries. Try again in 9 s." } },
  });
  assert.match((await limited.run(["login"], null)).err, /Too many tries/);
  const nobody = await runForTest(["login"], "http://127.0.0.1:1", null);
  assert.equal(nobody.code, 1);
  assert.match(nobody.err, /No router answers at http:\/\/127\.0\.0\.1:1/);
});
