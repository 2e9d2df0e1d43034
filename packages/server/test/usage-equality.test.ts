import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { dialectNames, type DialectName } from "@auxot/wire/chat";
import type { Usage } from "@auxot/wire/usage";
import { createLog } from "../src/platform/log.ts";
import { openDatabase } from "../src/store/database.ts";
import { startEmbeddedPostgres } from "../src/store/embedded-postgres/launcher.ts";
import { startFakeCloud, type FakeCloud } from "./harness/fake-cloud.ts";
import { startTestRouter, type TestRouter } from "./harness/router.ts";

/** Parsed JSON, as the JSON parser types it. */
type Parsed = ReturnType<typeof JSON.parse>;
type Answer = { readonly whole: object; readonly frames: readonly object[] };
type Shape = {
  readonly sentence: string;
  readonly answers: Readonly<Record<DialectName, Answer>>;
  /** Absent: the upstream said nothing. */
  readonly expected?: Usage;
};

const text = "Hello from afar, with some words.";

const chunk = (delta: object, finish_reason: string | null, rest: object = {}): object => ({
  id: "chatcmpl-up",
  model: "m",
  choices: [{ index: 0, delta, finish_reason }],
  ...rest,
});

function chat(usage: object | undefined, ...early: readonly object[]): Answer {
  const message = { role: "assistant", content: text };
  return {
    whole: { id: "c", model: "m", choices: [{ index: 0, message, finish_reason: "stop" }], usage },
    frames: [
      ...early.map((counts) => chunk({ content: "" }, null, { usage: counts })),
      chunk({ content: text }, null),
      chunk({}, "stop"),
      ...(usage === undefined ? [] : [{ id: "c", choices: [], usage }]),
    ],
  };
}

function responses(usage: object | undefined): Answer {
  const part = { type: "output_text", text, annotations: [] };
  const item = { type: "message", id: "msg_1", role: "assistant", status: "completed", content: [part] };
  const response = {
    id: "resp_up",
    model: "m",
    status: "completed",
    output: [item],
    ...(usage === undefined ? {} : { usage }),
  };
  return {
    whole: response,
    frames: [
      { type: "response.created", response: { id: "resp_up", model: "m", output: [] } },
      { type: "response.output_text.delta", output_index: 0, content_index: 0, item_id: "msg_1", delta: text },
      { type: "response.output_item.done", output_index: 0, item },
      { type: "response.completed", response },
    ],
  };
}

