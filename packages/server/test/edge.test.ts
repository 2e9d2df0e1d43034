import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import { connectFakeWorker, fakeOffer } from "./harness/fake-worker.ts";
import { startTestRouter, type TestRouter } from "./harness/router.ts";

let app: TestRouter;
let worker: Awaited<ReturnType<typeof connectFakeWorker>>;
before(async () => {
  app = await startTestRouter({ limits: { maxBodyBytes: 10_000 } });
  worker = await connectFakeWorker(app, {
    replies: "ok",
    offers: [{ ...fakeOffer, abilities: { tools: false, images: false, reasoning: false }, contextTokens: 100 }],
  });
});
after(async () => {
  worker[Symbol.dispose]();
  await app[Symbol.asyncDispose]();
});

const surfaces = [
  {
    name: "OpenAI",
    path: "/v1/chat/completions",
    valid: { model: "fake-model", messages: [{ role: "user", content: "Hi" }] },
  },
  {
    name: "Anthropic",
    path: "/v1/messages",
    valid: { model: "fake-model", max_tokens: 5, messages: [{ role: "user", content: "Hi" }] },
  },
];

/** Checks the envelope of the surface and gives its message. */
async function readError(response: Response, surface: string): Promise<string> {
  const body = (await response.json()) as {
    type?: string;
    request_id?: string;
    error: { type: string; message: string };
  };
  assert.equal(typeof body.error.type, "string");
  if (surface === "Anthropic") {
    assert.equal(body.type, "error");
    assert.equal(body.request_id, response.headers.get("request-id"));
  } else assert.ok("param" in body.error && "code" in body.error);
  assert.doesNotMatch(body.error.message, /\bat .*\.ts|undefined|\[object/);
  return body.error.message;
}

for (const { name, path, valid } of surfaces) {
  test(`${name}: bad requests get the right status and an envelope that names the field`, async () => {
    const cases: readonly (readonly [unknown, number, RegExp])[] = [
      ["{not json", 400, /not valid JSON/],
      ["", 400, /JSON/],
      ["[1]", 400, /object/],
      [{ ...valid, messages: undefined }, 400, /messages/],
      [{ ...valid, messages: [] }, 400, /messages/],
      [{ ...valid, messages: "Hi" }, 400, /messages/],
      [{ ...valid, messages: [{ role: "usr", content: "Hi" }] }, 400, /messages\[0\]\.role|messages\.0\.role/],
      [{ ...valid, messages: [{ role: "user", content: 7 }] }, 400, /messages\[0\]\.content|messages\.0\.content/],
      [{ ...valid, model: undefined }, 400, /model/],
      [{ ...valid, model: 4 }, 400, /model/],
      [{ ...valid, temperature: "hot" }, 400, /temperature/],
      [{ ...valid, stream: "yes" }, 400, /stream/],
      [{ ...valid, model: "fake-modle" }, 404, /fake-modle.*fake-model/],
      [{ ...valid, messages: [{ role: "user", content: "x".repeat(2000) }] }, 400, /context.*100 tokens/],
      [{ ...valid, messages: [{ role: "user", content: "x".repeat(20_000) }] }, 413, /10000 bytes/],
    ];
    for (const [body, status, message] of cases) {
      const response = await app.post(path, body);
      assert.equal(response.status, status, `${JSON.stringify(body)?.slice(0, 80)}: ${response.status}`);
      assert.match(await readError(response, name), message);
    }
  });

  test(`${name}: a request that needs tools or images no source has is refused by name`, async () => {
    const tool =
      name === "OpenAI"
        ? { type: "function", function: { name: "f", parameters: {} } }
        : { name: "f", input_schema: { type: "object" } };
    const tools = await app.post(path, { ...valid, tools: [tool] });
    assert.equal(tools.status, 400);
    assert.match(await readError(tools, name), /^tools: "fake-model" cannot call tools/);
    const image =
      name === "OpenAI"
        ? { type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } }
        : { type: "image", source: { type: "base64", media_type: "image/png", data: "AAAA" } };
    const images = await app.post(path, { ...valid, messages: [{ role: "user", content: [image] }] });
    assert.equal(images.status, 400);
    assert.match(await readError(images, name), /takes no images/);
  });

  test(`${name}: keys are taken as Bearer or x-api-key, and refused in the surface's envelope`, async () => {
    assert.equal((await app.post(path, valid, { key: null, headers: { "x-api-key": app.key } })).status, 200);
    assert.equal((await app.post(path, valid, { key: "wrong-key-wrong-key-wrong-key" })).status, 401);
    assert.equal(
      (await app.post(path, valid, { key: "wrong-key-wrong-key-wrong-key", headers: { "x-api-key": app.key } })).status,
      200,
    );
    const none = await app.post(path, valid, { key: null });
    assert.equal(none.status, 401);
    assert.match(await readError(none, name), /Authorization: Bearer/);
    const worker = await app.post(path, valid, { key: app.workerKey });
    assert.equal(worker.status, 403);
    assert.match(await readError(worker, name), /worker key/);
  });

  test(`${name}: the wrong method and unknown paths are told in the surface's dialect`, async () => {
    const wrongMethod = await app.get(path);
    assert.equal(wrongMethod.status, 405);
    await readError(wrongMethod, name);
    const prefix = name === "OpenAI" ? "/api/openai" : "/api/anthropic";
    const unknown = await app.get(`${prefix}/v1/nothing`);
    assert.equal(unknown.status, 404);
    await readError(unknown, name);
  });

  test(`${name}: the surface answers below its prefix too, with the /v1 there, doubled or missing`, async () => {
    const prefix = name === "OpenAI" ? "/api/openai" : "/api/anthropic";
    const endpoint = path.slice("/v1".length);
    for (const url of [`${prefix}${endpoint}`, `${prefix}/v1${endpoint}`, `${prefix}/v1/v1${endpoint}?beta=true`]) {
      assert.equal((await app.post(url, valid)).status, 200, url);
    }
  });
}

