import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createRedact } from "./redact.ts";

const redact = createRedact([]);

test("addresses, numbers and credentials are taken out, and named", () => {
  for (const [text, expected] of [
    ["write to ada.b+x@mail.example.org now", "write to [email] now"],
    ["call +49 (0)30 901820-0 today", "call [phone] today"],
    ["card 4111 1111 1111 1111.", "card [card]."],
    ["DE89 3704 0044 0532 0130 00 is it", "[iban] is it"],
    ["key sk-ant-api03-abcdefghijklmnop", "key [key]"],
    ["ghp_abcdefghijklmnopqrstuvwxyz123456", "[key]"],
    ["eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjMifQ.c2lnbmF0dXJl", "[token]"],
    ['{"password": "hunter22"}', '{"password": "[password]"}'],
    [
      String.raw`{"arguments": "{\"password\": \"hunter22\"}"}`,
      String.raw`{"arguments": "{\"password\": \"[password]\"}"}`,
    ],
    ["DB_PASSWORD=hunter22 client_secret: 'hunter22'", "DB_PASSWORD=[password] client_secret: '[password]'"],
    ["AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG", "AWS_SECRET_ACCESS_KEY=[password]"],
    ["Authorization: Bearer abc.def-123456", "Authorization: Bearer [token]"],
    ["postgres://app:hunter22@db.example.org/app", "postgres://app:[password]@db.example.org/app"],
    ["sk_live_abcdefghijklmnop ASIAABCDEFGHIJKLMNOP", "[key] [key]"],
    ["-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY----- end", "[private key] end"],
  ] as const) {
    assert.equal(redact(text), expected);
  }
});

test("numbers that only look like it stay", () => {
  for (const text of [
    "order 4111111111111112",
    "in 2026-11-23 at 12:00",
    "pi is 3.14159265358979",
    "the secretary: Jane; max_tokens: 4096",
    "a bearer of news",
    "https://example.org:8080/path@2",
    "DE00 1234 5678 9012 3456 78",
  ]) {
    assert.equal(redact(text), text);
  }
});

test("words of one's own go wherever they stand, the longer ones first, and are no patterns", () => {
  assert.equal(
    createRedact(["Proj", "Project X", "a.b"])("project x of PROJ, a.b not aXb"),
    "[word] of [word], [word] not aXb",
  );
});

test("what was redacted stays as it is, and no text takes long", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => {
      const once = redact(text);
      assert.equal(redact(once), once);
    }),
  );
  for (const piece of [
    "a@",
    "1 ",
    "+1 ",
    "-----BEGIN PRIVATE KEY-----",
    "password=",
    "eyJ",
    "DE89 ",
    "bearer ",
    "://a:",
    'secret_a\\"',
    "api-key: ",
  ]) {
    redact(piece.repeat(200_000 / piece.length));
  }
});
