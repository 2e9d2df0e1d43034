import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { connectFakeWorker, fakeOffer } from "./harness/fake-worker.ts";
import { answerOpenai, startFakeCloud } from "./harness/fake-cloud.ts";
import { startTestRouter, type TestRouterOptions } from "./harness/router.ts";

const png = Buffer.from("\x89PNG\r\n\x1a\n and pixels", "latin1");
const files: Readonly<Record<string, readonly [type: string, bytes: Buffer]>> = {
  "/cat.png": ["image/png", png],
  "/large.png": ["image/png", Buffer.concat([png, Buffer.alloc(3000)])],
  "/declared-jpeg.png": ["image/jpeg", png],
  "/unknown": ["application/octet-stream", png],
  "/page.html": ["text/html", Buffer.from("<html>")],
  "/no-image.png": ["image/png", Buffer.from("<html>")],
  "/paper.pdf": ["application/pdf", Buffer.from("%PDF-1.7 words")],
  "/notes.txt": ["text/plain; charset=iso-8859-1", Buffer.from("caf\xe9", "latin1")],
};
const asked: string[] = [];
const host = createServer((request, response) => {
  const [path = ""] = (request.url ?? "").split("?");
  asked.push(path);
  if (path === "/never") return;
  if (path === "/gate.png") return void gate.then(() => response.end(png));
  const [type, bytes] = files[path] ?? [];
  if (type === undefined) response.writeHead(404).end();
  else response.writeHead(200, { "content-type": type }).end(bytes);
});
const { promise: gate, resolve: openGate } = Promise.withResolvers<void>();
let at: string;
before(async () => {
  await new Promise<void>((resolve) => host.listen(0, "127.0.0.1", resolve));
  at = `http://127.0.0.1:${(host.address() as AddressInfo).port}`;
});
after(() => {
  host.closeAllConnections();
  host.close();
});

const listed = { allow: ["127.0.0.1"] };
const seeing = { ...fakeOffer, abilities: { tools: true, images: true, reasoning: true }, slots: 4 };

async function startWithWorker(options: TestRouterOptions = {}) {
  const app = await startTestRouter({ fetch: listed, ...options });
  return { app, worker: await connectFakeWorker(app, { offers: [seeing] }) };
}

function imageBody(...urls: string[]): object {
  const content = urls.map((url) => ({ type: "image_url", image_url: { url } }));
  return {
    model: "auto",
    messages: [{ role: "user", content: [{ type: "text", text: "What is this?" }, ...content] }],
  };
}

function documentBody(url: string): object {
  const content = [{ type: "document", title: "A paper", source: { type: "url", url } }];
  return { model: "auto", max_tokens: 9, messages: [{ role: "user", content }] };
}

async function readError(response: Response): Promise<string> {
  const { error } = (await response.json()) as { error: { message: string; param?: string } };
  if (typeof error.param === "string") assert.ok(error.message.startsWith(`${error.param}: `), error.message);
  return `${response.status} ${error.message}`;
}

test("a worker gets the bytes of an image that the caller named by address (case 32), each file fetched once", async () => {
  const { app, worker } = await startWithWorker();
  await using _ = app;
  const before = asked.length;
  const answer = app.post("/v1/chat/completions", imageBody(`${at}/cat.png`, `${at}/unknown`, `${at}/cat.png`));
  const job = await worker.nextJob();
  const source = { type: "base64", mediaType: "image/png", data: png.toString("base64") };
  assert.deepEqual(
    job.request.messages[0]?.content.slice(1),
    [1, 2, 3].map(() => ({ type: "image", source })),
  );
  assert.deepEqual(asked.slice(before).toSorted(), ["/cat.png", "/unknown"]);
  job.answer("A cat.");
  assert.equal((await answer).status, 200);
  worker[Symbol.dispose]();
});

