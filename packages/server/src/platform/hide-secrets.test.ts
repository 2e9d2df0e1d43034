import assert from "node:assert/strict";
import { test } from "node:test";
import { createKeyText } from "@auxot/wire/key-format";
import { hideSecrets } from "./hide-secrets.ts";
import { createLog } from "./log.ts";
import { createSecret } from "./secret-text.ts";

test("hides what is named as a credential, in any spelling and depth", () => {
  const names = [
    "authorization",
    "Proxy-Authorization",
    "apiKey",
    "x-api-key",
    "api_key",
    "secretKey",
    "clientSecret",
    "password",
    "newPassword",
    "access_token",
    "refreshToken",
    "sessionToken",
    "cookie",
    "set-cookie",
    "privateKey",
    "credentials",
    "otp",
    "totp",
  ];
  for (const name of names) {
    assert.deepEqual(hideSecrets({ [name]: "s3cret" }), { [name]: "[secret]" });
    const deep = { response: { list: [{ headers: { [name]: ["s3cret"] } }] } };
    assert.doesNotMatch(JSON.stringify(hideSecrets(deep)), /s3cret/, name);
  }
});

test("leaves counts, ids and everything else as they are, the very same object", () => {
  const fields = {
    usage: { inputTokens: 1, outputTokens: 2 },
    firstTokenMs: 3,
    keyId: "key_1",
    keyName: "app",
    model: "axiom-7b",
    cookies: false,
    at: new Date(0),
  };
  assert.equal(hideSecrets(fields), fields);
  assert.equal(fields.at.getTime(), 0);
});

test("hides Auxot's own keys wherever they stand in a text", () => {
  const key = createKeyText("caller");
  const fields = { path: `/v1/models/${key}`, list: [`a ${createKeyText("worker")} b`] };
  assert.deepEqual(hideSecrets(fields), { path: "/v1/models/[secret]", list: ["a [secret] b"] });
  assert.equal(fields.path, `/v1/models/${key}`, "what was given is not changed");
});

test("the log hides in lines, in what children add, and in errors", () => {
  const lines: string[] = [];
  const log = createLog("info", (line) => void lines.push(line));
  const key = createKeyText("caller");
  const error = Object.assign(new Error(`no such key: ${key}`), { config: { headers: { authorization: "s3cret" } } });
  log.child({ password: "s3cret", wrapped: createSecret("s3cret") }).info({ request: { apiKey: "s3cret" } }, "hello");
  log.error({ err: error }, "oh");
  const written = lines.join("");
  assert.doesNotMatch(written, /s3cret/);
  assert.ok(!written.includes(key));
  const [first, second] = lines.map((line) => JSON.parse(line));
  assert.deepEqual(first.request, { apiKey: "[secret]" });
  assert.equal(first.password, "[secret]");
  assert.equal(second.err.message, "no such key: [secret]");
  assert.match(second.err.stack, /hide-secrets\.test/);
});

test("what refers to itself ends", () => {
  const loop: Record<string, unknown> = { password: "s3cret" };
  loop["self"] = loop;
  assert.equal(hideSecrets(loop)["password"], "[secret]");
});
