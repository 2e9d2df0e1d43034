// Downloads against a local server that answers ranges, drops connections, stalls, redirects and refuses.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import path from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { downloadFile, type DownloadOptions } from "../src/gpu/models/download.ts";
import { resolveModel } from "../src/gpu/models/resolve-model.ts";
import { createTemporaryDirectory, testLog } from "./engine-harness.ts";

const content = Buffer.concat([Buffer.from("GGUF"), Buffer.alloc(300_000, "0123456789")]);
const sha256 = createHash("sha256").update(content).digest("hex");

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

let server: Server;
let base: string;
let target: string;
let requests: IncomingMessage[];
/** How the next requests are answered, in order; afterwards `serve`. */
let script: Answer[];
let dropping: { readonly end: number; readonly response: ServerResponse } | undefined;

beforeEach(async () => {
  requests = [];
  script = [];
  dropping = undefined;
  target = path.join(createTemporaryDirectory(), "models", "m.gguf");
  server = createServer((request, response) => {
    requests.push(request);
    (script.shift() ?? serve)(request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  base = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
});
afterEach(() => {
  server.close();
  server.closeAllConnections();
});

const serve: Answer = (request, response) => {
  const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
  if (start >= content.length) return void response.writeHead(416).end();
  const headers = { etag: '"v1"', "content-length": content.length - start };
  if (start > 0) {
    response.writeHead(206, { ...headers, "content-range": `bytes ${start}-${content.length - 1}/${content.length}` });
  } else {
    response.writeHead(200, headers);
  }
  response.end(content.subarray(start));
};

/** Sends up to the byte `end`; the connection breaks when the downloader has written that much (see `download`). */
const dropAt =
  (end: number): Answer =>
  (request, response) => {
    const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
    response.writeHead(start > 0 ? 206 : 200, {
      etag: '"v1"',
      "content-length": content.length - start,
      ...(start > 0 ? { "content-range": `bytes ${start}-${content.length - 1}/${content.length}` } : {}),
    });
    response.write(content.subarray(start, end));
    dropping = { end, response };
  };

const answer =
  (status: number, headers: Record<string, string> = {}, body: Buffer | string = ""): Answer =>
  (_, response) =>
    void response.writeHead(status, headers).end(body);

function onProgress(done: number): void {
  if (done === dropping?.end) dropping.response.destroy();
}

function download(fields: Partial<DownloadOptions> = {}): Promise<void> {
  return downloadFile({ url: `${base}/m.gguf`, path: target, retryDelayMs: 1, attempts: 3, onProgress, ...fields });
}

test("downloads a file and leaves nothing else behind", async () => {
  let last = 0;
  await download({ sha256, onProgress: (done) => void (last = done) });
  assert.ok(readFileSync(target).equals(content));
  assert.equal(last, content.length);
  assert.deepEqual(readdirSync(path.dirname(target)), ["m.gguf"]);
});

test("goes on where a broken connection stopped", async () => {
  script = [dropAt(100_000), dropAt(150_000)];
  await download({ sha256 });
  assert.ok(readFileSync(target).equals(content));
  const ranges = requests.map((request) => Number(/\d+/.exec(request.headers.range ?? "0")?.[0]));
  assert.deepEqual(ranges, [0, 100_000, 150_000]);
  assert.equal(requests[1]?.headers["if-range"], '"v1"');
});

test("goes on with a half-done file of an earlier process", async () => {
  script = [dropAt(200_000), answer(404)];
  await assert.rejects(download(), { code: "not_found" });
  await download();
  assert.ok(readFileSync(target).equals(content));
  assert.ok(requests[2]?.headers.range !== undefined);
});

test("starts again when the file on the server is another one now", async () => {
  script = [
    dropAt(1000),
    (_, response) => void response.writeHead(206, { "content-range": "bytes 1000-5000/5001" }).end("x"),
  ];
  await download({ sha256 });
  assert.ok(readFileSync(target).equals(content));
});

test("a stalled connection counts as broken", async () => {
  script = [
    (_, response) => void response.writeHead(200, { "content-length": content.length }).write(content.subarray(0, 10)),
  ];
  await download({ stallLimitMs: 30 });
  assert.ok(readFileSync(target).equals(content));
});

test("tries again when the server is busy, but not for ever", async () => {
  script = [answer(503), answer(429)];
  await download();
  script = [answer(503), answer(503), answer(503)];
  await assert.rejects(download({ path: `${target}2` }), { message: /HTTP 503; 3 attempts/ });
});

test("explains what went wrong", async () => {
  script = [answer(404), answer(401), answer(200, {}, "<html>")];
  await assert.rejects(download(), { code: "not_found", message: /no such file/ });
  await assert.rejects(download(), { message: /HF_TOKEN/ });
  await assert.rejects(download(), { message: /not a GGUF file/ });
  await assert.rejects(download({ sha256: "0".repeat(64) }), { message: /SHA-256 is/ });
  assert.ok(!existsSync(target));
});

test("checks the hub's checksum and keeps the token from other hosts", async () => {
  const other = base.replace("127.0.0.1", "localhost");
  const redirect = (checksum: string): Answer =>
    answer(302, { location: `${other}/cdn/m.gguf`, "x-linked-etag": `"${checksum}"` });
  script = [redirect("1".repeat(64))];
  await assert.rejects(download({ token: "hf_x" }), { message: /expected 1111/ });
  assert.equal(requests[0]?.headers.authorization, "Bearer hf_x");
  assert.equal(requests[1]?.headers.authorization, undefined);
  script = [redirect(sha256)];
  await download({ token: "hf_x" });
  assert.ok(readFileSync(target).equals(content));
});

test("a model given by address is downloaded once and named after its file", async () => {
  const options = { modelsDirectory: path.dirname(target), tokenHost: "huggingface.co", log: testLog };
  const address = {
    kind: "download",
    urls: [`${base}/x/m-00001-of-00002.gguf`, `${base}/x/m-00002-of-00002.gguf`],
  } as const;
  const first = await resolveModel(address, options);
  assert.equal(first.model, "m");
  assert.ok(readFileSync(first.path).equals(content));
  assert.deepEqual(await resolveModel(address, options), first);
  assert.equal(requests.length, 2);
});

test("demo models are made once, under a name that tells their content", async () => {
  const options = { modelsDirectory: path.dirname(target), tokenHost: "", log: testLog };
  const made = await resolveModel({ kind: "demo", which: "script" }, options);
  assert.match(path.basename(made.path), /^auxot-demo-[0-9a-f]{12}\.gguf$/);
  writeFileSync(made.path, "kept");
  await resolveModel({ kind: "demo", which: "script" }, options);
  assert.equal(readFileSync(made.path, "utf8"), "kept");
  assert.deepEqual(readdirSync(path.dirname(target)).length, 1);
});

test("a model file that is missing or no GGUF is named", async () => {
  const options = { modelsDirectory: path.dirname(target), tokenHost: "", log: testLog };
  await assert.rejects(resolveModel({ kind: "file", path: "/nowhere/m.gguf" }, options), {
    message: /\/nowhere\/m\.gguf/,
  });
  const wrong = path.join(createTemporaryDirectory(), "w.gguf");
  writeFileSync(wrong, "PK");
  await assert.rejects(resolveModel({ kind: "file", path: wrong }, options), { message: /is not a GGUF file/ });
});
