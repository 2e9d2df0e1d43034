// Speaks the two public APIs as a plain HTTP client would, and reads their answers into one shape, so that a test can say
// once what both must do. Shares no code with the dialects it tests.

import type { TestRouter } from "./stack.ts";

/** Where to ask: a test router, or anything that posts like one. */
export type Target = Pick<TestRouter, "post">;

export type Ask = {
  readonly model?: string;
  /** The one user message, or all messages in the API's own format. */
  readonly text?: string;
  readonly messages?: readonly unknown[];
  readonly maxTokens?: number;
  readonly stop?: string;
  /** Offers the tool `get_weather`. */
  readonly withTool?: boolean;
  readonly signal?: AbortSignal;
  readonly key?: string;
};

export type Call = { readonly id: string; readonly name: string; readonly input: unknown };

export type Answer = {
  readonly model: string;
  readonly text: string;
  readonly reasoning: string;
  readonly calls: readonly Call[];
  /** In the API's own words. */
  readonly stop: string;
  readonly usage: { readonly input: number; readonly output: number };
  /** Each piece of text and reasoning as it came; empty when not streamed. */
  readonly deltas: readonly string[];
  /** Pieces of the calls' arguments. */
  readonly inputDeltas: readonly string[];
  /** The stream came to the API's own sign of a clean end. */
  readonly isComplete: boolean;
  /** The message of an error inside the stream. */
  readonly error?: string;
  readonly headers: Headers;
};

export type Frame = { readonly event: string; readonly data: string };

export type Api = {
  readonly name: string;
  readonly path: string;
  /** How this API says: the end, a tool is wanted, the limit was reached. */
  readonly stops: { readonly end: string; readonly tool: string; readonly length: string };
  toBody(ask: Ask, stream: boolean): Record<string, unknown>;
  /** The messages after the tool was called and gave `result`. */
  afterTool(text: string, call: Call, result: string): readonly unknown[];
  readResult(body: unknown): Parts;
  readFrames(frames: readonly Frame[]): Parts;
};

type Parts = Omit<Answer, "headers">;

type OpenaiCall = {
  readonly index?: number;
  readonly id?: string;
  readonly function: { readonly name?: string; readonly arguments?: string };
};
type OpenaiMessage = {
  readonly content?: string | null;
  readonly reasoning_content?: string | null;
  readonly tool_calls?: readonly OpenaiCall[];
};
type OpenaiUsage = { readonly prompt_tokens: number; readonly completion_tokens: number };
type OpenaiBody = {
  readonly model: string;
  readonly choices: readonly { readonly message: OpenaiMessage; readonly finish_reason: string }[];
  readonly usage: OpenaiUsage;
};
type OpenaiChunk = {
  readonly model?: string;
  readonly choices?: readonly { readonly delta: OpenaiMessage; readonly finish_reason: string | null }[];
  readonly usage?: OpenaiUsage | null;
  readonly error?: { readonly message: string };
};
type AnthropicUsage = {
  readonly input_tokens?: number;
  readonly cache_read_input_tokens?: number;
  readonly cache_creation_input_tokens?: number;
  readonly output_tokens?: number;
};
type AnthropicBlock = {
  readonly type: string;
  readonly text?: string;
  readonly thinking?: string;
  readonly id?: string;
  readonly name?: string;
  readonly input?: unknown;
};
type AnthropicBody = {
  readonly model: string;
  readonly content: readonly AnthropicBlock[];
  readonly stop_reason: string;
  readonly usage: AnthropicUsage;
};
type AnthropicEvent = {
  readonly type: string;
  readonly index?: number;
  readonly message?: { readonly model: string };
  readonly content_block?: AnthropicBlock;
  readonly delta?: {
    readonly text?: string;
    readonly thinking?: string;
    readonly partial_json?: string;
    readonly stop_reason?: string;
  };
  readonly usage?: AnthropicUsage;
  readonly error?: { readonly message: string };
};

const weather = {
  name: "get_weather",
  description: "The weather in a city",
  schema: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
};