test("a request whose slot was taken while its files were fetched waits for the next, and fetches nothing again", async () => {
  await using app = await startTestRouter({ fetch: listed });
  using worker = await connectFakeWorker(app, { offers: [{ ...seeing, slots: 1 }] });
  const arrived = new Promise<void>((resolve) => host.once("request", () => resolve()));
  const seen = app.post("/v1/chat/completions", imageBody(`${at}/gate.png`));
  await arrived;
  const quick = app.post("/v1/chat/completions", { model: "auto", messages: [{ role: "user", content: "Hi" }] });
  const first = await worker.nextJob();
  assert.equal(first.request.messages[0]?.content.length, 1, "the one without files came first");
  openGate();
  while (!app.log.some((line) => line["reason"] !== undefined)) await app.get("/api/health");
  first.answer("quick");
  await quick;
  (await worker.nextJob()).answer("seen");
  assert.equal((await seen).status, 200);
  assert.equal(asked.filter((path) => path === "/gate.png").length, 1);
});

test("an image in a tool's result is fetched too, and its type is what its bytes say", async () => {
  const { app, worker } = await startWithWorker();
  await using _ = app;
  const source = { type: "url", url: `${at}/declared-jpeg.png` };
  const answer = app.post("/v1/messages", {
    model: "auto",
    max_tokens: 9,
    messages: [
      { role: "assistant", content: [{ type: "tool_use", id: "t1", name: "look", input: {} }] },
      { role: "user", content: [{ type: "tool_result", tool_use_id: "t1", content: [{ type: "image", source }] }] },
    ],
  });
  const job = await worker.nextJob();
  const [part] = job.request.messages[1]?.content ?? [];
  assert.ok(part?.type === "image" && part.source.type === "base64" && part.source.mediaType === "image/png");
  job.answer("ok");
  await answer;
  worker[Symbol.dispose]();
});

test("a document by address (case 83) goes to an OpenAI cloud as a file, plain text as text", async () => {
  await using cloud = await startFakeCloud(answerOpenai(["read"]));
  await using app = await startTestRouter({ fetch: listed, providers: [cloud.provider()] });
  const sent = async (path: string): Promise<unknown> => {
    assert.equal((await app.post("/v1/messages", documentBody(at + path))).status, 200);
    const { messages } = JSON.parse(cloud.requests.at(-1)?.body ?? "") as { messages: { content: unknown }[] };
    return messages[0]?.content;
  };
  const data = `data:application/pdf;base64,${Buffer.from("%PDF-1.7 words").toString("base64")}`;
  assert.deepEqual(await sent("/paper.pdf"), [{ type: "file", file: { filename: "A paper", file_data: data } }]);
  assert.deepEqual(await sent("/notes.txt"), [{ type: "text", text: "A paper\n\ncafé" }]);
});

