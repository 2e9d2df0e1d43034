// Who may use which model, names of the organisation's own, and the order of tiers: through a whole router with a GPU worker
// and a cloud provider.

import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { answerOpenai, startFakeCloud, type FakeCloud } from "../harness/fake-cloud.ts";
import { connectFakeWorker, fakeOffer, type FakeWorker } from "../harness/fake-worker.ts";
import { startTestRouter, type TestRouter } from "../harness/router.ts";

type Json = { readonly [name: string]: unknown };

let cloud: FakeCloud;
let app: TestRouter;
let worker: FakeWorker;
before(async () => {
  cloud = await startFakeCloud(answerOpenai(["from the cloud"]));
  app = await startTestRouter({ providers: [cloud.provider({ models: ["gpt-5", "gpt-5-mini"] })] });
  worker = await connectFakeWorker(app, { replies: "from the worker", offers: [{ ...fakeOffer, slots: 8 }] });
});
after(async () => {
  worker[Symbol.dispose]();
  await app[Symbol.asyncDispose]();
  await cloud[Symbol.asyncDispose]();
});
beforeEach(async () => {
  for (const list of ["routing", "model-aliases"]) {
    for (const one of ((await call("GET", `/api/${list}`)).body["items"] ?? []) as Json[]) {
      await call("DELETE", `/api/${list}/${String(one["subject"] ?? one["name"])}`);
    }
  }
  for (const { model } of (await call("GET", "/api/models/visibility")).body["items"] as Json[]) {
    await call("PUT", "/api/models/visibility", { model, teams: null });
  }
});

