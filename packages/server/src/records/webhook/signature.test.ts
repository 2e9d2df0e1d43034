import assert from "node:assert/strict";
import { test } from "node:test";
import { createSecret } from "../../platform/secret-text.ts";
import { readWebhookKey, signWebhook } from "./signature.ts";

const encode = (length: number): string => Buffer.alloc(length, 7).toString("base64");

test("signs as the libraries of Standard Webhooks do", () => {
  // Their own example.
  const secret = createSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
  assert.deepEqual(signWebhook(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, '{"test": 2432232314}'), {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
  });
});

test("a secret is 24 to 64 bytes in base64, behind whsec_ or not", () => {
  assert.deepEqual(readWebhookKey(`whsec_${encode(32)}`), readWebhookKey(encode(32)));
  assert.equal(readWebhookKey(encode(24))?.length, 24);
  assert.equal(readWebhookKey(encode(64))?.length, 64);
  for (const text of [encode(23), encode(65), "", "whsec_", "a password with spaces in it, long", "é".repeat(40)]) {
    assert.equal(readWebhookKey(text), undefined, text);
  }
});