export const openaiApi: Api = {
  name: "OpenAI",
  path: "/v1/chat/completions",
  stops: { end: "stop", tool: "tool_calls", length: "length" },
  toBody: (ask, stream) => ({
    model: ask.model ?? "auxot-demo",
    messages: ask.messages ?? [{ role: "user", content: ask.text }],
    stream,
    ...(stream ? { stream_options: { include_usage: true } } : {}),
    ...(ask.maxTokens === undefined ? {} : { max_completion_tokens: ask.maxTokens }),
    ...(ask.stop === undefined ? {} : { stop: ask.stop }),
    ...(ask.withTool === true
      ? { tools: [{ type: "function", function: { name: weather.name, parameters: weather.schema } }] }
      : {}),
  }),
  afterTool: (text, { id, name, input }, result) => [
    { role: "user", content: text },
    {
      role: "assistant",
      content: null,
      tool_calls: [{ id, type: "function", function: { name, arguments: JSON.stringify(input) } }],
    },
    { role: "tool", tool_call_id: id, content: result },
  ],
  readResult(body) {
    const { model, choices, usage } = body as OpenaiBody;
    const { message, finish_reason: stop } = choices[0] ?? { message: {}, finish_reason: "" };
    return {
      model,
      text: message.content ?? "",
      reasoning: message.reasoning_content ?? "",
      calls: (message.tool_calls ?? []).map((call) => readOpenaiCall([call])),
      stop,
      usage: { input: usage.prompt_tokens, output: usage.completion_tokens },
      deltas: [],
      inputDeltas: [],
      isComplete: true,
    };
  },
  readFrames(frames) {
    const chunks = frames.filter(({ data }) => data !== "[DONE]").map(({ data }) => JSON.parse(data) as OpenaiChunk);
    const choices = chunks.flatMap((chunk) => chunk.choices ?? []);
    const texts = choices.flatMap(({ delta }) => delta.content || []);
    const thoughts = choices.flatMap(({ delta }) => delta.reasoning_content || []);
    const pieces = choices.flatMap(({ delta }) => delta.tool_calls ?? []);
    const usage = chunks.findLast((chunk) => chunk.usage)?.usage;
    const error = chunks.find((chunk) => chunk.error !== undefined)?.error;
    return {
      model: chunks[0]?.model ?? "",
      text: texts.join(""),
      reasoning: thoughts.join(""),
      calls: [...Map.groupBy(pieces, (piece) => piece.index).values()].map(readOpenaiCall),
      stop: choices.findLast((choice) => choice.finish_reason)?.finish_reason ?? "",
      usage: { input: usage?.prompt_tokens ?? 0, output: usage?.completion_tokens ?? 0 },
      deltas: [...thoughts, ...texts],
      inputDeltas: pieces.flatMap((piece) => piece.function.arguments || []),
      isComplete: frames.at(-1)?.data === "[DONE]",
      ...(error === undefined ? {} : { error: error.message }),
    };
  },
};

export const anthropicApi: Api = {
  name: "Anthropic",
  path: "/v1/messages",
  stops: { end: "end_turn", tool: "tool_use", length: "max_tokens" },
  toBody: (ask, stream) => ({
    model: ask.model ?? "auxot-demo",
    max_tokens: ask.maxTokens ?? 60_000,
    messages: ask.messages ?? [{ role: "user", content: ask.text }],
    stream,
    ...(ask.stop === undefined ? {} : { stop_sequences: [ask.stop] }),
    ...(ask.withTool === true ? { tools: [{ name: weather.name, input_schema: weather.schema }] } : {}),
  }),
  afterTool: (text, { id, name, input }, result) => [
    { role: "user", content: text },
    { role: "assistant", content: [{ type: "tool_use", id, name, input }] },
    { role: "user", content: [{ type: "tool_result", tool_use_id: id, content: result }] },
  ],
  readResult(body) {
    const { model, content, stop_reason: stop, usage } = body as AnthropicBody;
    return {
      model,
      text: content.map((block) => block.text ?? "").join(""),
      reasoning: content.map((block) => block.thinking ?? "").join(""),
      calls: content
        .filter((block) => block.type === "tool_use")
        .map(({ id = "", name = "", input }) => ({ id, name, input })),
      stop,
      usage: readAnthropicUsage(usage),
      deltas: [],
      inputDeltas: [],
      isComplete: true,
    };
  },
  readFrames(frames) {
    const events = frames.map(readAnthropicEvent);
    const find = (type: string): AnthropicEvent | undefined => events.find((event) => event.type === type);
    const deltas = events.filter((event) => event.type === "content_block_delta");
    const texts = deltas.flatMap(({ delta }) => delta?.text || []);
    const thoughts = deltas.flatMap(({ delta }) => delta?.thinking || []);
    const inputOf = (index: number | undefined): string =>
      deltas.map((event) => (event.index === index ? (event.delta?.partial_json ?? "") : "")).join("");
    const end = find("message_delta");
    const error = find("error")?.error;
    return {
      model: find("message_start")?.message?.model ?? "",
      text: texts.join(""),
      reasoning: thoughts.join(""),
      calls: events.flatMap(({ index, content_block: block }) =>
        block?.type === "tool_use"
          ? [{ id: block.id ?? "", name: block.name ?? "", input: JSON.parse(inputOf(index)) as unknown }]
          : [],
      ),
      stop: end?.delta?.stop_reason ?? "",
      usage: readAnthropicUsage(end?.usage ?? {}),
      deltas: [...thoughts, ...texts],
      inputDeltas: deltas.flatMap(({ delta }) => delta?.partial_json || []),
      isComplete: frames.at(-1)?.event === "message_stop",
      ...(error === undefined ? {} : { error: error.message }),
    };
  },
};