test("clouds that fetch by themselves get the address; where they could not, they get the bytes", async () => {
  await using cloud = await startFakeCloud((_, response) => void response.writeHead(400).end("{}"));
  const providers = (["openai-chat", "openai-responses", "anthropic-messages"] as const).map((dialect) =>
    cloud.provider({ name: dialect, dialect }),
  );
  await using app = await startTestRouter({ fetch: listed, providers });
  const send = async (model: string, path: string, body: object): Promise<string> => {
    await app.post(path, { ...body, model: `${model}/cloud-model` });
    return cloud.requests.at(-1)?.body ?? "";
  };
  const far = "https://images.example/cat.png";
  const before = asked.length;
  assert.match(
    await send("openai-chat", "/v1/messages", { ...documentBody(far), ...imageMessage(far) }),
    /"url":"https:/,
  );
  assert.match(await send("openai-responses", "/v1/messages", documentBody(far)), /"file_url":"https:/);
  assert.match(await send("anthropic-messages", "/v1/chat/completions", imageBody(far)), /"url":"https:/);
  assert.match(await send("anthropic-messages", "/v1/messages", imageMessage(`${at}/cat.png`)), /"url":"http:/);
  assert.equal(asked.length, before, "nothing was fetched; callers of the upstream's own format are passed through");
  assert.match(await send("openai-responses", "/v1/messages", documentBody(`${at}/paper.pdf`)), /"file_data":"data:/);
});

function imageMessage(url: string): object {
  return { max_tokens: 9, messages: [{ role: "user", content: [{ type: "image", source: { type: "url", url } }] }] };
}

test("what cannot be fetched is a 400 that names the part and the reason, in each format", async () => {
  const { app, worker } = await startWithWorker({ fetch: { ...listed, timeoutMs: 300 } });
  await using _ = app;
  const chat = "messages[0].content[1].image_url.url: the image cannot be fetched: ";
  const cases: readonly (readonly [url: string, reason: RegExp])[] = [
    [`${at}/missing.png`, /status 404/],
    [`${at}/page.html`, /its type is text\/html; an image must be PNG, JPEG, GIF or WebP/],
    [`${at}/no-image.png`, /its bytes are no image/],
    [`${at}/paper.pdf`, /its type is application\/pdf/],
    [`${at}/never`, /longer than 0\.3 s/],
    ["http://127.0.0.2/x.png", /no public address/],
    ["http://169.254.169.254/latest/meta-data", /no public address/],
    ["http://user:pass@127.0.0.1/x.png", /user name or password/],
  ];
  for (const [url, reason] of cases) {
    const told = await readError(await app.post("/v1/chat/completions", imageBody(url)));
    assert.ok(told.startsWith(`400 ${chat}`), told);
    assert.match(told, reason);
    assert.match(told, /send its bytes as base64 instead\.$/);
  }
  const messages = await readError(await app.post("/v1/messages", documentBody(`${at}/cat.png`)));
  assert.match(
    messages,
    /^400 messages\[0\]\.content\[0\]\.source\.url: the document cannot be fetched: its type is image\/png/,
  );
  const input = [{ role: "user", content: [{ type: "input_file", file_url: `${at}/missing` }] }];
  const responses = await readError(await app.post("/v1/responses", { model: "auto", input }));
  assert.match(responses, /^400 input\[0\]\.content\[0\]\.file_url: the document cannot be fetched/);
  worker[Symbol.dispose]();
});

test("addresses of other schemes and malformed data URIs are refused by name before anything is planned", async () => {
  await using app = await startTestRouter();
  const urls = [
    "file:///etc/passwd",
    "ftp://a.example/x.png",
    "data:image/png;base64",
    "data:image/png,raw",
    "data:text/html;base64,AA==",
  ];
  for (const url of urls) {
    const told = await readError(await app.post("/v1/chat/completions", imageBody(url)));
    assert.match(told, /^400 messages\[0\]\.content\[1\]\.image_url\.url: expected/, url);
  }
  const told = await readError(await app.post("/v1/messages", documentBody("file:///etc/passwd")));
  assert.match(told, /^400 messages\[0\]\.content\[0\]\.source\.url: expected an http\(s\) URL/);
});

test("at most 20 different files are fetched for a request, and together they are no larger than a body may be", async () => {
  const { app, worker } = await startWithWorker({ limits: { maxBodyBytes: 5000 } });
  await using _ = app;
  const many = Array.from({ length: 21 }, (__, i) => `${at}/cat.png?${i}`);
  const told = await readError(await app.post("/v1/chat/completions", imageBody(...many)));
  assert.match(told, /^400 messages\[0\]\.content\[21\]\.image_url\.url: .*more than 20 files/);
  const large = await readError(
    await app.post("/v1/chat/completions", imageBody(`${at}/large.png`, `${at}/large.png?2`)),
  );
  assert.match(large, /^413 The images and documents given by address are together larger than 5000 bytes/);
  worker[Symbol.dispose]();
});

test("with fetching turned off, a source that takes addresses is asked instead, and without one the 400 says why", async () => {
  await using cloud = await startFakeCloud(answerOpenai(["seen"]));
  const { app, worker } = await startWithWorker({ fetch: { enabled: false }, providers: [cloud.provider()] });
  await using _ = app;
  const image = await app.post("/v1/messages", { model: "auto", ...imageMessage("https://images.example/cat.png") });
  assert.equal(image.status, 200);
  assert.match(image.headers.get("x-auxot-route") ?? "", /tier=cloud/);
  const document = await readError(await app.post("/v1/messages", documentBody("https://images.example/paper.pdf")));
  assert.match(
    document,
    /^400 messages\[0\]\.content\[0\]\.source\.url: .*operator of this router turned fetching off/,
  );
  worker[Symbol.dispose]();
});

test("a caller who leaves stops the fetch", async () => {
  const { app, worker } = await startWithWorker();
  await using _ = app;
  const caller = new AbortController();
  const left = new Promise<void>((resolve) =>
    host.once("request", (_request, response) => {
      response.on("close", resolve);
      caller.abort();
    }),
  );
  await assert.rejects(app.post("/v1/chat/completions", imageBody(`${at}/never`), { signal: caller.signal }));
  await left;
  worker[Symbol.dispose]();
});
