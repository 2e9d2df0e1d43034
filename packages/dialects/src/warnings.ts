// Collects what a request for another format could not carry.

import type { ChatRequest } from "@auxot/wire/chat";

export type Warnings = {
  /** One sentence that names the field; the same sentence twice counts once. */
  readonly add: (message: string) => void;
  list(): readonly string[];
};

/** Starts with the fields the canonical words do not hold: they are never sent by `buildRequest`. */
export function createWarnings(request: Pick<ChatRequest, "unknownFields">): Warnings {
  const messages = new Set<string>();
  for (const field of request.unknownFields ?? [])
    messages.add(`${field}: not understood on this route; it was not sent.`);
  return { add: (message) => void messages.add(message), list: () => [...messages] };
}
