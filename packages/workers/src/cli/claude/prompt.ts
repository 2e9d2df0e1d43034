// A ChatRequest -> what Claude Code is given of it: past turns for its session, system prompt, tools, settings. Pure.

import { createHash } from "node:crypto";
import { anthropicCall } from "@auxot/dialects/anthropic-messages/call";
import type { ChatRequest } from "@auxot/wire/chat";
import { AppError } from "@auxot/wire/errors";
import { defaultTraits, type ModelTraits } from "@auxot/wire/model-traits";

export type ClaudeTurn = { readonly role: "user" | "assistant"; readonly content: readonly ClaudeBlock[] };
export type ClaudeBlock = { readonly type: string; readonly [field: string]: unknown };

export type ClaudeTool = {
  readonly name: string;
  readonly description?: string;
  readonly inputSchema: Readonly<Record<string, unknown>>;
};

export type ClaudePrompt = {
  /** "" for none. */
  readonly system: string;
  /** The last one is the user's. */
  readonly turns: readonly ClaudeTurn[];
  readonly tools: readonly ClaudeTool[];
  readonly jsonSchema?: Readonly<Record<string, unknown>>;
  /** Settings of this one process (Claude Code's settings.json). */
  readonly settings: { readonly env: Readonly<Record<string, string>>; readonly [name: string]: unknown };
  readonly warnings: readonly string[];
};

/** Claude Code decides on sampling itself, and nothing can force a call. */
const traits: ModelTraits = {
  ...defaultTraits,
  thinking: "adaptive",
  thinksByDefault: true,
  thinkingOff: "asked",
  efforts: ["low", "medium", "high", "xhigh", "max"],
  refuses: ["temperature", "top_p", "top_k", "frequency_penalty", "presence_penalty", "seed"],
  forcedTools: "never",
  strictTools: false,
  prefill: "refused",
};

type Body = {
  readonly system?: readonly { readonly text: string }[];
  readonly messages: readonly ClaudeTurn[];
  readonly tools?: readonly {
    readonly name: string;
    readonly description?: string;
    readonly input_schema: Readonly<Record<string, unknown>>;
  }[];
  readonly thinking?: { readonly type: string };
  readonly output_config?: {
    readonly effort?: string;
    readonly format?: { readonly schema: Readonly<Record<string, unknown>> };
  };
};

/** Throws `invalid_request` for a conversation Claude Code cannot be given. */
export function buildPrompt(request: ChatRequest, model: string): ClaudePrompt {
  // Stop sequences and the limit are kept by this worker, whatever the vendor's format makes of them.
  const { stop: _stop, maxOutputTokens: _most, ...rest } = request;
  const built = anthropicCall.buildRequest(rest, { model, stream: true, traits, hash: hashText });
  const body = JSON.parse(built.body) as Body;
  if (body.messages.at(-1)?.role !== "user") {
    const message = "messages: Claude Code cannot go on with the assistant's last message; end with the user's.";
    throw new AppError("invalid_request", message, { param: "messages" });
  }
  const choice = request.toolChoice;
  const isOff = choice?.type === "none";
  const format = body.output_config?.format;
  const warnings = [...built.warnings];
  if (format !== undefined) {
    warnings.push("response_format: Claude Code asks the model for the schema by a tool; it is not forced to keep it.");
  }
  if (request.reasoning?.effort === "none") {
    warnings.push("reasoning: Claude Code is told to do without; models that always think still do.");
  }
  return {
    system: [...(body.system ?? []).map(({ text }) => text), ...describeChoice(request)].join("\n\n"),
    turns: body.messages.map(({ role, content }) => ({ role, content: content.map(dropCacheMark) })),
    tools: isOff
      ? []
      : (body.tools ?? []).map(({ name, description, input_schema }) => ({
          name,
          ...(description === undefined ? {} : { description }),
          inputSchema: input_schema,
        })),
    ...(format === undefined ? {} : { jsonSchema: format.schema }),
    settings: buildSettings(request, body),
    warnings,
  };
}

/** What cannot be forced is asked for in words. */
function describeChoice({ toolChoice, parallelToolCalls, tools }: ChatRequest): string[] {
  if (tools.length === 0 || toolChoice?.type === "none") return [];
  const said: string[] = [];
  if (toolChoice?.type === "required") said.push("Answer by calling at least one of your tools.");
  if (toolChoice?.type === "tool") said.push(`Answer by calling the tool ${toolChoice.name}.`);
  if (parallelToolCalls === false) said.push("Call at most one tool at a time.");
  return said;
}

function buildSettings(request: ChatRequest, { thinking, output_config: config }: Body): ClaudePrompt["settings"] {
  const environment: Record<string, string> = {};
  if (request.maxOutputTokens !== undefined) {
    environment["CLAUDE_CODE_MAX_OUTPUT_TOKENS"] = String(request.maxOutputTokens);
  }
  if (config?.effort !== undefined) environment["CLAUDE_CODE_EFFORT_LEVEL"] = config.effort;
  return {
    // Nothing of Claude Code's own goes into what others wrote.
    attribution: { commit: "", pr: "" },
    ...(thinking?.type === "disabled" ? { alwaysThinkingEnabled: false } : {}),
    env: environment,
  };
}

/** Claude Code sets its own, and the API takes four at most. */
function dropCacheMark(block: ClaudeBlock): ClaudeBlock {
  const { cache_control: _, ...rest } = block;
  return rest as ClaudeBlock;
}

function hashText(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
