// Speaks Anthropic's Messages as its server does, for a scripted model.

import {
  checkSeal,
  cut,
  nameOf,
  sealReasoning,
  usedTokens,
  writeArguments,
  type Step,
  type VendorFormat,
} from "./vendor.ts";

type Block = {
  readonly type: string;
  readonly thinking?: string;
  readonly signature?: string;
  readonly id?: string;
  readonly tool_use_id?: string;
  readonly content?: string | readonly { readonly text?: string }[];
};
type Message = { readonly role: string; readonly content: string | readonly Block[] };
type Body = {
  readonly model: string;
  readonly stream?: boolean;
  readonly thinking?: { readonly type: string };
  readonly tools?: readonly { readonly name: string }[];
  readonly messages: readonly Message[];
};

export const anthropicMessages: VendorFormat = {
  dialect: "anthropic-messages",
  path: "/v1/messages",
  readConversation(value) {
    const body = value as Body;
    checkOrder(body.messages);
    const blocks = body.messages.flatMap(listBlocks);
    return {
      model: body.model,
      isStream: body.stream === true,
      wantsReasoning: body.thinking !== undefined && body.thinking.type !== "disabled",
      toolNames: (body.tools ?? []).map((tool) => tool.name),
      callIds: blocks.filter(({ type }) => type === "tool_use").map(({ id }) => id ?? ""),
      reasoning: blocks
        .filter(({ type }) => type === "thinking")
        .map(({ thinking, signature }) => checkSeal(thinking ?? "", signature)),
      results: blocks
        .filter(({ type }) => type === "tool_result")
        .map((block) => ({ callId: block.tool_use_id ?? "", text: readText(block.content) })),
    };
  },
  writeStream(model, step, id) {
    const input = {
      input_tokens: usedTokens.input - usedTokens.cached,
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: usedTokens.cached,
    };
    const message = {
      id: `msg_${id}`,
      type: "message",
      role: "assistant",
      model,
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: { ...input, output_tokens: 1 },
    };
    const stop = { stop_reason: step.calls === undefined ? "end_turn" : "tool_use", stop_sequence: null };
    return [
      frame("message_start", { message }),
      frame("ping"),
      ...writeBlocks(step).flatMap(({ start, deltas }, index) => [
        frame("content_block_start", { index, content_block: start }),
        ...deltas.map((delta) => frame("content_block_delta", { index, delta })),
        frame("content_block_stop", { index }),
      ]),
      frame("message_delta", { delta: stop, usage: { ...input, output_tokens: usedTokens.output } }),
      frame("message_stop"),
    ];
  },
};

function frame(type: string, part: object = {}): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...part })}\n\n`;
}

type StreamedBlock = { readonly start: object; readonly deltas: readonly object[] };

function writeBlocks(step: Step): StreamedBlock[] {
  const blocks: StreamedBlock[] = [];
  if (step.reasoning !== undefined) {
    const thoughts = cut(step.reasoning, 9).map((thinking) => ({ type: "thinking_delta", thinking }));
    const signature = { type: "signature_delta", signature: sealReasoning(step.reasoning) };
    blocks.push({ start: { type: "thinking", thinking: "", signature: "" }, deltas: [...thoughts, signature] });
  }
  if (step.text !== undefined) {
    const deltas = cut(step.text, 7).map((text) => ({ type: "text_delta", text }));
    blocks.push({ start: { type: "text", text: "" }, deltas });
  }
  for (const call of step.calls ?? []) {
    const pieces = ["", ...cut(writeArguments(call), 11)];
    blocks.push({
      start: { type: "tool_use", id: call.id, name: nameOf(call), input: {} },
      deltas: pieces.map((partial_json) => ({ type: "input_json_delta", partial_json })),
    });
  }
  return blocks;
}

/** "Each `tool_use` block must have a corresponding `tool_result` block in the next message." */
function checkOrder(messages: readonly Message[]): void {
  for (const [at, message] of messages.entries()) {
    const next = messages[at + 1];
    const answered = next === undefined ? [] : listBlocks(next).map(({ tool_use_id }) => tool_use_id);
    for (const { type, id } of listBlocks(message)) {
      if (type === "tool_use" && !answered.includes(id)) throw new Error(`messages[${at}]: ${id} is not answered`);
    }
  }
}

function listBlocks({ content }: Message): readonly Block[] {
  return typeof content === "string" ? [] : content;
}

function readText(content: Block["content"]): string {
  if (typeof content === "string") return content;
  return (content ?? []).map((part) => part.text ?? "").join("");
}
