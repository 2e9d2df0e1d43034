// Every kind of message, part, item, block and tool that the vendors' own types know: each is translated, or left out by
// name. The tables are complete by their types, so a new kind in a vendor's SDK fails the type check here.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type Anthropic from "@anthropic-ai/sdk";
import type OpenAI from "openai";
import { dialectNames, type DialectName } from "@auxot/wire/chat";
import { build, parse, refuses } from "../../test/request-checks.ts";

type Beta = Anthropic.Beta.BetaContentBlockParam | Anthropic.ContentBlockParam;
/** What of our words it becomes; "left out": named as unknown, with its path; "refused": a 400 with its path. */
type Fate = "text" | "image" | "document" | "reasoning" | "tool-call" | "tool" | "left out" | "refused" | "system";
type Kinds<Name extends string> = { readonly [key in Name]: readonly [example: object, fate: Fate] };

const data = "iVBORw0KGgo=";
const png = `data:image/png;base64,${data}`;

/** Sends one thing next to a plain message and looks what became of it. */
function check(from: DialectName, body: object, path: string, fate: Fate): void {
  if (fate === "refused") return refuses(from, body, path);
  const request = parse(from, body);
  if (fate === "left out") {
    assert.deepEqual(request.unknownFields, [path]);
    for (const to of dialectNames.filter((name) => name !== from)) {
      assert.ok(build(to, request).warnings.includes(`${path}: not understood on this route; it was not sent.`), to);
    }
    return;
  }
  assert.equal(request.unknownFields, undefined);
  const kinds = request.messages.flatMap(({ role, content }) => [role, ...content.map(({ type }) => type)]);
  assert.ok(kinds.includes(fate), kinds.join());
}

function checkAll<Name extends string>(
  from: DialectName,
  kinds: Kinds<Name>,
  wrap: (example: object) => object,
  path: string,
): void {
  for (const [kind, entry] of Object.entries(kinds)) {
    const [example, fate] = entry as readonly [object, Fate];
    const sentence = fate === "left out" || fate === "refused" ? `is ${fate} by its path` : `becomes ${fate}`;
    it(`${kind} ${sentence}`, () => check(from, wrap({ type: kind, ...example }), path, fate));
  }
}

// `item_reference` is read from the store, `additional_tools` with the tools.
type ItemType = Exclude<NonNullable<OpenAI.Responses.ResponseInputItem["type"]>, "item_reference" | "additional_tools">;

const items: Kinds<ItemType> = {
  message: [{ role: "user", content: "x" }, "text"],
  reasoning: [{ id: "rs_1", summary: [{ type: "summary_text", text: "hm" }] }, "reasoning"],
  function_call: [{ call_id: "c", name: "f", arguments: "{}" }, "tool-call"],
  function_call_output: [{ call_id: "c", output: "x" }, "tool"],
  custom_tool_call: [{ call_id: "c", name: "f", input: "x" }, "tool-call"],
  custom_tool_call_output: [{ call_id: "c", output: [{ type: "input_text", text: "x" }] }, "tool"],
  file_search_call: [{ id: "fs_1", queries: ["x"], status: "completed" }, "left out"],
  computer_call: [{ id: "cu_1", call_id: "c", action: { type: "screenshot" }, status: "completed" }, "left out"],
  computer_call_output: [{ call_id: "c", output: { type: "computer_screenshot", image_url: png } }, "left out"],
  web_search_call: [{ id: "ws_1", status: "completed", action: { type: "search", query: "x" } }, "left out"],
  tool_search_call: [{ arguments: {}, call_id: "c", execution: "client" }, "left out"],
  tool_search_output: [{ tools: [], call_id: "c" }, "left out"],
  configuration_update: [{ reasoning: { effort: "low" } }, "left out"],
  compaction: [{ encrypted_content: "x" }, "left out"],
  compaction_trigger: [{}, "left out"],
  image_generation_call: [{ id: "ig_1", result: data, status: "completed" }, "left out"],
  code_interpreter_call: [{ id: "ci_1", code: "1", container_id: "x", outputs: [] }, "left out"],
  local_shell_call: [{ id: "ls_1", call_id: "c", action: { type: "exec", command: ["ls"], env: {} } }, "left out"],
  local_shell_call_output: [{ id: "c", output: "{}" }, "left out"],
  shell_call: [{ call_id: "c", action: { commands: ["ls"] } }, "left out"],
  shell_call_output: [{ call_id: "c", output: [] }, "left out"],
  apply_patch_call: [{ call_id: "c", operation: { type: "delete_file", path: "a" } }, "left out"],
  apply_patch_call_output: [{ call_id: "c", status: "completed" }, "left out"],
  mcp_list_tools: [{ id: "m", server_label: "s", tools: [] }, "left out"],
  mcp_approval_request: [{ id: "m", server_label: "s", name: "f", arguments: "{}" }, "left out"],
  mcp_approval_response: [{ approval_request_id: "m", approve: true }, "left out"],
  mcp_call: [{ id: "m", server_label: "s", name: "f", arguments: "{}" }, "left out"],
  program: [{ id: "p", call_id: "c", code: "1", fingerprint: "x" }, "left out"],
  program_output: [{ id: "p", call_id: "c", result: "1", status: "completed" }, "left out"],
};

