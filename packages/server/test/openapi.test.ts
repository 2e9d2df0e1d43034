// The OpenAPI document of a running router: a linter's judgement, and that what it tells is what the router does.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createConfig, lintFromString } from "@redocly/openapi-core";
import { allOperations } from "@auxot/wire/operations/all";
import { isWrite } from "@auxot/wire/operations/define-operation";
import type { OpenapiDocument } from "../src/http/openapi/document.ts";
import packageFile from "../package.json" with { type: "json" };
import { startTestRouter, type TestRouter } from "./harness/router.ts";

let app: TestRouter;
let text: string;
let document: OpenapiDocument;
before(async () => {
  app = await startTestRouter();
  const response = await app.get("/openapi.json", { key: null });
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-type"), "application/json");
  text = await response.text();
  document = JSON.parse(text) as OpenapiDocument;
});
after(() => app[Symbol.asyncDispose]());

test("the document passes a linter's strictest rules", async () => {
  const config = await createConfig({ extends: ["recommended-strict"] });
  const problems = await lintFromString({ source: text, config });
  assert.deepEqual(
    problems.map(({ ruleId, message, location }) => `${ruleId}: ${message} ${location[0]?.pointer}`),
    [],
  );
});

test("the linter would complain of a broken document", async () => {
  const config = await createConfig({ extends: ["recommended-strict"] });
  const broken = text.replace("#/components/schemas/KeyPage", "#/components/schemas/Nothing");
  assert.notDeepEqual(await lintFromString({ source: broken, config }), []);
});

test("it tells of keys and of the session of somebody signed in", async () => {
  assert.deepEqual(Object.keys(document.components.securitySchemes), ["bearer", "apiKey", "session"]);
});

test("the document has the version of the package, and is the same each time", async () => {
  assert.equal(document.info.version, packageFile.version);
  assert.equal(await (await app.get("/openapi.json")).text(), text);
});

test("every declared operation is in the document, with its action and its command", () => {
  const told = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => [
      operation.operationId,
      method.toUpperCase(),
      path,
      operation["x-auxot-action"],
    ]),
  );
  const declared = allOperations.map(({ name, method, path, action }) => [name, method, path, action]);
  assert.deepEqual(told.toSorted(), declared.toSorted());
});

test("every declared operation is done by the router at its address", async () => {
  for (const { name, method, path } of allOperations) {
    const response = await fetch(app.url + path.replaceAll(/\{\w+\}/g, "x"), { method, redirect: "error" });
    assert.equal(response.status, 401, name);
  }
});

test("what a key looks like has one name wherever it is", () => {
  const { schemas } = document.components;
  assert.deepEqual(schemas["KeyPage"]?.properties?.["items"], {
    type: "array",
    items: { $ref: "#/components/schemas/Key" },
  });
  const revoke = JSON.stringify(document.paths["/api/keys/{id}"]?.["delete"]?.responses);
  assert.match(revoke, /"#\/components\/schemas\/Key"/);
  assert.equal(schemas["Key"]?.additionalProperties, undefined, "later versions may tell more");
  assert.equal(schemas["KeysCreateInput"]?.additionalProperties, false);
});

test("every write takes a dry run and an Idempotency-Key, and says that it may conflict; no read does", () => {
  for (const operation of allOperations) {
    const told = document.paths[operation.path]?.[operation.method.toLowerCase()];
    const common = ["#/components/parameters/DryRun", "#/components/parameters/IdempotencyKey"];
    const refs = (told?.parameters ?? []).flatMap((one) => ("$ref" in one ? one.$ref : []));
    assert.deepEqual(refs, isWrite(operation) ? common : [], operation.name);
    assert.equal(told?.responses["409"] !== undefined, isWrite(operation), operation.name);
    assert.equal(told?.responses["404"] !== undefined, operation.path.includes("{"), operation.name);
  }
});

test("the page for people has every operation with its address, a curl line and a command, and runs nothing", async () => {
  const response = await app.get("/api/docs", { key: null });
  assert.equal(response.headers.get("content-type"), "text/html; charset=utf-8");
  const policy = response.headers.get("content-security-policy") ?? "";
  assert.match(policy, /^default-src 'none'; style-src 'sha256-[^']+'; /);
  assert.doesNotMatch(policy, /unsafe|script-src/);
  const page = await response.text();
  for (const { name, path } of allOperations) {
    assert.ok(page.includes(`<h3 id="${name}">`), name);
    assert.ok(page.includes(`<code>${path}</code>`), path);
    assert.ok(page.includes(`href="#${name}"`), name);
  }
  assert.ok(page.includes("<code>npx auxot keys create --name NAME</code>"));
  assert.ok(page.includes("curl -X DELETE &quot;$AUXOT_URL/api/keys/ID&quot;"));
  assert.doesNotMatch(page, /<script|\son\w+=|(?:src|href)="(?:https?:)?\/\/|style="/);
  const ids = Array.from(page.matchAll(/\sid="([^"]+)"/g), ([, id]) => id ?? "");
  assert.deepEqual(ids.toSorted(), [...new Set(ids)].toSorted(), "ids are unique");
  for (const [, anchor = ""] of page.matchAll(/href="#([^"]+)"/g))
    assert.ok(ids.includes(anchor), `#${anchor} leads nowhere`);
});
