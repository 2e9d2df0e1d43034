// The chat endpoints of every dialect: parse, infer, answer. Knows HTTP and dialects, nothing of sources.

import type { ServerResponse } from "node:http";
import { createEventFold, type AnswerBatch } from "@auxot/wire/chat-event";
import type { AnswerMeta, Dialect, Format, ServeSide, StreamEncoder } from "@auxot/dialects/dialect";
import type { ChatRequest } from "@auxot/wire/chat";
import { createId } from "@auxot/wire/ids";
import type { Caller } from "../platform/caller.ts";
import type { Infer, Inference } from "../inference/infer.ts";
import { attachHeaders } from "./attach-headers.ts";
import { linkWhole, type Context } from "./context.ts";
import { readBody } from "./read-body.ts";
import { sendBytes } from "./send-json.ts";

export type ChatDeps = {
  readonly infer: Infer;
  readonly maxBodyBytes: number;
  /** A silent stream gets a ping this often. */
  readonly pingEveryMs: number;
};

/** Whole frames, or a whole body. */
type Data = Uint8Array | string;

/** Looks at an answer while it goes out. */
export type AnswerTap = {
  /** `isPassed`: these bytes are the upstream's own. */
  push(data: Data, isPassed: boolean): void;
  /** Before the last of it goes out. Never throws: gives warnings, which reach the caller when nothing was sent yet. */
  end(): Promise<readonly string[]>;
};

/** Clients give up on answers whose headers exceed 8 or 16 KiB. */
const longestWarnings = 2000;

/** Answers one chat request. Throws AppError before the first byte; afterwards errors are told in the stream. */
export async function handleChat(deps: ChatDeps, dialect: Dialect, context: Context, caller: Caller): Promise<void> {
  const body = await readBody(context.request, deps.maxBodyBytes);
  const request = attachHeaders(dialect.serve.parseRequest(body), context.request);
  await answerChat(deps, dialect, context, caller, request);
}

/** Answers a request that was read. */
export async function answerChat(
  deps: ChatDeps,
  format: Format,
  context: Context,
  caller: Caller,
  request: ChatRequest,
): Promise<void> {
  const inference = await deps.infer(
    { requestId: context.id, caller, origin: context.origin(), dialect: format.name, request, ...linkWhole(context) },
    context.signal,
  );
  const meta = createMeta(format, context, request, inference.placement.model);
  await sendAnswer(deps.pingEveryMs, format, context, inference, meta);
}

/** What the answer to `request` says of itself, with an id of its own. */
export function createMeta(format: Format, context: Context, request: ChatRequest, model: string): AnswerMeta {
  return {
    id: createId(format.answerIdPrefix),
    createdAt: Math.floor(Date.now() / 1000),
    model,
    includeUsage: request.includeUsage === true,
    requestId: context.id,
    request,
  };
}

/** Sends an answer, streamed or whole as `meta.request` says. Throws AppError before the first byte. */
export async function sendAnswer(
  pingEveryMs: number,
  format: Format,
  context: Context,
  inference: Inference,
  meta: AnswerMeta,
  tap?: AnswerTap,
): Promise<void> {
  if (!meta.request.stream) return sendResult(context, inference, format, meta, tap);
  setRouteHeaders(context.response, inference, format);
  await sendStream(context, inference, format.serve.createStreamEncoder(meta), pingEveryMs, tap);
}

/**
 * Says where the answer comes from, what its format could not carry, and what limits leave to the caller; passes on what its
 * vendor says of it.
 */
export function setRouteHeaders(
  response: ServerResponse,
  { placement, tries, warnings, headers = {}, allowance = {} }: Omit<Inference, "batches">,
  { serve }: { readonly serve: Pick<ServeSide, "encodeAllowance"> },
): void {
  const limits = serve.encodeAllowance(allowance, Date.now());
  for (const [name, value] of Object.entries({ ...headers, ...limits })) response.setHeader(name, value);
  const { tier, provider, worker, model } = placement;
  const fields = { tier, provider, ...(worker === undefined ? {} : { worker }), model, tries };
  // A semicolon starts the next field.
  const route = Object.entries(fields).map(
    ([name, value]) => `${name}=${toHeaderText(String(value)).replaceAll(";", "_")}`,
  );
  response.setHeader("x-auxot-route", route.join("; "));
  if (warnings.length > 0)
    response.setHeader("x-auxot-warnings", warnings.map(toHeaderText).join(" | ").slice(0, longestWarnings));
}

/** Header values hold visible ASCII only. */
function toHeaderText(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, "_").slice(0, 500);
}

async function sendResult(
  context: Context,
  inference: Inference,
  format: Format,
  meta: AnswerMeta,
  tap: AnswerTap | undefined,
): Promise<void> {
  const fold = createEventFold();
  const pieces: Uint8Array[] = [];
  for await (const { events, bytes } of inference.batches) {
    if (bytes !== undefined) pieces.push(bytes);
    else for (const event of events) fold.push(event);
  }
  const body = pieces.length > 0 ? Buffer.concat(pieces) : Buffer.from(format.serve.encodeResult(fold.result(), meta));
  tap?.push(body, pieces.length > 0);
  const told = (await tap?.end()) ?? [];
  setRouteHeaders(context.response, { ...inference, warnings: [...inference.warnings, ...told] }, format);
  sendBytes(context.response, body);
}

/** Writes an answer's frames as they come, no faster than they are read. */
export async function sendStream(
  context: Context,
  { batches }: Pick<Inference, "batches">,
  encoder: StreamEncoder,
  pingEveryMs: number,
  tap?: AnswerTap,
): Promise<void> {
  const { ping } = encoder;
  await sendEvents(context, batches, (batch) => writeBatch(batch, encoder, tap), { ping, pingEveryMs });
}

/** Bytes of the caller's own dialect go out as they came; an error that follows them is written by the encoder. */
function writeBatch(
  { events, bytes }: AnswerBatch,
  encoder: StreamEncoder,
  tap: AnswerTap | undefined,
): Data | Promise<Data> {
  if (bytes !== undefined) encoder.onPassed?.(bytes);
  const data = bytes ?? encoder.encode(events);
  tap?.push(data, bytes !== undefined);
  const isLast = tap !== undefined && events.some(({ type }) => type === "end" || type === "error");
  return isLast ? tap.end().then(() => data) : data;
}

/**
 * Sends a stream as its items come, no faster than the caller reads. `write` gives whole frames of an item, `ping` is the
 * frame that keeps a silent stream open.
 */
export async function sendEvents<Item>(
  { response, signal }: Context,
  items: AsyncIterable<Item>,
  write: (item: Item) => Data | Promise<Data>,
  { ping, pingEveryMs }: { readonly ping: () => string; readonly pingEveryMs: number },
): Promise<void> {
  response.writeHead(200, {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache",
    "x-accel-buffering": "no",
  });
  const timer = setInterval(() => response.write(ping()), pingEveryMs);
  try {
    for await (const item of items) {
      if (signal.aborted) return;
      const written = write(item);
      const data = written instanceof Promise ? await written : written;
      if (data.length === 0) continue;
      timer.refresh();
      if (!response.write(data)) await waitForDrain(response);
    }
    response.end();
  } finally {
    clearInterval(timer);
  }
}

function waitForDrain(response: ServerResponse): Promise<void> {
  if (response.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      response.off("drain", done);
      response.off("close", done);
      resolve();
    };
    response.on("drain", done);
    response.on("close", done);
  });
}
