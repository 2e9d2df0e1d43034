// A cloud provider that speaks OpenAI's Responses and remembers what it answered, as OpenAI does.

import type { FakeCloud } from "./fake-cloud.ts";

export type StoringCloud = {
  readonly answer: FakeCloud["answer"];
  /** It has none of its responses any more. */
  forget(): void;
};

type Asked = { readonly stream?: boolean; readonly store?: boolean; readonly previous_response_id?: string };

/** Answers "answer 1", "answer 2" and so on, as `resp_up_1`, `resp_up_2`. */
export function createStoringCloud(): StoringCloud {
  const known = new Set<string>();
  let count = 0;
  return {
    forget: () => known.clear(),
    answer(request, response) {
      const asked = JSON.parse(request.body) as Asked;
      const previous = asked.previous_response_id;
      if (previous !== undefined && !known.has(previous)) {
        const message = `Previous response with id '${previous}' not found.`;
        const error = { message, type: "invalid_request_error", code: "previous_response_not_found" };
        response.writeHead(400, { "content-type": "application/json" }).end(JSON.stringify({ error }));
        return;
      }
      count++;
      const whole = buildAnswer(count, asked);
      if (asked.store !== false) known.add(whole.id);
      if (asked.stream !== true) {
        response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(whole));
        return;
      }
      response.writeHead(200, { "content-type": "text/event-stream" }).end(buildStream(whole));
    },
  };
}

function buildAnswer(count: number, { store, previous_response_id }: Asked) {
  const content = [{ type: "output_text", text: `answer ${count}`, annotations: [], logprobs: [] }];
  return {
    id: `resp_up_${count}`,
    object: "response",
    created_at: 1,
    status: "completed",
    model: "cloud-model",
    store: store ?? true,
    previous_response_id: previous_response_id ?? null,
    output: [{ id: `msg_up_${count}`, type: "message", role: "assistant", status: "completed", content }],
    usage: { input_tokens: 11, output_tokens: 2, total_tokens: 13 },
  };
}

/** Its last event tells no items: some servers leave them out there. */
export function buildStream(whole: ReturnType<typeof buildAnswer>): string {
  const [item] = whole.output;
  const text = `answer ${whole.id.slice("resp_up_".length)}`;
  const created = { ...whole, status: "in_progress", output: [] };
  return [
    { type: "response.created", response: created },
    { type: "response.output_item.added", output_index: 0, item: { ...item, content: [] } },
    { type: "response.output_text.delta", output_index: 0, content_index: 0, item_id: item?.id, delta: text },
    { type: "response.output_item.done", output_index: 0, item },
    { type: "response.completed", response: { ...whole, output: [] } },
  ]
    .map((event, at) => `event: ${event.type}\ndata: ${JSON.stringify({ ...event, sequence_number: at })}\n\n`)
    .join("");
}
