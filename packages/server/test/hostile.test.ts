// What callers and upstreams should never send: everything gets an honest answer, nothing a 500, nobody hangs.

import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { dialects } from "@auxot/dialects/dialects";
import { dialectNames, type ChatResult, type DialectName } from "@auxot/wire/chat";
import { unfoldResult } from "@auxot/wire/chat-event";
import { noUsage } from "@auxot/wire/usage";
import { startFakeCloud, type FakeCloud } from "./harness/fake-cloud.ts";
import { startTestRouter, type TestRouter } from "./harness/router.ts";

/** Printed with every failure; AUXOT_TEST_SEED repeats a run. */
const seed = Number(process.env["AUXOT_TEST_SEED"] ?? Math.floor(Math.random() * 2 ** 31));

let cloud: FakeCloud;
let app: TestRouter;
before(async () => {
  cloud = await startFakeCloud(refuse);
  app = await startTestRouter({
    providers: dialectNames.map((dialect) => cloud.provider({ name: dialect, dialect })),
    fetch: { enabled: false },
  });
});
after(async () => {
  await app[Symbol.asyncDispose]();
  await cloud[Symbol.asyncDispose]();
});

function refuse(_: unknown, response: ServerResponse): void {
  response.writeHead(400, { "content-type": "application/json" }).end('{"error":{"message":"no"}}');
}

function findInternal(): unknown {
  return app.log.find((line) => line["message"] === "request failed" && line["code"] === undefined);
}

const schema = { type: "object", properties: { city: { type: "string" } } };
const endpoints: Readonly<Record<string, object>> = {
  "/v1/chat/completions": {
    model: "auto",
    messages: [
      { role: "system", content: [{ type: "text", text: "Be brief." }] },
      { role: "user", content: [{ type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } }] },
      {
        role: "assistant",
        content: null,
        tool_calls: [{ id: "c", type: "function", function: { name: "f", arguments: "{}" } }],
      },
      { role: "tool", tool_call_id: "c", content: "sunny" },
    ],
    tools: [{ type: "function", function: { name: "f", parameters: schema } }],
    tool_choice: { type: "function", function: { name: "f" } },
    response_format: { type: "json_schema", json_schema: { name: "a", schema } },
    stop: ["x"],
    stream_options: { include_usage: true },
  },
  "/v1/responses": {
    model: "auto",
    instructions: "Be brief.",
    input: [
      { role: "user", content: [{ type: "input_text", text: "Hi" }] },
      { type: "reasoning", id: "r", summary: [{ type: "summary_text", text: "hm" }], encrypted_content: "x" },
      { type: "function_call", call_id: "c", name: "f", arguments: "{}" },
      { type: "function_call_output", call_id: "c", output: [{ type: "input_text", text: "sunny" }] },
    ],
    tools: [
      { type: "function", name: "f", parameters: schema },
      { type: "custom", name: "g" },
    ],
    tool_choice: { type: "allowed_tools", mode: "auto", tools: [{ type: "function", name: "f" }] },
    text: { format: { type: "json_schema", name: "a", schema } },
    reasoning: { effort: "low" },
  },
  "/v1/messages": {
    model: "auto",
    max_tokens: 9,
    system: [{ type: "text", text: "Be brief.", cache_control: { type: "ephemeral" } }],
    messages: [
      {
        role: "user",
        content: [{ type: "document", source: { type: "text", data: "words", media_type: "text/plain" } }],
      },
      {
        role: "assistant",
        content: [
          { type: "thinking", thinking: "hm", signature: "s" },
          { type: "tool_use", id: "c", name: "f", input: {} },
        ],
      },
      {
        role: "user",
        content: [{ type: "tool_result", tool_use_id: "c", content: [{ type: "text", text: "sunny" }] }],
      },
    ],
    tools: [{ name: "f", input_schema: schema }],
    tool_choice: { type: "tool", name: "f" },
    thinking: { type: "enabled", budget_tokens: 1024 },
    metadata: { user_id: "u" },
  },
  "/v1/messages/count_tokens": { model: "auto", messages: [{ role: "user", content: "Hi" }] },
  "/api/keys": { name: "laptop", kind: "caller", admin: false },
};

/** `body` with another value at one of its places, chosen by `at` (0 to 1). */
function replaceAt(body: unknown, at: number, value: unknown): unknown {
  const places: ((fresh: unknown) => void)[] = [];
  const copy: unknown = structuredClone(body);
  const visit = (node: unknown): void => {
    if (typeof node !== "object" || node === null) return;
    const fields = node as Record<string, unknown>;
    for (const name of Object.keys(fields)) {
      places.push((fresh) => void (fields[name] = fresh));
      visit(fields[name]);
    }
  };
  visit(copy);
  places[Math.floor(at * places.length)]?.(value);
  return copy;
}

const fraction = fc.noBias(fc.nat(9999)).map((n) => n / 10_000);
const anything = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    "",
    [],
    {},
    -1,
    true,
    [null],
    { type: "text" },
    { type: 7 },
    "constructor",
    "__proto__",
  ),
  fc.jsonValue({ maxDepth: 3 }),
);

function withModel(body: object, model: string): object {
  return "model" in body ? { ...body, model } : body;
}

/** Undefined leaves the field out; the rest is right in many places. */
const plausible = fc.constantFrom<unknown>(
  undefined,
  "",
  "words",
  "f",
  "c",
  "user",
  "low",
  "text",
  0,
  0.5,
  1,
  4000,
  true,
  false,
  [],
  {},
  schema,
);