export const apis: readonly Api[] = [openaiApi, anthropicApi];

/** Each API, streamed and not. */
export const ways = apis.flatMap((api) =>
  [true, false].map((stream) => ({ api, stream, name: `${api.name} API${stream ? ", streamed" : ""}` })),
);

/** The whole answer. Throws on any status but 200. */
export async function ask(router: Target, api: Api, what: Ask, stream = true): Promise<Answer> {
  const response = await send(router, api, what, stream);
  if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
  if (!stream) return { ...api.readResult(await response.json()), headers: response.headers };
  return { ...api.readFrames(await Array.fromAsync(readFrames(response))), headers: response.headers };
}

export function send(router: Target, api: Api, what: Ask, stream: boolean): Promise<Response> {
  return router.post(api.path, api.toBody(what, stream), {
    ...(what.signal === undefined ? {} : { signal: what.signal }),
    ...(what.key === undefined ? {} : { key: what.key }),
  });
}

/** An answer that began: `rest` reads the frames after the first delta and gives the whole. */
export type Begun = { readonly headers: Headers; rest(): Promise<Answer> };

/** Asks for a stream and resolves when its first delta is there. */
export async function begin(router: Target, api: Api, what: Ask): Promise<Begun> {
  const response = await send(router, api, what, true);
  if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
  const { headers } = response;
  const reader = readFrames(response);
  const seen: Frame[] = [];
  for (;;) {
    const { done, value } = await reader.next();
    if (done === true) throw new Error(`The stream ended before its first delta: ${JSON.stringify(seen)}`);
    seen.push(value);
    if (api.readFrames(seen).deltas.length > 0) break;
  }
  return {
    headers,
    async rest() {
      for await (const frame of reader) seen.push(frame);
      return { ...api.readFrames(seen), headers };
    },
  };
}

/** The frames of an event stream; what is not closed by an empty line is no frame. Comments are left out. */
export async function* readFrames(response: Response): AsyncGenerator<Frame, undefined> {
  let text = "";
  for await (const piece of (response.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream())) {
    text += piece;
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      const lines = block.split("\n");
      const field = (name: string): string[] =>
        lines.filter((line) => line.startsWith(`${name}: `)).map((line) => line.slice(name.length + 2));
      const data = field("data");
      if (data.length > 0) yield { event: field("event")[0] ?? "", data: data.join("\n") };
    }
  }
  return undefined;
}

/** The message of an error answer, from the place where this API has it. */
export async function readError(response: Response): Promise<{ status: number; type: string; message: string }> {
  const { error } = (await response.json()) as { readonly error: { readonly type: string; readonly message: string } };
  return { status: response.status, type: error.type, message: error.message };
}

/** From all pieces of one call; the first has its id and name. */
function readOpenaiCall(pieces: readonly OpenaiCall[]): Call {
  const text = pieces.map((piece) => piece.function.arguments ?? "").join("");
  return { id: pieces[0]?.id ?? "", name: pieces[0]?.function.name ?? "", input: JSON.parse(text) };
}

function readAnthropicEvent({ event, data }: Frame): AnthropicEvent {
  const parsed = JSON.parse(data) as AnthropicEvent;
  if (parsed.type !== event) throw new Error(`"event: ${event}" names another type than its data: ${data}`);
  return parsed;
}

function readAnthropicUsage(usage: AnthropicUsage): Answer["usage"] {
  const {
    input_tokens: fresh = 0,
    cache_read_input_tokens: read = 0,
    cache_creation_input_tokens: written = 0,
  } = usage;
  return { input: fresh + read + written, output: usage.output_tokens ?? 0 };
}
