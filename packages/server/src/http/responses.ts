// POST /v1/responses: like the other chat endpoints, and beside that looks up what the request names, keeps the answer,
// or lets it run in the background. What is done with kept responses is in stored-responses.ts.

import { dialects } from "@auxot/dialects/dialects";
import { completeRequest, readDraft, type RequestDraft } from "@auxot/dialects/openai-responses/request-draft";
import { buildKeptInput } from "@auxot/dialects/openai-responses/stored-items";
import { AppError } from "@auxot/wire/errors";
import type { ChatRequest } from "@auxot/wire/chat";
import { createId } from "@auxot/wire/ids";
import type { CheckRoute, Inference, InferInput } from "../inference/infer.ts";
import type { Pin } from "../inference/plan.ts";
import type { Caller } from "../platform/caller.ts";
import type { Responses } from "../records/responses/responses.ts";
import type { Background } from "../responses/background.ts";
import { createAnswerKeeper, type KeptRequest } from "../responses/keep-answer.ts";
import { restoreHistory, type Restored } from "../responses/restore.ts";
import { attachHeaders } from "./attach-headers.ts";
import { createMeta, sendAnswer, sendEvents, type ChatDeps } from "./chat.ts";
import { linkWhole, type Context } from "./context.ts";
import { readBody } from "./read-body.ts";
import { sendJson } from "./send-json.ts";

export type ResponsesDeps = ChatDeps & {
  readonly responses: Responses;
  readonly background: Background;
  /** Throws what a request nobody here can answer is told. */
  readonly checkRoute: CheckRoute;
};

const dialect = dialects["openai-responses"];
/** Keeps a silent stream open. */
const ping = (): string => ": ping\n\n";

/** Answers one request. Throws AppError before the first byte; afterwards errors are told in the stream. */
export async function handleResponses(deps: ResponsesDeps, context: Context, caller: Caller): Promise<void> {
  const draft = readDraft(await readBody(context.request, deps.maxBodyBytes));
  const restored = await restoreHistory(deps.responses, draft, caller.keyId);
  const stores = draft.store && deps.responses.keeps;
  if (draft.background) return handleBackground(deps, context, caller, draft, restored);

  const { history, passesTo, pin } = restored;
  const lookup = { history, stores, ...(passesTo === undefined ? {} : { passesTo }) };
  const request = attachHeaders(completeRequest(draft, lookup), context.request);
  const call = { ...describeCall(context, caller, request, pin), ...linkWhole(context) };
  const inference = warnOfMove(await deps.infer(call, context.signal), pin);
  const meta = createMeta(dialect, context, request, inference.placement.model);
  if (!stores) return sendAnswer(deps.pingEveryMs, dialect, context, inference, meta);
  const kept = describeRequest(draft, restored, caller, meta.createdAt * 1000);
  const keeper = createAnswerKeeper(deps.responses, kept, {
    placement: inference.placement,
    isStream: request.stream,
  });
  return sendAnswer(deps.pingEveryMs, dialect, context, inference, meta, keeper);
}

/** Answers at once; the work goes on without the caller. Always translated, so that the id is ours. */
async function handleBackground(
  deps: ResponsesDeps,
  context: Context,
  caller: Caller,
  draft: RequestDraft,
  restored: Restored,
): Promise<void> {
  if (!deps.responses.keeps) {
    throw new AppError(
      "invalid_request",
      "background: an answer in the background has to be stored, and this router keeps no responses (responses.retentionDays is 0).",
      { param: "background" },
    );
  }
  const { history, pin } = restored;
  const asked = completeRequest(draft, { history, stores: true, passesTo: [] });
  const meta = createMeta(dialect, context, asked, asked.model);
  // Whoever watches wants to see it grow.
  const request: ChatRequest = { ...asked, stream: true };
  const input = describeCall(context, caller, request, pin);
  deps.checkRoute(input);
  const kept = describeRequest(draft, restored, caller, meta.createdAt * 1000);
  const run = await deps.background.start({ ...input, meta, kept });
  if (!asked.stream) return sendJson(context.response, 200, run.response());
  const { pingEveryMs } = deps;
  await sendEvents(context, run.log.read(-1, context.signal), (frames) => frames, { ping, pingEveryMs });
}

function describeRequest(draft: RequestDraft, restored: Restored, caller: Caller, createdAt: number): KeptRequest {
  const { items, ownIds } = buildKeptInput(draft, restored.history, createId);
  return {
    keyId: caller.keyId,
    createdAt,
    input: JSON.stringify(items),
    itemIds: ownIds,
    ...(draft.previousResponseId === undefined ? {} : { previousId: draft.previousResponseId }),
  };
}

function describeCall(context: Context, caller: Caller, request: ChatRequest, pin: Pin | undefined): InferInput {
  const { id: requestId, links } = context;
  const origin = context.origin();
  return { requestId, caller, origin, dialect: dialect.name, request, ...links, ...(pin === undefined ? {} : { pin }) };
}

/** Another provider goes on from what is kept here. */
function warnOfMove(inference: Inference, pin: Pin | undefined): Inference {
  const { provider } = inference.placement;
  if (pin === undefined || pin.provider === provider) return inference;
  const warning = `previous_response_id: ${pin.provider} answered before; ${provider} was sent the conversation kept here.`;
  return { ...inference, warnings: [warning, ...inference.warnings] };
}
