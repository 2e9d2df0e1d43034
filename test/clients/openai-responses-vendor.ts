// Speaks OpenAI's Responses as api.openai.com does, for a scripted model.

import {
  checkSeal,
  cut,
  nameOf,
  sealReasoning,
  usedTokens,
  type Call,
  type Step,
  type VendorFormat,
} from "./vendor.ts";

type Tool = { readonly type: string; readonly name?: string; readonly tools?: readonly Tool[] };
type Item = {
  readonly type?: string;
  readonly call_id?: string;
  readonly output?: string | readonly { readonly text?: string }[];
  readonly summary?: readonly { readonly text: string }[];
  readonly encrypted_content?: string;
  readonly tools?: readonly Tool[];
};
type Body = {
  readonly model: string;
  readonly stream?: boolean;
  readonly reasoning?: { readonly effort?: string } | null;
  readonly tools?: readonly Tool[];
  readonly input: string | readonly Item[];
};

export const openaiResponses: VendorFormat = {
  dialect: "openai-responses",
  path: "/v1/responses",
  readConversation(value) {
    const body = value as Body;
    const items = typeof body.input === "string" ? [] : body.input;
    const ofType = (...types: readonly string[]): readonly Item[] =>
      items.filter(({ type }) => types.includes(type ?? "message"));
    const callIds = ofType("function_call", "custom_tool_call").map(({ call_id }) => call_id ?? "");
    const results = ofType("function_call_output", "custom_tool_call_output").map((item) => ({
      callId: item.call_id ?? "",
      text: readText(item.output),
    }));
    for (const id of callIds) {
      if (!results.some(({ callId }) => callId === id))
        throw new Error(`No tool output found for function call ${id}.`);
    }
    return {
      model: body.model,
      isStream: body.stream === true,
      wantsReasoning: typeof body.reasoning?.effort === "string" && body.reasoning.effort !== "none",
      toolNames: [...(body.tools ?? []), ...ofType("additional_tools").flatMap((item) => item.tools ?? [])].flatMap(
        listNames,
      ),
      callIds,
      reasoning: ofType("reasoning").map(({ summary, encrypted_content }) =>
        checkSeal((summary ?? []).map(({ text }) => text).join(""), encrypted_content),
      ),
      results,
    };
  },
  writeStream(model, step, id) {
    const items = listItems(step, id);
    const respond = (status: string, output: readonly object[]): object => createResponse(model, id, status, output);
    const events = [
      { type: "response.created", response: respond("in_progress", []) },
      { type: "response.in_progress", response: respond("in_progress", []) },
      ...items.flatMap(({ added, between, done }, output_index) => [
        { type: "response.output_item.added", output_index, item: added },
        ...between.map((event) => ({ output_index, ...event })),
        { type: "response.output_item.done", output_index, item: done },
      ]),
      {
        type: "response.completed",
        response: respond(
          "completed",
          items.map(({ done }) => done),
        ),
      },
    ];
    return events.map(
      (event, sequence_number) => `event: ${event.type}\ndata: ${JSON.stringify({ ...event, sequence_number })}\n\n`,
    );
  },
};

function listNames(tool: Tool): string[] {
  if (tool.type !== "namespace") return [tool.name ?? tool.type];
  return (tool.tools ?? []).map(({ name = "" }) => nameOf({ namespace: tool.name ?? "", name }));
}

type StreamedItem = {
  readonly added: object;
  readonly between: readonly ({ readonly type: string } & Readonly<Record<string, unknown>>)[];
  readonly done: object;
};

function listItems(step: Step, id: string): StreamedItem[] {
  return [
    ...(step.reasoning === undefined ? [] : [writeReasoning(step.reasoning, `rs_${id}`)]),
    ...(step.text === undefined ? [] : [writeMessage(step.text, `msg_${id}`)]),
    ...(step.calls ?? []).map((call) => writeCall(call)),
  ];
}

function writeReasoning(text: string, id: string): StreamedItem {
  const place = { item_id: id, summary_index: 0 };
  const encrypted_content = sealReasoning(text);
  return {
    added: { id, type: "reasoning", summary: [], encrypted_content },
    between: [
      { type: "response.reasoning_summary_part.added", ...place, part: { type: "summary_text", text: "" } },
      ...cut(text, 9).map((delta) => ({ type: "response.reasoning_summary_text.delta", ...place, delta })),
      { type: "response.reasoning_summary_text.done", ...place, text },
      { type: "response.reasoning_summary_part.done", ...place, part: { type: "summary_text", text } },
    ],
    done: { id, type: "reasoning", summary: [{ type: "summary_text", text }], encrypted_content },
  };
}

function writeMessage(text: string, id: string): StreamedItem {
  const item = { id, type: "message", role: "assistant" };
  const place = { item_id: id, content_index: 0 };
  const part = { type: "output_text", text, annotations: [], logprobs: [] };
  return {
    added: { ...item, status: "in_progress", content: [] },
    between: [
      { type: "response.content_part.added", ...place, part: { ...part, text: "" } },
      ...cut(text, 7).map((delta) => ({ type: "response.output_text.delta", ...place, delta, logprobs: [] })),
      { type: "response.output_text.done", ...place, text, logprobs: [] },
      { type: "response.content_part.done", ...place, part },
    ],
    done: { ...item, status: "completed", content: [part] },
  };
}

function writeCall({ id: call_id, namespace, name, input }: Call): StreamedItem {
  const isCustom = typeof input === "string";
  const text = isCustom ? input : JSON.stringify(input);
  const [kind, field, event] = isCustom
    ? ["custom_tool_call", "input", "response.custom_tool_call_input"]
    : ["function_call", "arguments", "response.function_call_arguments"];
  const item_id = `item_${call_id}`;
  const item = { id: item_id, type: kind, call_id, name, ...(namespace === undefined ? {} : { namespace }) };
  return {
    added: { ...item, status: "in_progress", [field]: "" },
    between: [
      ...cut(text, 11).map((delta) => ({ type: `${event}.delta`, item_id, delta })),
      { type: `${event}.done`, item_id, [field]: text },
    ],
    done: { ...item, status: "completed", [field]: text },
  };
}

function createResponse(model: string, id: string, status: string, output: readonly object[]): object {
  const usage = {
    input_tokens: usedTokens.input,
    input_tokens_details: { cached_tokens: usedTokens.cached },
    output_tokens: usedTokens.output,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: usedTokens.input + usedTokens.output,
  };
  return {
    id: `resp_${id}`,
    object: "response",
    created_at: 1,
    status,
    error: null,
    incomplete_details: null,
    instructions: null,
    max_output_tokens: null,
    model,
    output,
    parallel_tool_calls: true,
    previous_response_id: null,
    reasoning: { effort: null, summary: null },
    store: false,
    temperature: 1,
    text: { format: { type: "text" } },
    tool_choice: "auto",
    tools: [],
    top_p: 1,
    truncation: "disabled",
    usage: status === "completed" ? usage : null,
    user: null,
    metadata: {},
  };
}

function readText(output: Item["output"]): string {
  if (typeof output === "string") return output;
  return (output ?? []).map((part) => part.text ?? "").join("");
}
