// A request of which nothing is left for the upstream: every vendor refuses it, in words that name our fields and not the
// caller's.

import { AppError } from "@auxot/wire/errors";

export function refuseEmpty(): never {
  throw new AppError("invalid_request", "messages: expected at least one message with content, got only empty ones.", {
    param: "messages",
  });
}
