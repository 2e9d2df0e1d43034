// Questions beyond those of the matrix test, one for each thing a translation has to find another place or word for.

import type { DialectName } from "@auxot/wire/chat";
import { asks, type Ask } from "../matrix/asks.ts";
import { pixel } from "../matrix/scenarios.ts";

type Asks = Readonly<Record<string, Ask>>;

const pdf = "JVBERi0xLjQK";
const tools = [{ type: "function", function: { name: "f" } }];
const history = asks["anthropic-messages"].results["messages"] as readonly object[];

export const moreAsks: Readonly<Record<DialectName, Asks>> = {
  "openai-chat": {
    everything: {
      messages: [
        { role: "developer", content: "a" },
        {
          role: "user",
          content: [
            { type: "text", text: "b" },
            { type: "image_url", image_url: { url: `data:image/png;base64,${pixel}`, detail: "high" } },
            { type: "image_url", image_url: { url: "https://example.com/a.png" } },
            { type: "file", file: { filename: "a.pdf", file_data: `data:application/pdf;base64,${pdf}` } },
          ],
        },
        { role: "assistant", content: "no" },
        { role: "system", content: "c" },
        { role: "user", content: "d" },
      ],
      max_completion_tokens: 100,
      stop: ["x"],
      seed: 3,
      user: "u",
      verbosity: "low",
      prompt_cache_key: "k",
    },
    "a refusal in the history": {
      messages: [
        { role: "user", content: "a" },
        { role: "assistant", content: null, refusal: "no" },
        { role: "user", content: "b" },
      ],
    },
    "a tool without parameters, demanded": {
      messages: [{ role: "user", content: "a" }],
      tools,
      tool_choice: "required",
    },
    "tools that must not be called": { messages: [{ role: "user", content: "a" }], tools, tool_choice: "none" },
    "some of the tools": {
      messages: [{ role: "user", content: "a" }],
      tools,
      tool_choice: {
        type: "allowed_tools",
        allowed_tools: { mode: "required", tools: [{ type: "function", function: { name: "f" } }] },
      },
    },
    "plain JSON": { messages: [{ role: "user", content: "JSON" }], response_format: { type: "json_object" } },
    "sampling of a model that takes it": {
      model: "gpt-4o",
      messages: [{ role: "user", content: "a" }],
      max_tokens: 100,
      temperature: 0.5,
      top_p: 0.5,
      frequency_penalty: 0.1,
      presence_penalty: 0.1,
    },
  },
  "openai-responses": {
    everything: {
      instructions: "a",
      input: [
        { role: "developer", content: "b" },
        {
          role: "user",
          content: [
            { type: "input_text", text: "c" },
            { type: "input_image", image_url: `data:image/png;base64,${pixel}`, detail: "auto" },
            { type: "input_file", filename: "a.pdf", file_data: `data:application/pdf;base64,${pdf}` },
          ],
        },
        {
          type: "message",
          role: "assistant",
          id: "msg_1",
          status: "completed",
          content: [{ type: "refusal", refusal: "no" }],
        },
        { role: "user", content: "d" },
      ],
      max_output_tokens: 100,
      prompt_cache_key: "k",
      safety_identifier: "u",
      store: false,
      text: { verbosity: "high" },
    },
    "custom tools and what they gave": {
      input: [
        { role: "user", content: "a" },
        { type: "custom_tool_call", call_id: "c", name: "patch", input: "+ a" },
        { type: "custom_tool_call_output", call_id: "c", output: "done" },
      ],
      tools: [
        { type: "custom", name: "patch", description: "d" },
        { type: "custom", name: "free", format: { type: "text" } },
        { type: "custom", name: "held", format: { type: "grammar", syntax: "lark", definition: "start: X" } },
      ],
      tool_choice: { type: "custom", name: "patch" },
    },
    "a namespace of tools": {
      input: "a",
      tools: [
        {
          type: "namespace",
          name: "crm",
          description: "d",
          tools: [{ type: "function", name: "find", parameters: { type: "object" }, strict: false }],
        },
      ],
    },
    "its own reasoning": {
      input: [
        { role: "user", content: "a" },
        { type: "reasoning", id: "rs_1", summary: [{ type: "summary_text", text: "t" }], encrypted_content: "gAAAA" },
        {
          type: "message",
          role: "assistant",
          id: "m",
          status: "completed",
          content: [{ type: "output_text", text: "b", annotations: [] }],
        },
        { role: "user", content: "c" },
      ],
      reasoning: { effort: "high" },
      include: ["reasoning.encrypted_content"],
    },
  },
  "anthropic-messages": {
    everything: {
      system: [{ type: "text", text: "a", cache_control: { type: "ephemeral" } }],
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: "b", cache_control: { type: "ephemeral", ttl: "1h" } },
            { type: "image", source: { type: "url", url: "https://example.com/a.png" } },
            { type: "document", source: { type: "base64", media_type: "application/pdf", data: pdf }, title: "t" },
            { type: "document", source: { type: "text", media_type: "text/plain", data: "t" } },
            { type: "search_result", title: "t", source: "s", content: [{ type: "text", text: "r" }] },
          ],
        },
        {
          role: "assistant",
          content: [
            { type: "thinking", thinking: "t", signature: "EqQB" },
            { type: "text", text: "c" },
          ],
        },
        { role: "user", content: "d" },
      ],
      max_tokens: 100,
      stop_sequences: ["x", "y"],
      metadata: { user_id: "u" },
      top_k: 5,
    },
    "a tool that failed": {
      messages: [
        ...history,
        { role: "assistant", content: [{ type: "tool_use", id: "toolu_1", name: "clock", input: {} }] },
        {
          role: "user",
          content: [
            { type: "tool_result", tool_use_id: "toolu_1", is_error: true },
            { type: "text", text: "again" },
          ],
        },
      ],
      tools: [{ name: "clock", input_schema: { type: "object" } }],
      tool_choice: { type: "any" },
      max_tokens: 100,
    },
    "adaptive thinking": {
      messages: [{ role: "user", content: "a" }],
      thinking: { type: "adaptive" },
      output_config: { effort: "max" },
      max_tokens: 4000,
    },
    "no thinking": { messages: [{ role: "user", content: "a" }], thinking: { type: "disabled" }, max_tokens: 100 },
  },
};
