import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { explainIssue } from "./explain-issue.ts";

function explain(schema: z.ZodType, value: unknown): readonly string[] {
  return schema.safeParse(value, { reportInput: true }).error?.issues.map(explainIssue) ?? [];
}

test("what is wrong with a value is said without the words of a validator", () => {
  for (const [schema, value, said] of [
    [z.int().min(1), 0, "must be at least 1"],
    [z.number().max(720), 721, "must be at most 720"],
    [z.number().gt(0), 0, "must be more than 0"],
    [z.string().min(1), "", "must not be empty"],
    [z.string().min(3), "x", "must have at least 3 characters"],
    [z.string().max(2), "xyz", "must have at most 2 characters"],
    [z.array(z.string()).min(1), [], "must have at least 1 entry"],
    [z.array(z.string()).max(2), ["a", "b", "c"], "must have at most 2 entries"],
    [z.enum(["caller", "worker"]), "x", "must be one of caller, worker"],
    [z.iso.datetime(), "tomorrow", "must be a time with its zone, such as 2027-01-31T12:00:00Z"],
    [z.string(), undefined, "is missing: expected string"],
    [z.string(), 3, "expected string, received number"],
    [z.string().regex(/^x/, "must begin with x"), "y", "must begin with x"],
  ] as const) {
    assert.deepEqual(explain(schema, value), [said]);
  }
});

test("of many values the near ones are told, and all of them when none is near", () => {
  const many = z.enum(Array.from({ length: 20 }, (_, index) => `noun-${"abcdefghijklmnopqrst"[index]}.read`));
  const [near = ""] = explain(many, "noun-a.raed");
  assert.match(near, /^"noun-a\.raed" is none of 20 values: did you mean noun-a\.read/);
  assert.match(explain(many, "xyzzy")[0] ?? "", /^"xyzzy" is none of 20 values: noun-a\.read, noun-b\.read, /);
});
