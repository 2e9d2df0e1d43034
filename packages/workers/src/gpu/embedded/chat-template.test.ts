import assert from "node:assert/strict";
import { test } from "node:test";
import type { ChatMessage, ChatRequest } from "@auxot/wire/chat";
import { createChatTemplate } from "./chat-template.ts";

const tokens = { bos: "<s>", eos: "</s>" };
const plain = `{{ bos_token }}{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}`;
const same = (text: string): string => text;

const system = (text: string): ChatMessage => ({ role: "system", content: [{ type: "text", text }] });
const user = (text: string): ChatMessage => ({ role: "user", content: [{ type: "text", text }] });
const assistant = (text: string): ChatMessage => ({ role: "assistant", content: [{ type: "text", text }] });

function render(
  template: string | undefined,
  messages: readonly ChatMessage[],
  fields: Partial<ChatRequest> = {},
): string {
  const request = { model: "m", messages, tools: [], stream: true, ...fields };
  return createChatTemplate(template, tokens).render(request, same);
}

test("renders a conversation and opens the answer", () => {
  assert.equal(
    render(plain, [system("s"), user("a"), assistant("b"), user("c")]),
    "<s>[system]s[user]a[assistant]b[user]c[assistant]",
  );
});

test("stands in with ChatML for a file without a template", () => {
  assert.equal(render(undefined, [user("a")]), "<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\n");
});

test("gives tool calls with parsed arguments, reasoning and tool results the names templates expect", () => {
  const template = `{% for m in messages %}{% if m.tool_calls %}{% for c in m.tool_calls %}{{ m.reasoning_content }}|{{ c.id }}|{{ c.function.name }}|{{ c.function.arguments.city }}{% endfor %}{% elif m.role == 'tool' %}|{{ m.tool_call_id }}|{{ m.name }}|{{ m.content }}{% endif %}{% endfor %}{{ tools | tojson }}`;
  const messages: ChatMessage[] = [
    {
      role: "assistant",
      content: [
        { type: "reasoning", text: "hmm" },
        { type: "tool-call", id: "c1", name: "weather", arguments: '{"city": "Łódź"}' },
      ],
    },
    { role: "tool", callId: "c1", content: [{ type: "text", text: "rain" }] },
  ];
  const tools = [{ name: "weather", description: "d", parameters: { type: "object" } }];
  assert.equal(
    render(template, messages, { tools }),
    'hmm|c1|weather|Łódź|c1|weather|rain[{"type": "function", "function": {"name": "weather", "description": "d", "parameters": {"type": "object"}}}]',
  );
  assert.match(render(template, messages, { tools, toolChoice: { type: "none" } }), /null$/);
});

test("tells the model which result of a tool is an error", () => {
  const failed: ChatMessage = {
    role: "tool",
    callId: "c",
    content: [{ type: "text", text: "no disk" }],
    isError: true,
  };
  assert.equal(render(plain, [failed]), "<s>[tool]Error: no disk[assistant]");
});

test("gathers system messages when the template takes one only at the front", () => {
  const strict = `{% for m in messages %}{% if m.role == 'system' and not loop.first %}{{ raise_exception('system must be first') }}{% endif %}[{{ m.role }}]{{ m.content }}{% endfor %}`;
  assert.equal(render(strict, [system("a"), user("b"), system("c"), user("d")]), "[system]a\n\nc[user]b\n\nd");
});

test("puts the system message into the first turn when the template takes none", () => {
  const strict = `{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no system') }}{% endif %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('alternate') }}{% endif %}[{{ m.role }}]{{ m.content }}{% endfor %}`;
  assert.equal(render(strict, [system("a"), user("b"), assistant("c"), user("d")]), "[user]a\n\nb[assistant]c[user]d");
  assert.throws(() => render(strict, [assistant("a")]), { code: "invalid_request", message: /alternate/ });
});

test("gives lists of parts to templates that print only those", () => {
  const lists = `{% for m in messages %}[{{ m.role }}]{% for part in m.content %}{% if part.type == 'text' %}{{ part.text }}{% endif %}{% endfor %}{% endfor %}`;
  assert.equal(render(lists, [user("a")]), "[user]a");
});

test("gives the arguments of calls as text to templates that join it", () => {
  const joins = `{% for m in messages %}{% if m.tool_calls %}{% for c in m.tool_calls %}{{ '<' + c.function.arguments + '>' }}{% endfor %}{% endif %}{% endfor %}`;
  const call: ChatMessage = {
    role: "assistant",
    content: [{ type: "tool-call", id: "c1", name: "weather", arguments: '{"city":  "Paris"}' }],
  };
  assert.equal(render(joins, [call]), '<{"city":  "Paris"}>');
});

test("turns thinking on and off where the template has a switch", () => {
  const template = "{% if enable_thinking is defined and enable_thinking is false %}off{% else %}on{% endif %}";
  assert.equal(render(template, [user("a")]), "on");
  assert.equal(render(template, [user("a")], { reasoning: { effort: "none" } }), "off");
});

test("refuses images and files, but reads text documents", () => {
  const image: ChatMessage = { role: "user", content: [{ type: "image", source: { type: "url", url: "x" } }] };
  assert.throws(() => render(plain, [image]), { code: "unsupported", param: "messages[0].content" });
  const text: ChatMessage = {
    role: "user",
    content: [{ type: "document", name: "a.txt", source: { type: "text", text: "words" } }],
  };
  assert.match(render(plain, [text]), /a\.txt:\nwords/);
});
