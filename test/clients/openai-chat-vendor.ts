// Speaks OpenAI's Chat Completions as its server does, for a scripted model, with the `reasoning_content` that compatible
// servers add.

import { cut, nameOf, usedTokens, writeArguments, type Step, type VendorFormat } from "./vendor.ts";

type Message = {
  readonly role: string;
  readonly content?: string | null | readonly { readonly text?: string }[];
  readonly reasoning_content?: string;
  readonly tool_calls?: readonly { readonly id: string }[];
  readonly tool_call_id?: string;
};
type Body = {
  readonly model: string;
  readonly stream?: boolean;
  readonly stream_options?: { readonly include_usage?: boolean };
  readonly tools?: readonly { readonly function: { readonly name: string } }[];
  readonly messages: readonly Message[];
};

export const openaiChat: VendorFormat = {
  dialect: "openai-chat",
  path: "/v1/chat/completions",
  readConversation(value) {
    const body = value as Body;
    if (body.stream_options?.include_usage !== true) throw new Error("nobody asks for the usage of the stream");
    checkOrder(body.messages);
    return {
      model: body.model,
      isStream: body.stream === true,
      // Compatible servers reason unasked.
      wantsReasoning: true,
      toolNames: (body.tools ?? []).map((tool) => tool.function.name),
      callIds: body.messages.flatMap((message) => message.tool_calls ?? []).map(({ id }) => id),
      reasoning: body.messages.flatMap(({ reasoning_content }) => reasoning_content ?? []),
      results: body.messages
        .filter(({ role }) => role === "tool")
        .map((message) => ({ callId: message.tool_call_id ?? "", text: readText(message.content) })),
    };
  },
  writeStream(model, step, id) {
    const base = { id: `chatcmpl-${id}`, object: "chat.completion.chunk", created: 1, model };
    const frame = (part: object): string => `data: ${JSON.stringify({ ...base, ...part })}\n\n`;
    const chunk = (delta: object, finish: string | null = null): string =>
      frame({ choices: [{ index: 0, delta, finish_reason: finish }] });
    return [
      chunk({ role: "assistant", content: "" }),
      ...writeDeltas(step).map((delta) => chunk(delta)),
      chunk({}, step.calls === undefined ? "stop" : "tool_calls"),
      frame({
        choices: [],
        usage: {
          prompt_tokens: usedTokens.input,
          completion_tokens: usedTokens.output,
          total_tokens: usedTokens.input + usedTokens.output,
          prompt_tokens_details: { cached_tokens: usedTokens.cached },
        },
      }),
      "data: [DONE]\n\n",
    ];
  },
};

function writeDeltas(step: Step): object[] {
  return [
    ...cut(step.reasoning ?? "", 9).map((reasoning_content) => ({ reasoning_content })),
    ...cut(step.text ?? "", 7).map((content) => ({ content })),
    ...(step.calls ?? []).flatMap((call, index) => [
      { tool_calls: [{ index, id: call.id, type: "function", function: { name: nameOf(call), arguments: "" } }] },
      ...cut(writeArguments(call), 11).map((text) => ({ tool_calls: [{ index, function: { arguments: text } }] })),
    ]),
  ];
}

/** "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'." */
function checkOrder(messages: readonly Message[]): void {
  for (const [at, message] of messages.entries()) {
    const ids = (message.tool_calls ?? []).map(({ id }) => id);
    const answered = new Set(messages.slice(at + 1, at + 1 + ids.length).map((next) => next.tool_call_id));
    if (ids.some((id) => !answered.has(id))) throw new Error(`not all calls of messages[${at}] are answered`);
  }
}

function readText(content: Message["content"]): string {
  if (typeof content === "string") return content;
  return (content ?? []).map((part) => part.text ?? "").join("");
}
