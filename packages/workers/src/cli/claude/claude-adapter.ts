// Claude Code as an agent of this worker.

import { AppError } from "@auxot/wire/errors";
import type { CliAdapter } from "../adapter.ts";
import { startClaudeProcess, type ClaudeOptions } from "./claude-process.ts";
import { buildPrompt } from "./prompt.ts";

export type ClaudeAdapterOptions = ClaudeOptions & { readonly name: string };

export function createClaudeAdapter(options: ClaudeAdapterOptions): CliAdapter {
  return {
    name: options.name,
    check(request) {
      if (request.answerCount !== undefined && request.answerCount > 1) {
        throw new AppError("invalid_request", "n: Claude Code gives one answer at a time.", { param: "n" });
      }
      return buildPrompt(request, request.model).warnings;
    },
    start: (start) => startClaudeProcess(options, start),
  };
}