for (const [path, valid] of Object.entries(endpoints)) {
  test(`POST ${path} answers any JSON and any torn body with a status below 500 (seed ${seed})`, async () => {
    const text = JSON.stringify(valid);
    const body = fc.oneof(
      { weight: 1, arbitrary: anything.map((value) => JSON.stringify(value) ?? "") },
      { weight: 1, arbitrary: fraction.map((at) => text.slice(0, Math.floor(at * text.length))) },
      {
        weight: 6,
        arbitrary: fc
          .tuple(
            fraction,
            fc.oneof(anything, { weight: 4, arbitrary: plausible }),
            fc.constantFrom("auto", ...dialectNames.map((name) => `${name}/cloud-model`)),
          )
          .map(([at, value, model]) => JSON.stringify(replaceAt(withModel(valid, model), at, value))),
      },
    );
    await fc.assert(
      fc.asyncProperty(body, async (sent) => {
        const response = await app.post(path, sent);
        const told = await response.text();
        assert.ok(response.status < 500, `${response.status} ${told}`);
      }),
      { seed, numRuns: 150 },
    );
    assert.equal(findInternal(), undefined);
  });
}

const answer: ChatResult = {
  content: [
    { type: "reasoning", text: "Hm, é 🎉" },
    { type: "text", text: "Hello there" },
    { type: "tool-call", id: "call_1", name: "f", arguments: '{"a":1}' },
  ],
  stopReason: "tool-calls",
  usage: { ...noUsage, inputTokens: 3, outputTokens: 5 },
};

/** An upstream's whole stream, in frames. */
function listFrames(name: DialectName): string[] {
  const request = { model: "cloud-model", messages: [], tools: [], stream: true };
  const meta = { id: "up_1", createdAt: 1, model: "cloud-model", includeUsage: true, requestId: "req_up", request };
  const encoder = dialects[name].serve.createStreamEncoder(meta);
  return encoder.encode(unfoldResult(answer)).split(/(?<=\n\n)/);
}

const damage = fc.oneof(
  fc.record({ kind: fc.constantFrom("drop", "repeat", "cut", "garble"), at: fraction, value: anything }),
  fc.record({ kind: fc.constantFrom("replace", "insert"), at: fraction, value: anything }),
);
type Damage = typeof damage extends fc.Arbitrary<infer T> ? T : never;

function hurt(frames: readonly string[], { kind, at, value }: Damage): string[] {
  const place = Math.floor(at * frames.length);
  const frame = frames[place] ?? "";
  const put = (...instead: string[]): string[] => frames.toSpliced(place, 1, ...instead);
  switch (kind) {
    case "drop":
      return put();
    case "repeat":
      return put(frame, frame);
    case "cut":
      return [...frames.slice(0, place), frame.slice(0, Math.floor(frame.length / 2))];
    case "garble":
      return put(frame.replaceAll(/["{]/g, "\u0000"));
    case "insert":
      return put(frame, `data: ${JSON.stringify(value)}\n\n`);
    default:
      return put(replaceInFrame(frame, at, value));
  }
}

function replaceInFrame(frame: string, at: number, value: unknown): string {
  return frame.replace(/^data: (\{.*\})$/m, (_, data: string) => {
    return `data: ${JSON.stringify(replaceAt(JSON.parse(data), (at * 7919) % 1, value))}`;
  });
}

const asks: Readonly<Record<DialectName, readonly [path: string, body: object, proper: RegExp]>> = {
  "openai-chat": [
    "/v1/chat/completions",
    { messages: [{ role: "user", content: "Hi" }] },
    /"finish_reason":"|"error":/,
  ],
  "openai-responses": ["/v1/responses", { input: "Hi" }, /response\.(completed|incomplete|failed)|"error"/],
  "anthropic-messages": [
    "/v1/messages",
    { max_tokens: 9, messages: [{ role: "user", content: "Hi" }] },
    /message_stop|event: error|"error":/,
  ],
};

function sendInTwo(response: ServerResponse, bytes: Buffer, at: number): void {
  const middle = Math.floor(at * bytes.length);
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write(bytes.subarray(0, middle));
  response.end(bytes.subarray(middle));
}

for (const upstream of dialectNames) {
  for (const caller of dialectNames) {
    test(`a damaged ${upstream} stream ends for a ${caller} caller, in an end or an error (seed ${seed})`, async () => {
      const frames = listFrames(upstream);
      const [path, body, proper] = asks[caller];
      await fc.assert(
        fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 3 }), fraction, async (damages, at) => {
          const bytes = Buffer.from(damages.reduce<readonly string[]>(hurt, frames).join(""));
          cloud.answer = (_, response) => sendInTwo(response, bytes, at);
          const ask = { ...body, model: `${upstream}/cloud-model`, stream: true };
          const response = await app.post(path, ask);
          const told = await response.text();
          // A provider that failed three times in a row would rest.
          cloud.answer = (_, good) => sendInTwo(good, Buffer.from(frames.join("")), at);
          assert.match(await (await app.post(path, ask)).text(), /Hello there/);
          assert.ok(response.status === 200 || response.status >= 400, told);
          assert.notEqual(response.status, 500, told);
          assert.match(told, proper);
          assert.doesNotMatch(told, /inside Auxot/);
        }),
        { seed, numRuns: 40 },
      );
      assert.equal(findInternal(), undefined);
    });
  }
}
