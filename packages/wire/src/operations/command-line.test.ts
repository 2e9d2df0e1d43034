import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { listOptions, renderCommandLine, renderOption } from "./command-line.ts";
import { defineOperation } from "./define-operation.ts";
import { explainSchema } from "./schema-words.ts";

const operation = defineOperation({
  name: "serviceHooks.create",
  summary: "Make a hook.",
  action: "keys.edit",
  method: "POST",
  path: "/api/teams/{teamId}/hooks",
  input: z.strictObject({
    teamId: z.string(),
    name: z.string().max(100),
    kind: z.enum(["a", "b"]).default("a"),
    url: z.url(),
    admin: z.boolean().default(false),
    events: z.array(z.string()).default([]),
    maxSpendMicroUsd: z.int().min(1).nullable().default(null),
    expiresAt: z.iso.datetime().nullish(),
    limits: z.strictObject({ perMinute: z.int(), daily: z.strictObject({ tokens: z.int() }).optional() }).optional(),
    labels: z.record(z.string(), z.string()).default({}),
    rules: z.array(z.strictObject({ model: z.string() })).default([]),
  }),
  output: z.object({}),
});

test("an operation's fields become options, nested ones with dots, deeper ones as JSON", () => {
  assert.deepEqual(
    listOptions(operation).map((option) => [renderOption(option), option.takes, option.isRequired, option.isNullable]),
    [
      ["--name NAME", "text", true, false],
      ["--kind a|b", "text", false, false],
      ["--service-hook-url URL", "text", true, false],
      ["--admin", "switch", false, false],
      ["--events EVENT", "list", false, false],
      ["--max-spend-micro-usd N", "number", false, true],
      ["--expires-at TIME", "text", false, true],
      ["--limits JSON", "json", false, false],
      ["--limits.per-minute N", "number", false, false],
      ["--limits.daily JSON", "json", false, false],
      ["--limits.daily.tokens N", "number", false, false],
      ["--labels JSON", "json", false, false],
      ["--rules JSON", "json", false, false],
    ],
  );
});

test("the shortest command has what must be given", () => {
  assert.equal(renderCommandLine(operation), "auxot service-hooks create TEAM_ID --name NAME --service-hook-url URL");
});

test("what a field takes is said in words", () => {
  const words = Object.fromEntries(listOptions(operation).map(({ name, schema }) => [name, explainSchema(schema)]));
  assert.equal(words["name"], "text, at most 100 characters");
  assert.equal(words["kind"], "one of a, b");
  assert.equal(words["max-spend-micro-usd"], "whole number, at least 1");
  assert.equal(words["expires-at"], "time, such as 2027-01-31T12:00:00Z");
  assert.equal(words["events"], "list of: text");
  assert.equal(explainSchema({ type: ["string", "null"] }), "text, or null");
  assert.equal(explainSchema({ anyOf: [{ type: "integer" }, { const: "all" }] }), 'whole number, or always "all"');
});
