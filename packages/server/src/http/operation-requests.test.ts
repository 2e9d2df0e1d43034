import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { test } from "node:test";
import { defineOperation, type Operation } from "@auxot/wire/operations/define-operation";
import { z } from "zod";
import { InputError } from "../operations/read-input.ts";
import { createOperationTable } from "./operation-table.ts";
import { readOperationRequest } from "./read-operation.ts";

const declared = {
  summary: "Do it.",
  action: "keys.edit",
  output: z.object({}),
} as const;
const read = defineOperation({
  ...declared,
  name: "things.list",
  method: "GET",
  path: "/api/things",
  input: z.strictObject({
    isOpen: z.boolean().optional(),
    size: z.int().optional(),
    tags: z.array(z.string()).optional(),
    sizes: z.array(z.int()).optional(),
    name: z.string().nullish(),
  }),
});
const get = defineOperation({
  ...declared,
  name: "things.get",
  method: "GET",
  path: "/api/things/{id}",
  input: z.strictObject({ id: z.string() }),
});
const mine = defineOperation({
  ...declared,
  name: "things.mine",
  method: "GET",
  path: "/api/things/mine",
  input: z.strictObject({}),
});
const remove = defineOperation({
  ...declared,
  name: "things.remove",
  method: "DELETE",
  path: "/api/things/{id}",
  input: z.strictObject({ id: z.string(), version: z.int().optional() }),
});
const table = createOperationTable(
  [get, read, mine, remove].map((operation) => ({
    operation: operation as unknown as Operation,
    handle: async () => ({}),
  })),
);

async function ask(method: string, path: string, headers: Readonly<Record<string, string>> = {}) {
  const url = new URL(path, "http://router");
  const { found } = table.find(method, url.pathname);
  assert.ok(found);
  return readOperationRequest(found, { request: { method, headers } as unknown as IncomingMessage, url });
}

async function problemsOf(method: string, path: string): Promise<readonly string[]> {
  try {
    await ask(method, path);
  } catch (error) {
    assert.ok(error instanceof InputError, String(error));
    return error.problems.map((problem) => `${problem.path} ${problem.message}`);
  }
  return [];
}

test("the texts of a query become what the fields take; others are left for the declaration to refuse", async () => {
  const { sent } = await ask("GET", "/api/things?isOpen=false&size=-3&tags=a&tags=b%20c&sizes=1&name=7");
  assert.deepEqual(sent, { isOpen: false, size: -3, tags: ["a", "b c"], sizes: [1], name: "7" });
  const odd = await ask("GET", "/api/things?isOpen=yes&size=&sizes=1&sizes=x&tags=");
  assert.deepEqual(odd.sent, { isOpen: "yes", size: "", sizes: [1, "x"], tags: [""] });
});

test("a removal takes a version and a dry run in its query", async () => {
  const request = await ask("DELETE", "/api/things/t%2F1?version=4&dryRun=true", { "idempotency-key": "once" });
  assert.deepEqual(request, { sent: { id: "t/1", version: 4 }, dryRun: true, idempotencyKey: "once" });
  assert.equal((await ask("DELETE", "/api/things/1?dryRun")).dryRun, true);
  assert.equal((await ask("DELETE", "/api/things/1?dryRun=false")).dryRun, false);
  assert.deepEqual(await problemsOf("DELETE", "/api/things/1?dryRun=maybe&id=2"), [
    "id is not known here",
    "dryRun must be true or false",
  ]);
});

test("a path that is named by itself is found before one with a field in its place", () => {
  assert.equal(table.find("GET", "/api/things/mine").found?.handler.operation.name, "things.mine");
  assert.deepEqual(table.find("GET", "/api/things/x").found?.pathFields, { id: "x" });
  assert.equal(table.find("HEAD", "/api/things").found?.handler.operation.name, "things.list");
  assert.deepEqual(table.find("POST", "/api/things/mine"), {
    found: undefined,
    allowed: ["DELETE", "GET", "HEAD", "OPTIONS"],
  });
  assert.deepEqual(table.find("GET", "/api/thing"), { found: undefined, allowed: [] });
});