const hi = { role: "user", content: "hi" };

describe("of the input of a Responses request, an item of type", () => {
  checkAll("openai-responses", items, (item) => ({ model: "m", input: [hi, item] }), "input[1]");
});

const sayInput = (part: object) => ({ model: "m", input: [hi, { role: "user", content: [part] }] });

describe("of a message in a Responses request, a part of type", () => {
  const parts: Kinds<OpenAI.Responses.ResponseInputContent["type"] | "input_audio"> = {
    input_text: [{ text: "x" }, "text"],
    input_image: [{ image_url: png, detail: "auto" }, "image"],
    input_file: [{ file_data: `data:application/pdf;base64,${data}`, filename: "a.pdf" }, "document"],
    input_audio: [{ input_audio: { data, format: "wav" } }, "refused"],
  };
  checkAll("openai-responses", parts, sayInput, "input[1].content[0]");
  it("input_file that was uploaded is left out by its path", () =>
    check("openai-responses", sayInput({ type: "input_file", file_id: "f" }), "input[1].content[0]", "left out"));
  it("input_image that was uploaded is left out by its path", () =>
    check("openai-responses", sayInput({ type: "input_image", file_id: "f" }), "input[1].content[0]", "left out"));
});

const answerInput = (part: object) => ({
  model: "m",
  input: [hi, { type: "message", role: "assistant", content: [part] }],
});

describe("of the answers in a Responses request, a part of type", () => {
  const parts: Kinds<OpenAI.Responses.ResponseOutputMessage["content"][number]["type"]> = {
    output_text: [{ text: "x", annotations: [] }, "text"],
    refusal: [{ refusal: "no" }, "text"],
  };
  checkAll("openai-responses", parts, answerInput, "input[1].content[0]");
});

const blocks: Kinds<Beta["type"]> = {
  text: [{ text: "x" }, "text"],
  image: [{ source: { type: "base64", media_type: "image/png", data } }, "image"],
  document: [{ source: { type: "text", media_type: "text/plain", data: "x" } }, "document"],
  search_result: [{ source: "s", title: "t", content: [{ type: "text", text: "x" }] }, "document"],
  thinking: [{ thinking: "hm", signature: "s" }, "reasoning"],
  redacted_thinking: [{ data: "d" }, "reasoning"],
  tool_use: [{ id: "c", name: "f", input: {} }, "tool-call"],
  tool_result: [{ tool_use_id: "c", content: "x" }, "tool"],
  compaction: [{ content: "What was said so far." }, "text"],
  server_tool_use: [{ id: "c", name: "web_search", input: {} }, "left out"],
  web_search_tool_result: [{ tool_use_id: "c", content: [] }, "left out"],
  web_fetch_tool_result: [{ tool_use_id: "c", content: {} }, "left out"],
  advisor_tool_result: [{ tool_use_id: "c", content: {} }, "left out"],
  code_execution_tool_result: [{ tool_use_id: "c", content: {} }, "left out"],
  bash_code_execution_tool_result: [{ tool_use_id: "c", content: {} }, "left out"],
  text_editor_code_execution_tool_result: [{ tool_use_id: "c", content: {} }, "left out"],
  tool_search_tool_result: [{ tool_use_id: "c", content: {} }, "left out"],
  mcp_tool_use: [{ id: "c", name: "f", input: {}, server_name: "s" }, "left out"],
  mcp_tool_result: [{ tool_use_id: "c", content: "x" }, "left out"],
  mcp_tool_listing: [{}, "left out"],
  container_upload: [{ file_id: "f" }, "left out"],
  tool_addition: [{ tool: {} }, "left out"],
  tool_removal: [{ tool: {} }, "left out"],
  fallback: [{}, "left out"],
};