test("Anthropic: a missing max_tokens is named", async () => {
  const response = await app.post("/v1/messages", { model: "auto", messages: [{ role: "user", content: "Hi" }] });
  assert.equal(response.status, 400);
  assert.match(await readError(response, "Anthropic"), /max_tokens/);
});

test("a gzip body is taken, and its size counts unfolded", async () => {
  const [surface] = surfaces;
  assert.ok(surface);
  const send = (body: string | Buffer, encoding = "gzip"): Promise<Response> =>
    fetch(app.url + surface.path, {
      method: "POST",
      headers: { authorization: `Bearer ${app.key}`, "content-type": "application/json", "content-encoding": encoding },
      body: typeof body === "string" ? body : new Uint8Array(body),
    });
  assert.equal((await send(gzipSync(JSON.stringify(surface.valid)))).status, 200);
  assert.equal((await send(gzipSync(" ".repeat(50_000_000)))).status, 413);
  for (const broken of [await send("{}"), await send(gzipSync("{}").subarray(0, 12)), await send("{}", "br")]) {
    assert.equal(broken.status, 400);
    assert.match(await readError(broken, "OpenAI"), /^content-encoding: /);
  }
});

test("the model list has the shape the caller reads", async () => {
  const openai = (await (await app.get("/v1/models")).json()) as {
    object: string;
    data: { id: string; owned_by: string }[];
  };
  assert.equal(openai.object, "list");
  assert.deepEqual(
    openai.data.map(({ id }) => id),
    ["auto", "fake-model", "fake"],
  );
  const anthropic = (await (
    await app.get("/v1/models?limit=1", { headers: { "anthropic-version": "2023-06-01" } })
  ).json()) as Record<string, unknown>;
  assert.equal(anthropic["has_more"], true);
  assert.equal(anthropic["last_id"], "auto");
  const one = (await (await app.get("/api/anthropic/models/gpu/fake-model")).json()) as Record<string, unknown>;
  assert.equal(one["type"], "model");
  for (const name of ["gpu/auto", "gpu/fake"]) assert.equal((await app.get(`/v1/models/${name}`)).status, 200, name);
  const unknown = await app.get("/v1/models/fake-modle");
  assert.equal(unknown.status, 404);
  assert.match(await readError(unknown, "OpenAI"), /fake-model/);
  assert.equal((await app.get("/v1/models", { key: null })).status, 401);
  assert.equal((await app.get("/v1/models?limit=0", { headers: { "anthropic-version": "1" } })).status, 400);
});

test("health is open, readiness says what is there", async () => {
  assert.equal((await app.get("/api/health", { key: null })).status, 200);
  assert.deepEqual(await (await app.get("/api/ready", { key: null })).json(), { status: "ready" });
});

test("paths of no surface answer with problem details", async () => {
  const response = await app.get("/nothing/here");
  assert.equal(response.status, 404);
  assert.equal(response.headers.get("content-type"), "application/problem+json");
});

