// OpenAI's embeddings endpoint: parse, embed, answer. Knows HTTP and the format, nothing of sources.

import { embeddingsServe } from "@auxot/dialects/openai-embeddings/serve";
import type { Embed } from "../inference/embed.ts";
import type { Caller } from "../platform/caller.ts";
import { attachHeaders } from "./attach-headers.ts";
import { setRouteHeaders } from "./chat.ts";
import { linkWhole, type Context } from "./context.ts";
import { readBody } from "./read-body.ts";
import { sendBytes } from "./send-json.ts";

export type EmbeddingsDeps = { readonly embed: Embed; readonly maxBodyBytes: number };

/** Throws AppError before the first byte; there is nothing to fail afterwards. */
export async function handleEmbeddings(deps: EmbeddingsDeps, context: Context, caller: Caller): Promise<void> {
  const body = await readBody(context.request, deps.maxBodyBytes);
  const request = attachHeaders(embeddingsServe.parseRequest(body), context.request);
  const embedded = await deps.embed(
    { requestId: context.id, caller, origin: context.origin(), request, ...linkWhole(context) },
    context.signal,
  );
  const { placement, result, bytes } = embedded;
  const answer =
    bytes ??
    Buffer.from(
      embeddingsServe.encodeResult(result, { model: placement.model, encodingFormat: request.encodingFormat }),
    );
  setRouteHeaders(context.response, embedded, { serve: embeddingsServe });
  sendBytes(context.response, answer);
}
