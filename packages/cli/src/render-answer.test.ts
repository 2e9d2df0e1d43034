import assert from "node:assert/strict";
import { test } from "node:test";
import { isList } from "@auxot/wire/operations/describe";
import { listKeys } from "@auxot/wire/operations/keys";
import { queryUsage } from "@auxot/wire/operations/usage";
import type { Operation } from "@auxot/wire/operations/define-operation";
import { renderFields } from "./render-answer.ts";

test("lists of things inside an answer are tables below its fields, without columns that are empty everywhere", () => {
  const text = renderFields({
    bucket: "day",
    totals: { requests: 2 },
    groups: [
      { key: { model: "a" }, requests: 1, note: null },
      { key: { model: "b" }, requests: 1, note: null },
    ],
    tags: ["x", "y"],
    none: [],
  });
  assert.equal(
    text,
    [
      "bucket           day",
      "totals.requests  2",
      "tags             x, y",
      "none             -",
      "",
      "GROUPS",
      "KEY.MODEL  REQUESTS",
      "a          1",
      "b          1",
      "",
    ].join("\n"),
  );
});

test("sums that have a cursor for their groups are no list", () => {
  assert.equal(isList(queryUsage as unknown as Operation), false);
  assert.equal(isList(listKeys as unknown as Operation), true);
});
