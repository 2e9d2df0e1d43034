// Drives every declared operation against a real router: through the client, and by its document alone; with good input,
// with every field wrong, and with a key that may not.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { createClient, type Client } from "@auxot/client/client";
import { allOperations as declared } from "@auxot/wire/operations/all";
import { isWrite, type Operation } from "@auxot/wire/operations/define-operation";
import { hasBody, listFields, listPathFields, toSingular } from "@auxot/wire/operations/describe";
import { createKey } from "@auxot/wire/operations/keys";
import { z } from "zod";
import type { DocumentedOperation, OpenapiDocument } from "../src/http/openapi/document.ts";
import { toPascal } from "../src/http/openapi/components.ts";
import { findBody, resolveParameters } from "../src/http/openapi/example.ts";
import { drivenElsewhere, operationInputs } from "./harness/operation-inputs.ts";
import { startTestRouter, type TestRouter } from "./harness/router.ts";

const allOperations = declared.filter(({ name }) => drivenElsewhere[name] === undefined);

type Input = Readonly<Record<string, unknown>>;
type Problem = { readonly detail: string; readonly errors?: readonly { readonly path: string }[] };

let app: TestRouter;
let client: Client;
before(async () => {
  app = await startTestRouter();
  client = createClient({ url: app.url, key: app.key });
});
after(() => app[Symbol.asyncDispose]());

async function makeInput({ name }: Operation): Promise<Input> {
  return { ...(await operationInputs[name]?.(client, app)) };
}

/** Sends what the client would refuse to. */
function send(operation: Operation, input: Input, key = app.key): Promise<Response> {
  const inPath = listPathFields(operation);
  const rest = Object.entries(input).filter(([name, value]) => !inPath.includes(name) && value !== undefined);
  const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, field: string) => encodeURIComponent(String(input[field])));
  const query = new URLSearchParams(rest.flatMap(([name, value]) => [value].flat().map((one) => [name, String(one)])));
  const sendsBody = hasBody(operation);
  return fetch(sendsBody || query.size === 0 ? app.url + path : `${app.url}${path}?${query}`, {
    method: operation.method,
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    ...(sendsBody ? { body: JSON.stringify(Object.fromEntries(rest)) } : {}),
  });
}

test("there is an input for each declared operation, and for no other", () => {
  assert.deepEqual(Object.keys(operationInputs).toSorted(), allOperations.map(({ name }) => name).toSorted());
});

test("what is driven elsewhere is driven there", () => {
  for (const [name, file] of Object.entries(drivenElsewhere)) {
    const operation = declared.find((one) => one.name === name);
    assert.ok(operation, name);
    const text = readFileSync(path.join(import.meta.dirname, file), "utf8");
    const address = operation.path.split("/{")[0] ?? operation.path;
    assert.ok(
      text.includes(address) || text.includes(name) || text.includes(toConstant(name)),
      `${file} drives ${name}`,
    );
  }
});

/** `org-members.set` as `setOrgMember`, which declarations are called. */
function toConstant(name: string): string {
  const noun = toPascal(toSingular(name.slice(0, name.lastIndexOf("."))));
  return `${toPascal(name.slice(name.lastIndexOf(".") + 1)).replace(/^./, (letter) => letter.toLowerCase())}${noun}`;
}

test("the client does every operation, and previews every write without doing it", async () => {
  for (const operation of allOperations) {
    const input = await makeInput(operation);
    if (isWrite(operation)) {
      const { changes } = await client.preview(operation, input);
      assert.ok(changes.length > 0, `${operation.name} tells what it would change`);
    }
    await client.call(operation, input).catch((error: unknown) => {
      throw new Error(`${operation.name} with ${JSON.stringify(input)}`, { cause: error });
    });
  }
});

test("a stranger's program does every operation by the OpenAPI document alone", async () => {
  const document = (await (await fetch(`${app.url}/openapi.json`)).json()) as OpenapiDocument;
  for (const operation of allOperations) {
    const input = await makeInput(operation);
    const [path = "", methods = {}] =
      Object.entries(document.paths).find(([, all]) =>
        Object.values(all).some(({ operationId }) => operationId === operation.name),
      ) ?? [];
    const [method = "", told] =
      Object.entries(methods).find(([, { operationId }]) => operationId === operation.name) ?? [];
    assert.ok(told, operation.name);
    const url = new URL(app.url + path.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(input[name])));
    for (const { name, in: place } of resolveParameters(told, document)) {
      if (place === "query" && input[name] !== undefined) url.searchParams.set(name, String(input[name]));
    }
    const body = findBody(told, document);
    const fields = Object.keys(body?.properties ?? {}).filter((name) => input[name] !== undefined);
    const response = await fetch(url, {
      method: method.toUpperCase(),
      headers: { "x-api-key": app.key, "content-type": "application/json" },
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(Object.fromEntries(fields.map((name) => [name, input[name]]))) }),
    });
    const text = await response.text();
    assert.equal(response.status, 200, `${operation.name}: ${text}`);
    const problem = readAnswerSchema(told, document).safeParse(JSON.parse(text)).error;
    assert.equal(problem, undefined, `${operation.name} answers as the document says`);
  }
});