/** `first` is what message_start says, `deltas` what each message_delta says. */
function messages(
  usage: object | undefined,
  first: object | undefined,
  ...deltas: readonly (object | undefined)[]
): Answer {
  const head = { id: "msg_up", type: "message", role: "assistant", model: "m" };
  const delta = { stop_reason: "end_turn", stop_sequence: null };
  return {
    whole: { ...head, content: [{ type: "text", text }], stop_reason: "end_turn", stop_sequence: null, usage },
    frames: [
      { type: "message_start", message: { ...head, content: [], usage: first } },
      { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
      { type: "content_block_delta", index: 0, delta: { type: "text_delta", text } },
      { type: "content_block_stop", index: 0 },
      ...deltas.map((counts) => ({ type: "message_delta", delta, usage: counts })),
      { type: "message_stop" },
    ],
  };
}

const plain: Usage = {
  inputTokens: 30,
  outputTokens: 9,
  cachedInputTokens: 0,
  cacheWriteTokens: 0,
  reasoningTokens: 0,
};
const cached: Usage = { ...plain, cachedInputTokens: 20 };
const everything: Usage = { ...cached, cacheWriteTokens: 4, reasoningTokens: 5 };
const openaiTotals = { prompt_tokens: 30, completion_tokens: 9, total_tokens: 39 };
const responsesTotals = { input_tokens: 30, output_tokens: 9, total_tokens: 39 };

const shapes: readonly Shape[] = [
  {
    sentence: "plain counts",
    expected: plain,
    answers: {
      "openai-chat": chat(openaiTotals),
      "openai-responses": responses(responsesTotals),
      "anthropic-messages": messages(
        { input_tokens: 30, output_tokens: 9 },
        { input_tokens: 30, output_tokens: 1 },
        { output_tokens: 9 },
      ),
    },
  },
  {
    sentence: "cached tokens, told once in the stream and not again",
    expected: cached,
    answers: {
      "openai-chat": chat({ ...openaiTotals, prompt_tokens_details: { cached_tokens: 20 } }),
      "openai-responses": responses({ ...responsesTotals, input_tokens_details: { cached_tokens: 20 } }),
      "anthropic-messages": messages(
        { input_tokens: 10, cache_read_input_tokens: 20, output_tokens: 9 },
        { input_tokens: 10, cache_read_input_tokens: 20, output_tokens: 1 },
        { output_tokens: 9 },
      ),
    },
  },
  {
    sentence: "cached, cache-write and reasoning tokens, repeated, growing and set to zero on the way",
    expected: everything,
    answers: {
      "openai-chat": chat(
        {
          ...openaiTotals,
          prompt_tokens_details: { cached_tokens: 20, cache_write_tokens: 4 },
          completion_tokens_details: { reasoning_tokens: 5 },
        },
        { prompt_tokens: 30, completion_tokens: 0, total_tokens: 30 },
        { prompt_tokens: 30, completion_tokens: 3, total_tokens: 33 },
      ),
      "openai-responses": responses({
        ...responsesTotals,
        input_tokens_details: { cached_tokens: 20, cache_write_tokens: 4 },
        output_tokens_details: { reasoning_tokens: 5 },
      }),
      "anthropic-messages": messages(
        {
          input_tokens: 6,
          cache_read_input_tokens: 20,
          cache_creation_input_tokens: 4,
          output_tokens: 9,
          output_tokens_details: { thinking_tokens: 5 },
        },
        { input_tokens: 6, cache_read_input_tokens: 20, cache_creation_input_tokens: 4, output_tokens: 1 },
        { input_tokens: 6, cache_read_input_tokens: 20, cache_creation_input_tokens: 4, output_tokens: 4 },
        {
          input_tokens: 0,
          cache_read_input_tokens: 0,
          output_tokens: 9,
          output_tokens_details: { thinking_tokens: 5 },
        },
      ),
    },
  },
  {
    sentence: "no usage at all: counted here and marked",
    answers: {
      "openai-chat": chat(undefined),
      "openai-responses": responses(undefined),
      "anthropic-messages": messages(undefined, undefined, undefined),
    },
  },
];

const surfaces: Readonly<Record<DialectName, { readonly path: string; readonly body: object }>> = {
  "openai-chat": {
    path: "/v1/chat/completions",
    body: { messages: [{ role: "user", content: "Say hello." }], stream_options: { include_usage: true } },
  },
  "openai-responses": { path: "/v1/responses", body: { input: "Say hello." } },
  "anthropic-messages": {
    path: "/v1/messages",
    body: { max_tokens: 50, messages: [{ role: "user", content: "Say hello." }] },
  },
};

/** Answers with the shape that the model's name counts to. */
function answerShape(dialect: DialectName): FakeCloud["answer"] {
  return (request, response) => {
    const { stream, model } = JSON.parse(request.body) as { readonly stream?: boolean; readonly model: string };
    const answer = shapes[Number(model.split("-").at(-1))]?.answers[dialect];
    assert.ok(answer);
    if (stream !== true) {
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer.whole));
      return;
    }
    response.writeHead(200, { "content-type": "text/event-stream" });
    const frames = answer.frames.map((frame) => {
      const event = "type" in frame ? `event: ${String(frame.type)}\n` : "";
      return `${event}data: ${JSON.stringify(frame)}\n\n`;
    });
    response.end(frames.join("") + (dialect === "openai-chat" ? "data: [DONE]\n\n" : ""));
  };
}

