// Sees to it that reasoning goes back only to the provider that made it. What a source reasoned leaves sealed in tokens;
// of a history that comes back, a source gets its own reasoning, opened, and never another's.

import type { AnswerBatch, ChatEvent } from "@auxot/wire/chat-event";
import type { AssistantPart, ChatRequest, DialectName, ReasoningPart, RequestOriginal } from "@auxot/wire/chat";
import type { Tier } from "@auxot/wire/model-offer";
import { dialects } from "@auxot/dialects/dialects";
import { splitResponsesSignature, type OpenProof, type ReasoningProof } from "@auxot/dialects/reasoning-proof";
import type { ReasoningOrigin, ReasoningTokens } from "../platform/reasoning-tokens.ts";
import type { Offer, Source } from "./source.ts";

const droppedWarning = "messages: reasoning that another provider made was not sent to this one.";

/** The same source with its reasoning sealed. */
export function keepReasoningOwn(source: Source, tokens: ReasoningTokens): Source {
  return {
    offers: () => source.offers(),
    async run(call, signal) {
      const [planned] = call.targets;
      const own = pickOwn(call.request, readOrigin(planned), tokens);
      // A call that waits may end up in another tier than it was planned for.
      const pickFor = (tier: Tier): typeof own =>
        tier === planned?.tier ? own : pickOwn(call.request, readTierOrigin(tier), tokens);
      const requestFor = (tier: Tier): ChatRequest => pickFor(tier).request;
      const answer = await source.run({ ...call, request: own.request, requestFor }, signal);
      const { tier } = answer.placement;
      const maker = tier === planned?.tier ? readOrigin(planned) : readTierOrigin(tier);
      return {
        ...answer,
        warnings: pickFor(tier).dropped ? [...answer.warnings, droppedWarning] : answer.warnings,
        batches: sealBatches(answer.batches, (proof) => tokens.seal(proof, maker)),
      };
    },
    embed: (call, signal) => source.embed(call, signal),
    countTokens(request, target, signal) {
      return source.countTokens(pickOwn(request, readOrigin(target), tokens).request, target, signal);
    },
  };
}

function readOrigin(target: Offer | undefined): ReasoningOrigin {
  if (target?.tier === "cloud") return { providerId: target.providerId, dialect: target.dialect };
  return readTierOrigin(target?.tier);
}

/** Workers of one tier count as one: a call may go to any of them. What a CLI's vendor signed goes back to the tier signed. */
function readTierOrigin(tier: Tier | undefined): ReasoningOrigin {
  return { providerId: tier ?? "", dialect: undefined };
}

/** The request as `origin` may see it. A body for the passthrough lane is touched only where it holds tokens. */
function pickOwn(
  request: ChatRequest,
  origin: ReasoningOrigin,
  tokens: ReasoningTokens,
): { readonly request: ChatRequest; readonly dropped: boolean } {
  let hasTokens = false;
  let dropped = false;
  const open: OpenProof = (signature) => {
    const opened = tokens.open(signature, origin);
    if (opened === undefined) return isNative(signature) ? { signature } : undefined;
    hasTokens = true;
    return opened === "foreign" ? undefined : opened;
  };
  /** A vendor's own proof, from an answer that passed unchanged: good at an upstream of that vendor's dialect. */
  const isNative = (signature: string): boolean => {
    const isResponses = splitResponsesSignature(signature) !== undefined;
    return (
      origin.dialect !== undefined && origin.dialect === (isResponses ? "openai-responses" : request.original?.dialect)
    );
  };
  const pickPart = (part: AssistantPart): AssistantPart[] => {
    const proof = part.type === "reasoning" ? openPart(part, open) : undefined;
    if (part.type !== "reasoning" || proof === part) return [part];
    dropped ||= proof === undefined;
    return proof === undefined ? [] : [{ type: "reasoning", text: part.text, ...proof }];
  };
  const messages = request.messages.flatMap((message) => {
    if (message.role !== "assistant" || !message.content.some(hasProof)) return [message];
    const content = message.content.flatMap(pickPart);
    return content.length === 0 ? [] : [{ ...message, content }];
  });
  const { original } = request;
  if (!hasTokens || original === undefined || original.dialect !== origin.dialect) {
    return { request: dropped || hasTokens ? { ...request, messages } : request, dropped };
  }
  return { request: { ...request, messages, original: rewrite(original, origin.dialect, open) }, dropped };
}

function hasProof(part: AssistantPart): boolean {
  return part.type === "reasoning" && (part.signature !== undefined || part.redacted !== undefined);
}

/** The part itself when nobody proved it: unsigned words of a server of the caller's format. */
function openPart(part: ReasoningPart, open: OpenProof): ReasoningProof | undefined {
  if (part.signature !== undefined) return open(part.signature);
  // Encrypted reasoning has no other place for a token, so it is the vendor's own.
  return part.redacted === undefined || open(part.redacted) !== undefined ? part : undefined;
}

function rewrite(original: RequestOriginal, dialect: DialectName, open: OpenProof): RequestOriginal {
  return { ...original, body: dialects[dialect].call.rewriteReasoning(original.body, open) };
}

/** Passed bytes stay as they are: the caller gets its vendor's own proof. */
function sealBatches(
  batches: AsyncIterable<AnswerBatch>,
  seal: (proof: ReasoningProof) => string,
): AsyncIterable<AnswerBatch> {
  return {
    [Symbol.asyncIterator]() {
      const iterator = batches[Symbol.asyncIterator]();
      const begun = new Set<number>();
      const sealNext = (result: IteratorResult<AnswerBatch, undefined>): IteratorResult<AnswerBatch, undefined> => {
        if (result.done || result.value.bytes !== undefined) return result;
        const events = sealEvents(result.value.events, begun, seal);
        return events === result.value.events ? result : { done: false, value: { events } };
      };
      return {
        next: () => iterator.next().then(sealNext),
        return: () => iterator.return?.() ?? Promise.resolve({ done: true, value: undefined }),
      };
    },
  };
}

/** `begun` holds the blocks that have words. A block without words and proof stays empty: it is no content. */
function sealEvents(
  events: readonly ChatEvent[],
  begun: Set<number>,
  seal: (proof: ReasoningProof) => string,
): readonly ChatEvent[] {
  if (!events.some(isReasoning)) return events;
  return events.map((event) => {
    if (event.type === "reasoning-delta" && event.text !== "") begun.add(event.index);
    if (event.type !== "reasoning-end") return event;
    const { index, signature, redacted } = event;
    if (!begun.has(index) && signature === undefined && redacted === undefined) return event;
    const proof = {
      ...(signature === undefined ? {} : { signature }),
      ...(redacted === undefined ? {} : { redacted }),
    };
    return { type: "reasoning-end", index, signature: seal(proof) };
  });
}

function isReasoning({ type }: ChatEvent): boolean {
  return type === "reasoning-delta" || type === "reasoning-end";
}
