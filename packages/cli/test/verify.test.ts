import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { test } from "node:test";
import { runForTest, startScriptedRouter, type Reply } from "./scripted-router.ts";

const openaiStream = [
  { model: "auxot-demo", choices: [{ delta: { role: "assistant", content: "" } }] },
  { model: "auxot-demo", choices: [{ delta: { content: "Hello" } }] },
  { model: "auxot-demo", choices: [{ delta: { content: " there.\n" } }] },
  { model: "auxot-demo", choices: [], usage: { completion_tokens: 5 } },
];
const anthropicStream = [
  { type: "message_start", message: { model: "auxot-demo", usage: { output_tokens: 1 } } },
  { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
  { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "Hello" } },
  { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: " there.\n" } },
  { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 5 } },
  { type: "message_stop" },
];
const streamHeaders = { "content-type": "text/event-stream", "x-auxot-route": "gpu; provider=gpu; worker=box" };

function encodeOpenai(chunks: readonly unknown[], end = "data: [DONE]\n\n"): string {
  return chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join("") + end;
}

function encodeAnthropic(events: readonly { readonly type: string }[]): string {
  return events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join("");
}

const goodRouter: Readonly<Record<string, Reply>> = {
  "GET /api/health": { body: { status: "ok" } },
  "GET /api/ready": { body: { status: "ready" } },
  "GET /v1/models": { body: { object: "list", data: [{ id: "auxot-demo" }, { id: "auxot-echo" }] } },
  "POST /v1/chat/completions": { headers: streamHeaders, body: encodeOpenai(openaiStream) },
  "POST /v1/messages": { headers: streamHeaders, body: encodeAnthropic(anthropicStream) },
};

test("verify tries everything and shows time to first token, speed and route of both APIs", async (t) => {
  const router = await startScriptedRouter(t, goodRouter);
  assert.deepEqual(await router.run(["verify"]), {
    code: 0,
    out: `Verifying ${router.url}
✓ health         the router answers
✓ ready          it can serve requests
✓ models         2 models: auxot-demo, auxot-echo
✓ OpenAI API     first token after 100 ms, 5 tokens, 40 tokens/s
                 model  auxot-demo
                 route  gpu; provider=gpu; worker=box
                 answer Hello there.
✓ Anthropic API  first token after 100 ms, 5 tokens, 40 tokens/s
                 model  auxot-demo
                 route  gpu; provider=gpu; worker=box
                 answer Hello there.
All checks passed.
`,
    err: "",
  });
});

test("verify sends the model and the prompt it was given, and the key as each API wants it", async (t) => {
  const router = await startScriptedRouter(t, goodRouter);
  await router.run(["verify", "--model", "gpu/auxot-echo", "--prompt", "Hi", "--key", "axk_other"]);
  const [, , , openai, anthropic] = router.received;
  assert.deepEqual(JSON.parse(openai?.body ?? ""), {
    model: "gpu/auxot-echo",
    messages: [{ role: "user", content: "Hi" }],
    max_completion_tokens: 256,
    stream: true,
    stream_options: { include_usage: true },
  });
  assert.equal(openai?.headers["authorization"], "Bearer axk_other");
  assert.deepEqual(JSON.parse(anthropic?.body ?? ""), {
    model: "gpu/auxot-echo",
    messages: [{ role: "user", content: "Hi" }],
    max_tokens: 256,
    stream: true,
  });
  assert.equal(anthropic?.headers["x-api-key"], "axk_other");
});

test("verify --json gives the same as facts", async (t) => {
  const router = await startScriptedRouter(t, goodRouter);
  const { code, out } = await router.run(["verify", "--json"]);
  const { url, isGood, checks } = JSON.parse(out) as { url: string; isGood: boolean; checks: unknown[] };
  assert.deepEqual([code, url, isGood, checks.length], [0, router.url, true, 5]);
  assert.deepEqual(checks[2], {
    name: "models",
    isGood: true,
    message: "2 models: auxot-demo, auxot-echo",
    models: ["auxot-demo", "auxot-echo"],
  });
});

/** The line of one check, and the exit code, when the router differs from a good one in `changes`. */
async function verifyWith(
  t: Parameters<typeof startScriptedRouter>[0],
  changes: Readonly<Record<string, Reply>>,
  name: string,
): Promise<[code: number, line: string | undefined, last: string | undefined]> {
  const router = await startScriptedRouter(t, { ...goodRouter, ...changes });
  const { code, out } = await router.run(["verify"]);
  const lines = out.trimEnd().split("\n");
  const line = lines.find((line) => line.slice(2).startsWith(name));
  return [code, line?.replace(router.url, "URL"), lines.at(-1)];
}

test("verify says what a router that is not ready waits for, and goes on", async (t) => {
  const notReady = { status: 503, body: { status: "not ready", missing: ["the database does not answer"] } };
  assert.deepEqual(await verifyWith(t, { "GET /api/ready": notReady }, "ready"), [
    1,
    "✗ ready          not yet: the database does not answer (status 503)",
    "1 check failed.",
  ]);
});

test("verify stops at a key that is refused", async (t) => {
  const refused = { status: 401, body: { error: { message: "This key is not known.", code: "unauthenticated" } } };
  assert.deepEqual(await verifyWith(t, { "GET /v1/models": refused }, "models"), [
    1,
    "✗ models         401: This key is not known.",
    "1 check failed. 2 more were not tried.",
  ]);
});

test("verify notices a stream without its end mark", async (t) => {
  const cut = { headers: streamHeaders, body: encodeOpenai(openaiStream, "") };
  assert.deepEqual(await verifyWith(t, { "POST /v1/chat/completions": cut }, "OpenAI"), [
    1,
    "✗ OpenAI API     The stream stopped without its end mark.",
    "1 check failed.",
  ]);
});

test("verify shows an error that comes within a stream", async (t) => {
  const events = [...anthropicStream.slice(0, 3), { type: "error", error: { message: "The worker went away." } }];
  const broken = { headers: streamHeaders, body: encodeAnthropic(events) };
  assert.deepEqual(await verifyWith(t, { "POST /v1/messages": broken }, "Anthropic"), [
    1,
    "✗ Anthropic API  The answer broke off: The worker went away.",
    "1 check failed.",
  ]);
});

test("verify says so when another program answers at the address", async (t) => {
  assert.deepEqual(await verifyWith(t, { "GET /api/health": { body: "<h1>It works!</h1>" } }, "health"), [
    1,
    "✗ health         URL answers, but not as an Auxot router does (status 200): is the address right?",
    "1 check failed. 4 more were not tried.",
  ]);
});

test("verify says so when nothing answers", async () => {
  const server = createServer();
  await once(server.listen(0, "127.0.0.1"), "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await once(server.close(), "close");
  assert.deepEqual(await runForTest(["verify", "--url", `${url}/`], "http://unused", "axk_test"), {
    code: 1,
    out: `Verifying ${url}
✗ health         No Auxot router answers at ${url}: is it running?
1 check failed. 4 more were not tried.
`,
    err: "",
  });
});

test("verify without a key tries what needs none", async (t) => {
  const router = await startScriptedRouter(t, goodRouter);
  const { code, out } = await router.run(["verify"], null);
  assert.equal(code, 1);
  assert.match(out, /✓ ready .*\n✗ models {9}No key was given\. Pass --key axk_… or set AUXOT_KEY\./);
});
