import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { actionNames } from "../access.ts";
import { allOperations } from "./all.ts";
import { defineOperation, isWrite } from "./define-operation.ts";
import {
  findItem,
  listFields,
  listPathFields,
  nounOf,
  toCommandName,
  toJsonSchema,
  toKebab,
  toSingular,
  verbOf,
} from "./describe.ts";
import { pageInput, pageOf } from "./page.ts";

const thing = z.object({ id: z.string(), size: z.int() });
const change = defineOperation({
  name: "bigThings.update",
  summary: "Change a thing.",
  action: "keys.edit",
  method: "PATCH",
  path: "/api/things/{id}",
  input: z.strictObject({
    id: z.string(),
    size: z.int().optional(),
    until: z.iso.datetime().nullable(),
    tags: z.array(z.string()).default([]),
  }),
  output: thing,
});

test("the fields of an input are told with the place they are sent in", () => {
  assert.deepEqual(listFields(change), [
    { name: "id", place: "path", isRequired: true, schema: { type: "string" } },
    { name: "size", place: "body", isRequired: false, schema: { type: "integer" } },
    {
      name: "until",
      place: "body",
      isRequired: true,
      schema: { anyOf: [{ type: "string", format: "date-time" }, { type: "null" }] },
    },
    {
      name: "tags",
      place: "body",
      isRequired: false,
      schema: { default: [], type: "array", items: { type: "string" } },
    },
  ]);
});

test("a list is known by its pages, and tells what it lists", () => {
  const list = { ...change, method: "GET", input: pageInput({}, ["id"]), output: pageOf(thing) } as const;
  assert.equal(findItem(list), thing);
  assert.equal(findItem(change), undefined);
  assert.ok(listFields({ ...list, path: "/api/things" }).every(({ place }) => place === "query"));
});

test("names become words", () => {
  assert.deepEqual(
    [nounOf(change), verbOf(change), toCommandName(change)],
    ["bigThings", "update", "big-things update"],
  );
  assert.equal(toKebab("maxSpendMicroUsd"), "max-spend-micro-usd");
  for (const [noun, singular] of [
    ["keys", "key"],
    ["policies", "policy"],
    ["aliases", "alias"],
    ["licences", "licence"],
    ["batches", "batch"],
    ["status", "status"],
    ["usage", "usage"],
    ["access", "access"],
  ] as const) {
    assert.equal(toSingular(noun), singular);
  }
});

test("every operation needs an action of the table, and no two share a name, a command or an address", () => {
  for (const { name, action } of allOperations) assert.ok(actionNames.includes(action), name);
  requireDistinct(allOperations.map(({ name }) => name));
  requireDistinct(allOperations.map(toCommandName));
  requireDistinct(allOperations.map(({ method, path }) => `${method} ${path.replaceAll(/\{\w+\}/g, "{}")}`));
});

function requireDistinct(texts: readonly string[]): void {
  assert.deepEqual(texts.toSorted(), [...new Set(texts)].toSorted());
}

test("every operation is declared so that all faces can be made from it", () => {
  for (const operation of allOperations) {
    const { name, summary, path } = operation;
    assert.match(name, /^[a-z][A-Za-z-]*(\.[a-z][A-Za-z-]*)+$/);
    assert.match(summary, /^[A-Z].*\.$/, `${name}: its summary is a sentence`);
    assert.match(path, /^\/api(\/([a-z][a-z0-9-]*|\{\w+\}))+$/, name);
    const input = toJsonSchema(operation.input, "input");
    assert.equal(input.type, "object", `${name}: its input is one object`);
    assert.equal(input.additionalProperties, false, `${name}: unknown fields are refused (z.strictObject)`);
    const fields = listFields(operation);
    for (const part of listPathFields(operation)) {
      assert.ok(
        fields.some((field) => field.name === part),
        `${name}: {${part}} is in the path and must be in the input`,
      );
    }
    assert.ok(!fields.some((field) => field.name === "dryRun"), `${name}: dryRun is said beside the input`);
    if (!isWrite(operation)) continue;
    assert.notEqual(operation.action.split(".").at(-1), "read", `${name} writes with an action that only reads`);
  }
});
