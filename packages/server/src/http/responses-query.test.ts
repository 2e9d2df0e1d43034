import assert from "node:assert/strict";
import { test } from "node:test";
import { AppError } from "@auxot/wire/errors";
import { readListQuery, readRetrieveQuery } from "./responses-query.ts";

function read(text: string) {
  return readRetrieveQuery(new URLSearchParams(text));
}

test("the query of a response is read as the openai package and others write it", () => {
  assert.deepEqual(read(""), { stream: false, startingAfter: -1 });
  assert.deepEqual(read("stream=true&starting_after=0"), { stream: true, startingAfter: 0 });
  assert.deepEqual(read("stream=false&include_obfuscation=false&new=1"), { stream: false, startingAfter: -1 });
  for (const include of [
    "include[]=reasoning.encrypted_content",
    "include=reasoning.encrypted_content,message.output_text.logprobs",
  ])
    assert.equal(read(include).stream, false);
});

test("a wrong value in a query names its parameter", () => {
  const wrong: readonly (readonly [string, string])[] = [
    ["stream=1", "stream"],
    ["stream=", "stream"],
    ["stream=true&starting_after=1.5", "starting_after"],
    ["stream=true&starting_after=", "starting_after"],
    ["stream=true&starting_after=99999999999999999999", "starting_after"],
    ["starting_after=1", "starting_after"],
    ["include=reasoning", "include"],
    ["include_obfuscation=no", "include_obfuscation"],
  ];
  for (const [text, param] of wrong) {
    assert.throws(
      () => read(text),
      (error: unknown) => error instanceof AppError && error.code === "invalid_request" && error.param === param,
      text,
    );
  }
  for (const [text, param] of [
    ["limit=", "limit"],
    ["limit=1e1", "limit"],
    ["order=ASC", "order"],
  ] as const) {
    assert.throws(
      () => readListQuery(new URLSearchParams(text)),
      (error: unknown) => error instanceof AppError && error.param === param,
      text,
    );
  }
});

test("a list is the newest twenty unless asked otherwise", () => {
  assert.deepEqual(readListQuery(new URLSearchParams()), { limit: 20, order: "desc" });
  assert.deepEqual(readListQuery(new URLSearchParams("limit=100&order=asc&after=a&before=b")), {
    limit: 100,
    order: "asc",
    after: "a",
    before: "b",
  });
});
