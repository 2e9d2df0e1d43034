// OpenAI's legacy completions endpoint. A request with one prompt is answered like a chat; one with several runs them one
// after the other, each an inference and a usage row of its own, and joins the answers by index.

import { openaiCompletions } from "@auxot/dialects/openai-completions/format";
import { encodeResults } from "@auxot/dialects/openai-completions/encode-result";
import { createStreamEncoder } from "@auxot/dialects/openai-completions/encode-stream";
import { parsePrompts } from "@auxot/dialects/openai-completions/parse-request";
import { createEventFold, type AnswerBatch } from "@auxot/wire/chat-event";
import type { ChatRequest, ChatResult } from "@auxot/wire/chat";
import { toErrorBody } from "@auxot/wire/errors";
import type { Inference } from "../inference/infer.ts";
import type { Caller } from "../platform/caller.ts";
import { attachHeaders } from "./attach-headers.ts";
import { answerChat, createMeta, sendStream, setRouteHeaders, type ChatDeps } from "./chat.ts";
import type { Context } from "./context.ts";
import { readBody } from "./read-body.ts";
import { sendJson } from "./send-json.ts";

type InferOne = (request: ChatRequest, index: number) => Promise<Inference>;

/** Throws AppError before the first byte; afterwards errors are told in the stream. */
export async function handleCompletions(deps: ChatDeps, context: Context, caller: Caller): Promise<void> {
  const body = await readBody(context.request, deps.maxBodyBytes);
  const [first, ...rest] = parsePrompts(body).map((request) => attachHeaders(request, context.request));
  if (first === undefined) return;
  if (rest.length === 0) return answerChat(deps, openaiCompletions, context, caller, first);
  const infer: InferOne = (request, index) =>
    deps.infer(
      {
        // A usage row each needs an id each.
        requestId: index === 0 ? context.id : `${context.id}-${index}`,
        caller,
        origin: context.origin(),
        dialect: openaiCompletions.name,
        request,
        ...context.links,
      },
      context.signal,
    );
  const inference = await infer(first, 0);
  const meta = createMeta(openaiCompletions, context, first, inference.placement.model);
  setRouteHeaders(context.response, inference, openaiCompletions);
  if (first.stream) {
    const encoder = createStreamEncoder(meta, [first, ...rest]);
    return sendStream(context, { batches: joinBatches(inference, rest, infer) }, encoder, deps.pingEveryMs);
  }
  const answers = [{ result: await foldBatches(inference), request: first }];
  for (const [at, request] of rest.entries()) {
    answers.push({ result: await foldBatches(await infer(request, at + 1)), request });
  }
  sendJson(context.response, 200, encodeResults(answers, meta));
}

async function foldBatches({ batches }: Inference): Promise<ChatResult> {
  const fold = createEventFold();
  for await (const { events } of batches) for (const event of events) fold.push(event);
  return fold.result();
}

/** The answers one after the other, up to the first that fails. Like one answer it never throws. */
async function* joinBatches(
  first: Inference,
  rest: readonly ChatRequest[],
  infer: InferOne,
): AsyncGenerator<AnswerBatch, undefined> {
  yield* first.batches;
  for (const [at, request] of rest.entries()) {
    let next: Inference;
    try {
      next = await infer(request, at + 1);
    } catch (error) {
      yield { events: [{ type: "error", error: toErrorBody(error) }] };
      return;
    }
    yield* next.batches;
  }
}
