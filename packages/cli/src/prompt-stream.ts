// Sends one streamed prompt over a public API and measures the answer. Reads the stream as that API's documentation says
// it looks, and shares no code with the router, so that it notices what the router does wrong.

import { explainUnreachable } from "@auxot/client/connect-error";
import { AppError } from "@auxot/wire/errors";

export type PromptTarget = {
  readonly url: string;
  readonly key: string;
  readonly model: string;
  readonly prompt: string;
  readonly fetch: typeof globalThis.fetch;
  /** Monotonic, in ms. */
  readonly clock: () => number;
};

export type Measured = {
  readonly text: string;
  readonly model: string | undefined;
  /** The router's x-auxot-route header. */
  readonly route: string | undefined;
  readonly firstTokenMs: number;
  /** Absent when the answer did not say how long it is. */
  readonly outputTokens?: number;
  /** Of the tokens after the first. Absent when they came too fast or too few to tell. */
  readonly tokensPerSecond?: number;
};

export type PublicApi = {
  readonly name: string;
  readonly path: string;
  readonly headers: (key: string) => Readonly<Record<string, string>>;
  readonly body: (model: string, prompt: string) => unknown;
  readonly read: (data: string) => Piece;
};

/** What one event of a stream says. */
type Piece = {
  readonly text?: string | undefined;
  readonly isReasoning?: boolean;
  readonly model?: string | undefined;
  readonly outputTokens?: number | undefined;
  readonly error?: string;
  readonly isEnd?: boolean;
};

/** One answer may take so long. */
const timeoutMs = 120_000;
const maxOutputTokens = 256;

/** https://platform.openai.com/docs/api-reference/chat-streaming */
export const openaiApi: PublicApi = {
  name: "OpenAI API",
  path: "/v1/chat/completions",
  headers: (key) => ({ authorization: `Bearer ${key}` }),
  body: (model, prompt) => ({
    model,
    messages: [{ role: "user", content: prompt }],
    max_completion_tokens: maxOutputTokens,
    stream: true,
    stream_options: { include_usage: true },
  }),
  read(data) {
    if (data === "[DONE]") return { isEnd: true };
    const chunk = JSON.parse(data) as OpenaiChunk;
    if (chunk.error) return { error: chunk.error.message ?? data };
    const delta = chunk.choices?.[0]?.delta;
    const reasoning = delta?.reasoning_content ?? "";
    return {
      model: chunk.model,
      text: delta?.content || reasoning,
      isReasoning: !delta?.content && reasoning !== "",
      outputTokens: chunk.usage?.completion_tokens,
    };
  },
};

/** https://platform.claude.com/docs/en/build-with-claude/streaming */
export const anthropicApi: PublicApi = {
  name: "Anthropic API",
  path: "/v1/messages",
  headers: (key) => ({ "x-api-key": key, "anthropic-version": "2023-06-01" }),
  body: (model, prompt) => ({
    model,
    messages: [{ role: "user", content: prompt }],
    max_tokens: maxOutputTokens,
    stream: true,
  }),
  read(data) {
    const event = JSON.parse(data) as AnthropicEvent;
    if (event.type === "error") return { error: event.error?.message ?? data };
    if (event.type === "message_stop") return { isEnd: true };
    const thinking = event.delta?.thinking ?? "";
    return {
      model: event.message?.model,
      text: event.delta?.text || thinking,
      isReasoning: thinking !== "",
      outputTokens: event.usage?.output_tokens,
    };
  },
};

type OpenaiChunk = {
  readonly model?: string;
  readonly choices?: readonly {
    readonly delta?: { readonly content?: string | null; readonly reasoning_content?: string | null };
  }[];
  readonly usage?: { readonly completion_tokens?: number } | null;
  readonly error?: { readonly message?: string };
};

type AnthropicEvent = {
  readonly type?: string;
  readonly message?: { readonly model?: string };
  readonly delta?: { readonly text?: string; readonly thinking?: string };
  readonly usage?: { readonly output_tokens?: number };
  readonly error?: { readonly message?: string };
};

/** Throws AppError, with the router's message when it answers with an error, before the stream or within. */
export async function measurePrompt(api: PublicApi, target: PromptTarget): Promise<Measured> {
  const { clock, url } = target;
  const startedAt = clock();
  const response = await send(api, target);
  let text = "";
  let model: string | undefined;
  let outputTokens: number | undefined;
  let firstAt: number | undefined;
  let lastAt = startedAt;
  let isEnded = false;
  for await (const data of readEvents(response, url)) {
    const piece = readPiece(api, data);
    if (piece.error !== undefined) throw new AppError("source_failed", `The answer broke off: ${piece.error}`);
    if (piece.text) {
      lastAt = clock();
      firstAt ??= lastAt;
      if (!piece.isReasoning) text += piece.text;
    }
    model = piece.model ?? model;
    outputTokens = piece.outputTokens ?? outputTokens;
    isEnded ||= piece.isEnd === true;
  }
  if (!isEnded) throw new AppError("source_failed", "The stream stopped without its end mark.");
  if (firstAt === undefined) throw new AppError("source_failed", "The answer came, but it is empty.");
  const spanMs = lastAt - firstAt;
  return {
    text,
    model,
    route: response.headers.get("x-auxot-route") ?? undefined,
    firstTokenMs: firstAt - startedAt,
    ...(outputTokens === undefined ? {} : { outputTokens }),
    ...(outputTokens === undefined || outputTokens < 2 || spanMs < 1
      ? {}
      : { tokensPerSecond: (outputTokens - 1) / (spanMs / 1000) }),
  };
}

async function send(api: PublicApi, { url, key, model, prompt, fetch }: PromptTarget): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url + api.path, {
      method: "POST",
      headers: { ...api.headers(key), "content-type": "application/json" },
      body: JSON.stringify(api.body(model, prompt)),
      signal: AbortSignal.timeout(timeoutMs),
    });
  } catch (cause) {
    throw new AppError("source_failed", explainUnreachable(url, cause), { cause });
  }
  if (!response.ok) {
    throw new AppError("source_failed", `${response.status}: ${readErrorMessage(await response.text())}`);
  }
  const type = response.headers.get("content-type") ?? "nothing";
  if (!type.startsWith("text/event-stream")) {
    throw new AppError("source_failed", `The answer is ${type}, not a stream of events.`);
  }
  return response;
}

/** The message of an error envelope; both APIs have it at the same place. */
export function readErrorMessage(body: string): string {
  try {
    const { error, detail } = JSON.parse(body) as { error?: { message?: string }; detail?: string };
    return error?.message ?? detail ?? body;
  } catch {
    return body.slice(0, 200);
  }
}

function readPiece(api: PublicApi, data: string): Piece {
  try {
    return api.read(data);
  } catch (cause) {
    throw new AppError("source_failed", `The stream holds an event that is not JSON: ${data.slice(0, 100)}`, { cause });
  }
}

/** The `data` of each event, as https://html.spec.whatwg.org/multipage/server-sent-events.html cuts them. */
async function* readEvents(response: Response, url: string): AsyncGenerator<string> {
  if (response.body === null) return;
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for await (const bytes of response.body) {
      const events = (rest + decoder.decode(bytes, { stream: true })).split(/\r?\n\r?\n/);
      rest = events.pop() ?? "";
      for (const event of events) {
        const data = event
          .split(/\r?\n/)
          .filter((line) => line.startsWith("data:"))
          .map((line) => line.slice(5).trimStart());
        if (data.length > 0) yield data.join("\n");
      }
    }
  } catch (cause) {
    throw new AppError("source_failed", explainUnreachable(url, cause), { cause });
  }
}
