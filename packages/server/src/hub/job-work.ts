// What a job is about: the frame that begins it, and what the frames of its answer hold. The rest of the hub treats all
// jobs alike. Pure.

import type { ChatEvent } from "@auxot/wire/chat-event";
import type { ChatRequest } from "@auxot/wire/chat";
import type { EmbedPart, EmbedRequest } from "@auxot/wire/embed";
import type { Tier } from "@auxot/wire/model-offer";
import { AppError } from "@auxot/wire/errors";
import type { RouterFrame, WorkerFrame } from "@auxot/wire/worker-frames";

/** A frame of a job's answer. */
export type AnswerFrame = Extract<WorkerFrame, { readonly type: "job-events" | "embed-vectors" }>;

export type JobWork<Item> = {
  /** The frame that begins the job on a worker of `tier`; `model` is the offer's id there. */
  begin(jobId: string, model: string, tier: Tier): RouterFrame;
  /** Throws `invalid_request` for a frame that is no answer to this. */
  read(frame: AnswerFrame): readonly Item[];
};

export function createChatWork(requestFor: (tier: Tier) => ChatRequest): JobWork<ChatEvent> {
  return {
    begin(jobId, model, tier) {
      const { original: _, ...request } = requestFor(tier);
      return { type: "job-start", jobId, request: { ...request, model } };
    },
    read: (frame) => (frame.type === "job-events" ? frame.events : refuse(frame)),
  };
}

export function createEmbedWork(asked: EmbedRequest): JobWork<EmbedPart> {
  const { original: _, ...request } = asked;
  return {
    begin: (jobId, model) => ({ type: "embed-start", jobId, request: { ...request, model } }),
    read: (frame) => (frame.type === "embed-vectors" ? [frame] : refuse(frame)),
  };
}

function refuse({ type, jobId }: AnswerFrame): never {
  throw new AppError("invalid_request", `Job ${jobId}: a frame ${type} is no answer to what was asked.`);
}