test("keys are made, listed and revoked over the API, by admins only", async () => {
  const made = (await (await app.post("/api/keys", { name: "laptop" })).json()) as {
    id: string;
    key: string;
    admin: boolean;
  };
  assert.match(made.key, /^axk_[0-9A-Za-z]{49}$/);
  const openai = surfaces[0];
  assert.ok(openai);
  assert.equal((await app.post(openai.path, openai.valid, { key: made.key })).status, 200);
  assert.equal((await app.get("/api/keys", { key: made.key })).status, 403, "not an admin");
  const { items: keys } = (await (await app.get("/api/keys")).json()) as { items: { id: string; masked: string }[] };
  assert.ok(keys.some(({ id }) => id === made.id));
  assert.doesNotMatch(JSON.stringify(keys), new RegExp(made.key.slice(12, 40)));
  const headers = { authorization: `Bearer ${app.key}` };
  assert.equal((await fetch(`${app.url}/api/keys/${made.id}`, { method: "DELETE", headers })).status, 200);
  assert.equal((await app.post(openai.path, openai.valid, { key: made.key })).status, 401, "revoked at once");
  assert.equal((await fetch(`${app.url}/api/keys/key_none`, { method: "DELETE", headers })).status, 404);
  const bad = await app.post("/api/keys", { kind: "robot", color: "red" });
  assert.equal(bad.status, 400);
  const problem = (await bad.json()) as { errors: { path: string }[] };
  assert.ok(problem.errors.some(({ path }) => path === "kind"));
  assert.ok(problem.errors.some(({ path }) => path === "name"));
});

test("targets that are no address, and wrong percent encoding, are told as not found", async () => {
  const headers = `host: x\r\nauthorization: Bearer ${app.key}\r\nconnection: close\r\n\r\n`;
  for (const target of ["//", "///x", "http://[", "*", "//v1/models/%zz"]) {
    assert.match(await sendRaw(`OPTIONS ${target} HTTP/1.1\r\n${headers}`), /^HTTP\/1\.1 40[045] /, target);
  }
  assert.match(await sendRaw(`DELETE /api/keys/%zz HTTP/1.1\r\n${headers}`), /^HTTP\/1\.1 404 /);
  assert.match(await sendRaw(`GET //v1/models HTTP/1.1\r\n${headers}`), /^HTTP\/1\.1 200 /);
});

test("a client that offers HTTP/2 with its request, as Java's does, gets an ordinary answer", async () => {
  const offer = "connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n";
  const answer = await sendRaw(`GET /api/health HTTP/1.1\r\nhost: x\r\n${offer}\r\n`);
  assert.match(answer, /^HTTP\/1\.1 200 /);
  const socket = "connection: Upgrade\r\nupgrade: websocket\r\n";
  assert.match(await sendRaw(`GET /v1/models HTTP/1.1\r\nhost: x\r\n${socket}\r\n`), /^HTTP\/1\.1 404 /);
});

test("an upload that breaks off is the caller's leaving, not our fault", async () => {
  const socket = connect(Number(new URL(app.url).port), "127.0.0.1");
  socket.write(
    `POST /v1/messages HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${app.key}\r\ncontent-length: 99\r\n\r\n{"half`,
  );
  await app.get("/api/health");
  const before = app.log.length;
  socket.destroy();
  while (!app.log.slice(before).some((line) => line["message"] === "caller left")) await app.get("/api/health");
  assert.ok(app.log.slice(before).every((line) => line["message"] !== "request failed"));
});

test("a caller that sends its whole body before it reads gets the 413, and may go on with the connection", async () => {
  const piece = Buffer.alloc(8_000_000, "x");
  const chunk = Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from("\r\n0\r\n\r\n")]);
  const uploads: readonly (readonly [string, Buffer])[] = [
    [`content-length: ${piece.length}`, piece],
    ["transfer-encoding: chunked", chunk],
  ];
  for (const [framing, body] of uploads) {
    const socket = connect(Number(new URL(app.url).port), "127.0.0.1").pause();
    socket.write(`POST /v1/messages HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${app.key}\r\n${framing}\r\n\r\n`);
    await new Promise<void>((resolve, reject) =>
      socket.write(body, (error) => (error == null ? resolve() : reject(error))),
    );
    const answer = once(socket, "data");
    socket.resume();
    assert.match(String((await answer)[0]), /^HTTP\/1\.1 413 /, framing);
    const next = once(socket, "data");
    socket.write("GET /api/health HTTP/1.1\r\nhost: x\r\n\r\n");
    assert.match(String((await next)[0]), /^HTTP\/1\.1 200 /, framing);
    socket.destroy();
  }
});

/** Sends bytes over a connection of its own and gives what comes back until it closes or the answer's head is there. */
async function sendRaw(text: string): Promise<string> {
  const socket = connect(Number(new URL(app.url).port), "127.0.0.1");
  socket.write(text);
  let answer = "";
  for await (const part of socket as AsyncIterable<Buffer>) {
    answer += part.toString("latin1");
    if (answer.includes("\r\n\r\n")) break;
  }
  return answer;
}