/** The document's schema of the answer, as a validator of JSON Schema reads it. */
function readAnswerSchema({ responses }: DocumentedOperation, { components }: OpenapiDocument): z.ZodType {
  const { content } = responses["200"] as {
    readonly content: { readonly "application/json": { readonly schema: object } };
  };
  const whole = { ...content["application/json"].schema, $defs: components.schemas };
  return z.fromJSONSchema(JSON.parse(JSON.stringify(whole).replaceAll("#/components/schemas/", "#/$defs/")) as never);
}

test("each required field that is missing is named, with 400", async () => {
  for (const operation of allOperations) {
    for (const { name, place, isRequired } of listFields(operation)) {
      if (place === "path" || !isRequired) continue;
      const { [name]: _, ...rest } = await makeInput(operation);
      await requireNamed(await send(operation, rest), name, `${operation.name} without ${name}`);
    }
  }
});

const strange: readonly unknown[] = [
  7,
  -1,
  1.5,
  1e300,
  "",
  "no such thing",
  "x".repeat(5000),
  "\0",
  "\ud800",
  true,
  null,
  [],
  [null],
  {},
  { a: {} },
];

test("each field with a value that it does not take is named, with 400, and none is ever a fault of ours", async () => {
  for (const operation of allOperations) {
    const fields = listFields(operation).filter(({ place }) => place !== "path");
    const input = fields.length === 0 ? {} : await makeInput(operation);
    for (const { name, place } of fields) {
      for (const value of strange) {
        if (place === "query" && typeof value === "object") continue;
        const told = `${operation.name} with ${name}: ${JSON.stringify(value)?.slice(0, 40)}`;
        const response = await send(operation, { ...input, [name]: value });
        assert.ok(response.status < 500, `${told} is answered with ${response.status}`);
        const parsed = operation.input.safeParse({ ...input, [name]: value });
        const isRefused = parsed.error?.issues.some(({ path }) => path[0] === name) ?? false;
        if (isRefused && place === "body") await requireNamed(response, name, told);
        else await response.body?.cancel();
      }
    }
  }
});

/** Their path has a name that the caller chooses: any that is well-formed is made. */
const namesWhatItMakes = new Set(["model-aliases.set"]);

test("ids that are none are told as such, whatever they look like", async () => {
  for (const operation of allOperations) {
    if (namesWhatItMakes.has(operation.name)) continue;
    for (const field of listPathFields(operation)) {
      const input = await makeInput(operation);
      for (const id of [
        "none",
        "key_" + "0".repeat(26),
        "x".repeat(3000),
        "%",
        "a/b",
        "\0",
        "'; drop table key; --",
        "ключ",
      ]) {
        const { status } = await send(operation, { ...input, [field]: id });
        assert.ok(
          [400, 404].includes(status),
          `${operation.name} with ${field} ${id.slice(0, 30)} is answered with ${status}`,
        );
      }
    }
  }
});

test("unknown fields are refused by every operation", async () => {
  for (const operation of allOperations) {
    const response = await send(operation, { ...(await makeInput(operation)), noSuchField: "x" });
    await requireNamed(response, "noSuchField", operation.name);
  }
});

test("a key without any role may do none of it, nor preview it; no key and a worker's key neither", async () => {
  const { key: plain } = await client.call(createKey, { name: "plain" });
  const member = createClient({ url: app.url, key: plain });
  const stranger = createClient({ url: app.url });
  const worker = createClient({ url: app.url, key: app.workerKey });
  for (const operation of allOperations) {
    const input = await makeInput(operation);
    await assert.rejects(member.call(operation, input), { code: "forbidden" }, operation.name);
    if (isWrite(operation))
      await assert.rejects(member.preview(operation, input), { code: "forbidden" }, operation.name);
    await assert.rejects(stranger.call(operation, input), { code: "unauthenticated" }, operation.name);
    await assert.rejects(worker.call(operation, input), { code: "forbidden" }, operation.name);
  }
});

test("whoever may do nothing is not told what is wrong with the input", async () => {
  const { key: plain } = await client.call(createKey, { name: "curious" });
  for (const operation of allOperations.filter(hasBody)) {
    const response = await send(
      operation,
      { noSuchField: 1, ...Object.fromEntries(listPathFields(operation).map((one) => [one, "x"])) },
      plain,
    );
    assert.equal(response.status, 403, operation.name);
    await response.body?.cancel();
  }
});

async function requireNamed(response: Response, field: string, told: string): Promise<void> {
  const problem = (await response.json()) as Problem;
  assert.equal(response.status, 400, `${told} is answered with ${response.status}: ${problem.detail}`);
  const paths = (problem.errors ?? []).map(({ path }) => path);
  assert.ok(
    paths.some((path) => path === field || path.startsWith(`${field}.`)),
    `${told} names ${paths.join(", ")}`,
  );
}
