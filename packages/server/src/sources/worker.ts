// The source over all connected workers. Chooses no order: plans come from inference, slots from the hub.

import type { EmbedPart } from "@auxot/wire/embed";
import { AppError } from "@auxot/wire/errors";
import { createWarnings } from "@auxot/dialects/warnings";
import { readConversation } from "../hub/conversation.ts";
import type { Hub } from "../hub/hub.ts";
import { createChatWork, createEmbedWork } from "../hub/job-work.ts";
import type { Offer, Source } from "./source.ts";

export function createWorkerSource(hub: Pick<Hub, "offers" | "start" | "countTokens">): Source {
  return {
    async countTokens(request, target, signal) {
      try {
        return await hub.countTokens(target, request, signal);
      } catch (error) {
        if (error instanceof AppError && error.code === "unsupported") return undefined;
        throw error;
      }
    },
    offers: () =>
      hub.offers().map(({ provider, offer, freeSlots }): Offer => ({
        tier: provider.kind,
        providerId: provider.id,
        provider: provider.name,
        model: offer.model,
        aliases: offer.aliases,
        abilities: offer.abilities,
        contextTokens: offer.contextTokens,
        freeSlots,
        ...(offer.dimensions === undefined ? {} : { dimensions: offer.dimensions }),
        ...(offer.restsUntil === undefined ? {} : { restsUntil: offer.restsUntil }),
        ...(offer.load === undefined ? {} : { load: offer.load }),
        ...(offer.description === undefined ? {} : { description: offer.description }),
      })),
    async run({ callerId, request, requestFor, targets, retarget, waitMs }, signal) {
      const work = createChatWork(requestFor ?? (() => request));
      const conversation = readConversation(callerId, request);
      const call = { callerId, conversation, work, targets: retarget ?? (() => targets), waitMs };
      const job = await hub.start(call, signal);
      return {
        placement: { tier: job.provider.kind, provider: job.provider.name, worker: job.worker, model: job.model },
        // The frames carry only what the canonical words hold.
        warnings: createWarnings(request).list(),
        batches: job.batches,
      };
    },
    async embed({ callerId, request, targets, retarget, waitMs }, signal) {
      const work = createEmbedWork(request);
      const job = await hub.start({ callerId, work, targets: retarget ?? (() => targets), waitMs }, signal);
      return {
        placement: { tier: job.provider.kind, provider: job.provider.name, worker: job.worker, model: job.model },
        warnings: createWarnings(request).list(),
        parts: listParts(job.batches),
      };
    },
  };
}

async function* listParts(
  batches: AsyncIterable<{ readonly events: readonly EmbedPart[] }>,
): AsyncGenerator<EmbedPart> {
  for await (const { events } of batches) yield* events;
}
