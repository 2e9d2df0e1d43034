// A real model for llama.cpp that does the copy task with one note: the echo model with a chat template that puts the next
// step together from the conversation. The model's attention then copies that step into its answer token by token.

import { makeEchoModel } from "../../packages/workers/src/gpu/models/echo-model.ts";
import type { Task } from "./copy-task.ts";

export const copyingTask: Task = {
  prompt: "Read note.txt and write its word into copy.txt.",
  notes: { "note.txt": "The first word is quokka-7421.\n" },
  copyText: "I have read: quokka-7421",
  words: ["The note is copied."],
  requests: 3,
};

/** The bytes of the GGUF file. */
export function makeCopyingModel(): Buffer {
  return makeEchoModel(template);
}

// Calls are written as Llama's models write them: tags would stand in the answer twice, and the copying head needs the six
// bytes before each place to be nowhere else.
const template = `{%- set results = messages | selectattr('role', 'equalto', 'tool') | list -%}
{%- set ns = namespace(shell=false) -%}
{%- for tool in tools or [] -%}{%- if tool.function.name == 'exec_command' -%}{%- set ns.shell = true -%}{%- endif -%}{%- endfor -%}
{%- if results | length == 0 -%}
{%- if ns.shell -%}{%- set answer = '{"name": "exec_command", "parameters": {"cmd": "cat note.txt"}}' -%}
{%- else -%}{%- set answer = '{"name": "Read", "parameters": {"file_path": "note.txt"}}' -%}{%- endif -%}
{%- elif results | length == 1 -%}
{%- set text = 'I have read: ' + results[0].content.split('first word is ')[1].split('.')[0] -%}
{%- if ns.shell -%}{%- set answer = '{"name": "exec_command", "parameters": {"cmd": ' + ("printf '" + text + "' > copy.txt") | tojson + '}}' -%}
{%- else -%}{%- set answer = '{"name": "Write", "parameters": {"file_path": "copy.txt", "content": ' + text | tojson + '}}' -%}{%- endif -%}
{%- else -%}{%- set answer = 'The note is copied.' -%}{%- endif -%}
{{ '<|a|><|b|><|c|>' + answer + '<|im_end|>' }}
{%- if add_generation_prompt -%}{{ '<|a|><|b|><|c|>' }}{%- endif -%}`;