/** The counts of a reply in our words, from its last usage objects. Each later one of a stream repeats or completes. */
function readReply(dialect: DialectName, body: string, stream: boolean): Usage | undefined {
  const parts: Parsed[] = stream
    ? [...body.matchAll(/^data: (\{.*)$/gm)].map(([, data]) => JSON.parse(data ?? ""))
    : [JSON.parse(body)];
  const all = parts
    .map((part) => part.usage ?? part.response?.usage ?? part.message?.usage)
    .filter((usage) => usage != null);
  const usage: Parsed = Object.assign({}, ...all);
  if (all.length === 0) return undefined;
  if (dialect !== "anthropic-messages") {
    const last = all.at(-1);
    return {
      inputTokens: last.prompt_tokens ?? last.input_tokens,
      outputTokens: last.completion_tokens ?? last.output_tokens,
      cachedInputTokens: (last.prompt_tokens_details ?? last.input_tokens_details)?.cached_tokens ?? 0,
      cacheWriteTokens: (last.prompt_tokens_details ?? last.input_tokens_details)?.cache_write_tokens ?? 0,
      reasoningTokens: (last.completion_tokens_details ?? last.output_tokens_details)?.reasoning_tokens ?? 0,
    };
  }
  const fresh = all.findLast(({ input_tokens }) => input_tokens > 0)?.input_tokens ?? 0;
  const read = all.findLast((each) => each.cache_read_input_tokens > 0)?.cache_read_input_tokens ?? 0;
  const written = all.findLast((each) => each.cache_creation_input_tokens > 0)?.cache_creation_input_tokens ?? 0;
  return {
    inputTokens: fresh + read + written,
    outputTokens: usage.output_tokens,
    cachedInputTokens: read,
    cacheWriteTokens: written,
    reasoningTokens: usage.output_tokens_details?.thinking_tokens ?? 0,
  };
}

type Asked = {
  readonly name: string;
  readonly requestId: string;
  readonly isPassed: boolean;
  readonly shape: Shape;
  readonly reply: Usage | undefined;
};

async function ask(app: TestRouter, from: DialectName, to: DialectName, at: number, stream: boolean): Promise<Asked> {
  const shape = shapes[at];
  assert.ok(shape);
  const { path, body } = surfaces[to];
  const response = await app.post(path, { ...body, model: `${from}/${from}-${at}`, stream });
  const reply = await response.text();
  assert.equal(response.status, 200, reply);
  return {
    name: `${shape.sentence}: ${from} for ${to}, ${stream ? "streamed" : "whole"}`,
    requestId: response.headers.get("x-request-id") ?? "",
    isPassed: from === to,
    shape,
    reply: readReply(to, reply, stream),
  };
}

async function readRows(dataDir: string): Promise<Map<unknown, Record<string, unknown>>> {
  const log = createLog("fatal");
  const postgres = await startEmbeddedPostgres({ dataDir, log });
  const database = await openDatabase(postgres.target, log);
  const rows = await database.sql`select * from usage_record`;
  await database.close();
  await postgres.stop();
  return new Map(rows.map((row) => [row["id"], { ...row }]));
}

test("reply, log line and usage row hold the same counts, for every upstream and caller, streamed and whole", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "auxot-usage-"));
  const asked: Asked[] = [];
  let log: readonly Record<string, unknown>[];
  {
    const clouds = await Promise.all(dialectNames.map((dialect) => startFakeCloud(answerShape(dialect))));
    const providers = clouds.map((cloud, at) => {
      const dialect = dialectNames[at] ?? "openai-chat";
      return cloud.provider({ name: dialect, dialect, models: shapes.map((_, shape) => `${dialect}-${shape}`) });
    });
    await using app = await startTestRouter({ dataDir, providers });
    for (const from of dialectNames)
      for (const to of dialectNames)
        for (const at of shapes.keys())
          for (const stream of [false, true]) asked.push(await ask(app, from, to, at, stream));
    log = app.log;
    for (const cloud of clouds) await cloud[Symbol.asyncDispose]();
  }
  const rows = await readRows(dataDir);
  await rm(dataDir, { recursive: true, force: true });
  for (const { name, requestId, isPassed, shape, reply } of asked) {
    const row = rows.get(requestId);
    assert.ok(row, name);
    const isEstimated = row["usage_estimated"] === true;
    const counts: Usage = {
      inputTokens: Number(row["input_tokens"]),
      outputTokens: Number(row["output_tokens"]),
      cachedInputTokens: Number(row["cached_input_tokens"]),
      cacheWriteTokens: Number(row["cache_write_tokens"]),
      reasoningTokens: Number(row["reasoning_tokens"]),
    };
    assert.equal(isEstimated, shape.expected === undefined, name);
    if (shape.expected !== undefined) assert.deepEqual(counts, shape.expected, name);
    else assert.ok(counts.outputTokens > 0 && counts.inputTokens > 0, name);
    const line = log.find((each) => each["requestId"] === requestId && each["usage"] !== undefined);
    assert.deepEqual(line?.["usage"], { ...counts, ...(isEstimated ? { estimated: true } : {}) }, name);
    // An answer that passes as it came says of itself what its provider said: nothing, where that said nothing.
    if (isPassed && isEstimated) assert.equal(reply?.outputTokens || undefined, undefined, name);
    else assert.deepEqual(reply, counts, name);
  }
});