/** The role whose turns hold the block. */
function sayBlock(block: object): object {
  const type = (block as { readonly type: Beta["type"] }).type;
  const isUser = ["image", "document", "search_result", "tool_result", "container_upload"].includes(type);
  const role = type.startsWith("tool_addition") || type === "tool_removal" ? "system" : isUser ? "user" : "assistant";
  return { model: "m", max_tokens: 9, messages: [hi, { role, content: [block] }, hi] };
}

describe("of the messages of a Messages request, a block of type", () => {
  checkAll("anthropic-messages", blocks, sayBlock, "messages[1].content[0]");
  it("compaction without a summary is left out by its path", () =>
    check("anthropic-messages", sayBlock({ type: "compaction", content: null }), "messages[1].content[0]", "left out"));
});

const answerTool = (block: object) => sayBlock({ type: "tool_result", tool_use_id: "c", content: [block] });

describe("of a tool's result in a Messages request, a block of type", () => {
  type ResultBlock = Exclude<Anthropic.ToolResultBlockParam["content"], string | undefined>[number]["type"];
  const { text, image, document, search_result } = blocks;
  const results: Kinds<ResultBlock> = {
    text,
    image,
    document,
    search_result,
    tool_reference: [{ tool_name: "f" }, "text"],
    browser_state: [{ tabs: [] }, "left out"],
  };
  checkAll("anthropic-messages", results, answerTool, "messages[1].content[0].content[0]");
});

const sayPart = (part: object) => ({ model: "m", messages: [hi, { role: "user", content: [part] }] });

describe("of a message in a Chat Completions request, a part of type", () => {
  const parts: Kinds<OpenAI.ChatCompletionContentPart["type"]> = {
    text: [{ text: "x" }, "text"],
    image_url: [{ image_url: { url: png } }, "image"],
    input_audio: [{ input_audio: { data, format: "wav" } }, "refused"],
    file: [{ file: { file_data: `data:application/pdf;base64,${data}` } }, "document"],
  };
  checkAll("openai-chat", parts, sayPart, "messages[1].content[0]");
  it("file that was uploaded is left out by its path", () =>
    check("openai-chat", sayPart({ type: "file", file: { file_id: "f" } }), "messages[1].content[0]", "left out"));
});

const answerChat = (answer: object) => ({ model: "m", messages: [hi, { role: "assistant", ...answer }] });

describe("of an answer in a Chat Completions request", () => {
  const calls: Kinds<OpenAI.ChatCompletionMessageToolCall["type"]> = {
    function: [{ id: "c", function: { name: "f", arguments: "{}" } }, "tool-call"],
    custom: [{ id: "c", custom: { name: "f", input: "x" } }, "tool-call"],
  };
  const parts: Kinds<OpenAI.ChatCompletionContentPartText["type"] | OpenAI.ChatCompletionContentPartRefusal["type"]> = {
    text: [{ text: "x" }, "text"],
    refusal: [{ refusal: "no" }, "text"],
  };
  checkAll("openai-chat", calls, (call) => answerChat({ tool_calls: [call] }), "messages[1].tool_calls[0]");
  checkAll("openai-chat", parts, (part) => answerChat({ content: [part] }), "messages[1].content[0]");
});