async function call(method: string, path: string, body?: object, key = app.key) {
  const response = await fetch(app.url + path, {
    method,
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Json };
}

async function set(path: string, body: object): Promise<void> {
  const { status, body: answer } = await call("PUT", path, body);
  assert.equal(status, 200, JSON.stringify(answer));
}

async function makeKey(input: object): Promise<{ readonly id: string; readonly key: string }> {
  const { status, body } = await call("POST", "/api/keys", { name: "app", ...input });
  assert.equal(status, 200, JSON.stringify(body));
  return { id: String(body["id"]), key: String(body["key"]) };
}

async function makeTeam(name: string): Promise<string> {
  return String((await call("POST", "/api/teams", { name })).body["id"]);
}

/** The provider and model that answered. */
async function ask(model: string, key = app.key): Promise<string> {
  const response = await app.post(
    "/v1/chat/completions",
    { model, messages: [{ role: "user", content: "Hi" }] },
    { key },
  );
  const text = await response.text();
  assert.equal(response.status, 200, text);
  const route = response.headers.get("x-auxot-route") ?? "";
  return `${/provider=([^;]+)/.exec(route)?.[1]}/${/model=([^;]+)/.exec(route)?.[1]}`;
}

async function refuse(model: string, key: string): Promise<{ readonly status: number; readonly message: string }> {
  const { status, body } = await call(
    "POST",
    "/v1/chat/completions",
    { model, messages: [{ role: "user", content: "Hi" }] },
    key,
  );
  return { status, message: (body as { error: { message: string } }).error.message };
}

async function listIds(key: string): Promise<unknown[]> {
  return ((await call("GET", "/v1/models", undefined, key)).body["data"] as Json[]).map(({ id }) => id);
}

test("a name of the organisation's own stands for several models, the first that can answers", async () => {
  await set("/api/model-aliases/fast", { models: ["gpu/fake-model", "cloud/gpt-5-mini"] });
  await set("/api/model-aliases/clever", { models: ["gpt-5", "fake-model"] });
  await set("/api/model-aliases/any", { models: ["gpt-5", "fake-model"], order: "tiers" });
  await set("/api/model-aliases/gone", { models: ["nowhere/model"] });
  assert.equal(await ask("fast"), "gpu/fake-model");
  assert.equal(await ask("clever"), "cloud/gpt-5");
  assert.equal(await ask("any"), "gpu/fake-model");
  assert.deepEqual(await refuse("gone", app.key), {
    status: 503,
    message: '"gone" stands for "nowhere/model", and none of these can be reached right now.',
  });
  assert.deepEqual(await listIds(app.key), [
    "auto",
    "any",
    "clever",
    "fast",
    "fake-model",
    "fake",
    "gpt-5",
    "gpt-5-mini",
  ]);
  const one = await call("GET", "/v1/models/fast");
  assert.partialDeepStrictEqual(one.body, { id: "fast", auxot: { tier: "gpu", model: "fake-model" } });
  assert.match((await refuse("fats", app.key)).message, /Did you mean "fast"/);
});

test("a key uses and sees only the models it is held to, and auto picks among them", async () => {
  await set("/api/model-aliases/fast", { models: ["gpu/fake-model"] });
  const { key: local } = await makeKey({ models: ["gpu/*"] });
  assert.equal(await ask("auto", local), "gpu/fake-model");
  assert.equal(await ask("fast", local), "gpu/fake-model");
  assert.deepEqual(await refuse("gpt-5", local), {
    status: 403,
    message: 'This key may not use the model "gpt-5": it is held to "gpu/*". What you may use now: "fake-model".',
  });
  assert.deepEqual(await listIds(local), ["auto", "fast", "fake-model", "fake"]);
  assert.equal((await call("GET", "/v1/models/gpt-5", undefined, local)).status, 404);
  const { key: mini } = await makeKey({ models: ["gpt-5-mini"] });
  assert.equal(await ask("auto", mini), "cloud/gpt-5-mini");
  const { key: named } = await makeKey({ models: ["fast"] });
  assert.equal(await ask("fast", named), "gpu/fake-model");
  assert.equal((await refuse("gpt-5-mini", named)).status, 403);
  const messages = await call(
    "POST",
    "/v1/messages",
    { model: "gpt-5", max_tokens: 5, messages: [{ role: "user", content: "Hi" }] },
    local,
  );
  assert.equal(messages.status, 403);
  assert.partialDeepStrictEqual(messages.body, { type: "error", error: { type: "permission_error" } });
  const counted = await call(
    "POST",
    "/v1/messages/count_tokens",
    { model: "gpt-5", messages: [{ role: "user", content: "Hi" }] },
    local,
  );
  assert.equal(counted.status, 403);
  const responses = await call("POST", "/v1/responses", { model: "gpt-5", input: "Hi" }, local);
  assert.equal(responses.status, 403);
  const background = await call("POST", "/v1/responses", { model: "gpt-5", input: "Hi", background: true }, local);
  assert.equal(background.status, 403);
  const completion = await call("POST", "/v1/completions", { model: "gpt-5", prompt: "Hi" }, local);
  assert.equal(completion.status, 403);
});

test("a model that is kept to a team does not exist for others", async () => {
  const team = await makeTeam("Seers");
  await set("/api/models/visibility", { model: "gpt-5*", teams: [team] });
  await set("/api/models/visibility", { model: "cloud/gpt-5-mini", teams: [] });
  const { key: outside } = await makeKey({});
  const { key: inside } = await makeKey({ owner: team });
  assert.equal(await ask("gpt-5", inside), "cloud/gpt-5");
  const missing = await refuse("gpt-5", outside);
  assert.equal(missing.status, 404);
  assert.match(missing.message, /^The model "gpt-5" does not exist here\. Try "auto"/);
  assert.doesNotMatch((await refuse("gpt-5x", outside)).message, /gpt-5"/);
  assert.deepEqual(await listIds(outside), ["auto", "fake-model", "fake"]);
  assert.deepEqual(await listIds(inside), ["auto", "fake-model", "fake", "gpt-5"]);
  assert.equal((await refuse("gpt-5-mini", inside)).status, 404);
  assert.equal(await ask("gpt-5-mini"), "cloud/gpt-5-mini");
  assert.deepEqual(await listCatalogue(inside), [
    ["cloud/gpt-5", [team]],
    ["gpu/fake-model", null],
  ]);
  assert.deepEqual(await listCatalogue(app.key), [
    ["cloud/gpt-5", [team]],
    ["cloud/gpt-5-mini", []],
    ["gpu/fake-model", null],
  ]);
});

test("tiers are asked in the order set for the organisation, a team, a service account or a key", async () => {
  const team = await makeTeam("Movers");
  const service = String((await call("POST", "/api/service-accounts", { name: "bot", team })).body["id"]);
  const ofTeam = await makeKey({ owner: team });
  const ofService = await makeKey({ owner: service });
  const single = await makeKey({});
  await set(`/api/routing/${team}`, { tiers: ["cloud", "gpu", "cli"] });
  assert.equal(await ask("auto", ofTeam.key), "cloud/gpt-5");
  assert.equal(await ask("auto", ofService.key), "cloud/gpt-5");
  assert.equal(await ask("auto", single.key), "gpu/fake-model");
  await set(`/api/routing/${service}`, { tiers: ["gpu"] });
  assert.equal(await ask("auto", ofService.key), "gpu/fake-model");
  assert.equal((await refuse("gpt-5", ofService.key)).status, 403);
  await set(`/api/routing/${single.id}`, { tiers: ["cloud"] });
  assert.equal(await ask("auto", single.key), "cloud/gpt-5");
  await set("/api/routing/org", { tiers: ["gpu", "cli"] });
  assert.equal(await ask("auto", ofTeam.key), "gpu/fake-model");
  assert.deepEqual(await refuse("gpt-5", ofTeam.key), {
    status: 403,
    message:
      '"gpt-5" can only be had from tiers that are left out for you: only gpu, cli may be asked. What you may use now: "fake-model".',
  });
  assert.match((await refuse("auto", single.key)).message, /left out for you: all are\. Nothing you may use/);
  assert.deepEqual(await listIds(ofTeam.key), ["auto", "fake-model", "fake"]);
});

test("auto means the default model first, and a model that cannot answer has others to stand in", async () => {
  await set("/api/routing/org", { defaultModel: "gpt-5-mini", fallbacks: { "llama-9": ["nowhere", "gpt-5"] } });
  assert.equal(await ask("auto"), "cloud/gpt-5-mini");
  assert.equal(await ask("llama-9"), "cloud/gpt-5");
  const team = await makeTeam("Others");
  const { key } = await makeKey({ owner: team });
  await set(`/api/routing/${team}`, { defaultModel: "gpu/fake-model" });
  assert.equal(await ask("auto", key), "gpu/fake-model");
  assert.equal(await ask("llama-9", key), "cloud/gpt-5");
  await set("/api/model-aliases/house", { models: ["nowhere", "gpt-5"] });
  await set("/api/routing/org", { defaultModel: "house" });
  assert.equal(await ask("auto"), "cloud/gpt-5");
  await set("/api/routing/org", { defaultModel: "nowhere" });
  assert.equal(await ask("auto"), "gpu/fake-model");
});

test("the catalogue tells of each model what it can do and what it is called", async () => {
  await set("/api/model-aliases/fast", { models: ["gpu/fake-model", "gpt-5"] });
  const { body } = await call("GET", "/api/models?tier=gpu");
  assert.deepEqual(body, {
    items: [
      {
        id: "gpu/fake-model",
        model: "fake-model",
        provider: "gpu",
        tier: "gpu",
        aliases: ["fast", "fake"],
        available: true,
        abilities: fakeOffer.abilities,
        contextTokens: 8192,
        maxOutputTokens: null,
        description: null,
        visibleTo: null,
        price: { inputMicroUsd: 0, outputMicroUsd: 0 },
        priceFrom: "worker",
        cloudPrice: null,
        cloudModel: null,
      },
    ],
    nextCursor: null,
  });
  const first = await call("GET", "/api/models?limit=2&sort=-id");
  assert.deepEqual(
    (first.body["items"] as Json[]).map(({ id }) => id),
    ["gpu/fake-model", "cloud/gpt-5-mini"],
  );
  const second = await call("GET", `/api/models?limit=2&sort=-id&cursor=${String(first.body["nextCursor"])}`);
  assert.deepEqual(
    (second.body["items"] as Json[]).map(({ id }) => id),
    ["cloud/gpt-5"],
  );
  assert.equal((await call("GET", "/api/models?cursor=bm9uZQ")).status, 400);
  assert.deepEqual((await call("GET", "/api/models?provider=none")).body["items"], []);
});

test("the catalogue tells what each model costs, where that comes from, and what a worker's would cost in the cloud", async () => {
  type Priced = { readonly id: string; readonly price: Json | null; readonly priceFrom: string | null };
  const read = async (id: string, key = app.key) =>
    ((await call("GET", "/api/models", undefined, key)).body["items"] as Priced[]).find((one) => one.id === id);
  const own = { inputMicroUsd: 4_000_000, cachedInputMicroUsd: 400_000, outputMicroUsd: 24_000_000 };
  assert.partialDeepStrictEqual(await read("cloud/gpt-5"), { price: null, priceFrom: "unknown", cloudModel: null });
  const { body: price } = await call("POST", "/api/prices", { model: "gpt-5", provider: "cloud", ...own });
  assert.partialDeepStrictEqual(await read("cloud/gpt-5"), { price: own, priceFrom: "own", cloudPrice: null });
  await call("POST", "/api/price-comparisons", { model: "fake-*", cloudModel: "gpt-4.1-mini" });
  assert.partialDeepStrictEqual(await read("gpu/fake-model"), {
    priceFrom: "worker",
    cloudPrice: { inputMicroUsd: 400_000, cachedInputMicroUsd: 100_000, outputMicroUsd: 1_600_000 },
    cloudModel: "gpt-4.1-mini",
  });
  await call("POST", "/api/price-comparisons", { model: "fake-*", cloudModel: "gpt-4.1-mnii" });
  assert.partialDeepStrictEqual(await read("gpu/fake-model"), { cloudPrice: null, cloudModel: "gpt-4.1-mnii" });
  const { key } = await makeKey({ owner: await makeTeam("Priceless") });
  assert.partialDeepStrictEqual(await read("cloud/gpt-5", key), { price: null, priceFrom: null, cloudModel: null });
  await call("DELETE", `/api/prices/${String(price["id"])}`);
  await call("DELETE", "/api/price-comparisons/fake-*");
});

async function listCatalogue(key: string): Promise<unknown[]> {
  const { body } = await call("GET", "/api/models", undefined, key);
  return (body["items"] as Json[]).map(({ id, visibleTo }) => [id, visibleTo]);
}
