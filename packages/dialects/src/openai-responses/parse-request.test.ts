import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { AppError } from "@auxot/wire/errors";
import { check } from "../../test/arbitraries.ts";
import { parse, refuses } from "../../test/request-checks.ts";

const name = "openai-responses";
const base = { model: "m", input: "hi" };
const png = "data:image/png;base64,AAAA";
const hi = { role: "user", content: [{ type: "text", text: "hi" }] };

const read = (...input: unknown[]) => parse(name, { model: "m", input }).messages;
const say = (part: object) => ({ model: "m", input: [{ role: "user", content: [part] }] });
const add = (item: object) => ({
  model: "m",
  input: [
    { type: "additional_tools", ...item },
    { role: "user", content: "hi" },
  ],
});
const use = (tool: object) => ({ ...base, tools: [tool] });

describe("a Responses request", () => {
  it("lists what of tools, reasoning and text has no word in other formats", () => {
    const reasoning = { effort: "low", context: "all_turns", mode: "pro" };
    const tools = [{ type: "function", name: "f", parameters: null, strict: true, async: true, defer_loading: true }];
    const { unknownFields } = parse(name, { model: "m", input: "hi", reasoning, text: { tone: "dry" }, tools });
    assert.deepEqual(unknownFields, ["tools[0].async", "text.tone", "reasoning.context", "reasoning.mode"]);
  });

  it("gives its fields in our words", () => {
    const { original, ...fields } = parse(name, {
      ...base,
      instructions: "be brief",
      max_output_tokens: 7,
      temperature: 0.5,
      top_p: 1,
      parallel_tool_calls: false,
      reasoning: { effort: "xhigh", summary: "auto" },
      text: { format: { type: "json_schema", name: "a", schema: { type: "object" }, strict: true }, verbosity: "low" },
      include: ["reasoning.encrypted_content"],
      prompt_cache_key: "k",
      safety_identifier: "u2",
      user: "u1",
      metadata: { run: "7" },
      truncation: "disabled",
      store: true,
      stream: true,
    });
    assert.deepEqual(fields, {
      model: "m",
      messages: [{ role: "system", content: [{ type: "text", text: "be brief" }] }, hi],
      tools: [],
      parallelToolCalls: false,
      maxOutputTokens: 7,
      temperature: 0.5,
      topP: 1,
      responseFormat: { type: "json-schema", name: "a", schema: { type: "object" }, strict: true },
      verbosity: "low",
      reasoning: { effort: "xhigh", summary: "auto" },
      promptCacheKey: "k",
      endUser: "u2",
      stream: true,
    });
    assert.deepEqual(original?.echo?.["metadata"], { run: "7" });
    assert.equal(original?.echo?.["store"], undefined);
  });

  it("keeps its bytes for the passthrough lane", () => {
    assert.equal(Buffer.from(parse(name, base).original?.body ?? []).toString(), JSON.stringify(base));
  });

  it("takes input as a string, and items without a type, in all four roles", () => {
    assert.deepEqual(parse(name, base).messages, [hi]);
    assert.deepEqual(
      read(
        { role: "developer", content: "a" },
        { role: "system", content: [{ type: "input_text", text: "b" }] },
        { type: "message", role: "user", content: "hi" },
        { role: "assistant", content: "c" },
      ),
      [
        { role: "system", content: [{ type: "text", text: "a" }] },
        { role: "system", content: [{ type: "text", text: "b" }] },
        hi,
        { role: "assistant", content: [{ type: "text", text: "c" }] },
      ],
    );
  });

  it("takes an empty input next to instructions, as probes send it", () => {
    assert.equal(parse(name, { model: "m", input: [], instructions: "x" }).messages.length, 1);
  });

  it("reads images and files by data and by URL", () => {
    const [message] = read({
      role: "user",
      content: [
        { type: "input_image", image_url: png, detail: "original" },
        { type: "input_image", image_url: "https://a.test/x" },
        { type: "input_file", filename: "a.pdf", file_data: "JVBERg==" },
        { type: "input_file", file_url: "https://a.test/b.pdf" },
      ],
    });
    assert.deepEqual(message?.content, [
      { type: "image", source: { type: "base64", mediaType: "image/png", data: "AAAA" }, detail: "high" },
      { type: "image", source: { type: "url", url: "https://a.test/x" } },
      { type: "document", source: { type: "base64", mediaType: "application/pdf", data: "JVBERg==" }, name: "a.pdf" },
      { type: "document", source: { type: "url", url: "https://a.test/b.pdf" } },
    ]);
  });

  it("makes one assistant turn of what a model wrote in a row, then one tool message for each output", () => {
    const messages = read(
      { role: "user", content: "hi" },
      { type: "reasoning", id: "rs_1", summary: [{ type: "summary_text", text: "hm" }], encrypted_content: "gAAA" },
      { type: "message", role: "assistant", content: [{ type: "output_text", text: "a", annotations: [] }] },
      { type: "function_call", id: "fc_1", call_id: "c1", name: "f", arguments: "" },
      { type: "function_call", call_id: "c2", name: "g", arguments: '{"x":1}' },
      { type: "function_call_output", call_id: "c1", output: "one" },
      { type: "function_call_output", call_id: "c2", output: [{ type: "input_image", image_url: png }] },
      { role: "assistant", content: [{ type: "refusal", refusal: "no" }] },
    );
    assert.deepEqual(messages, [
      hi,
      {
        role: "assistant",
        content: [
          { type: "reasoning", text: "hm", signature: "rs_1:gAAA" },
          { type: "text", text: "a" },
          { type: "tool-call", id: "c1", name: "f", arguments: "{}" },
          { type: "tool-call", id: "c2", name: "g", arguments: '{"x":1}' },
        ],
      },
      { role: "tool", callId: "c1", content: [{ type: "text", text: "one" }] },
      {
        role: "tool",
        callId: "c2",
        content: [{ type: "image", source: { type: "base64", mediaType: "image/png", data: "AAAA" } }],
      },
      { role: "assistant", content: [{ type: "text", text: "no", refusal: true }] },
    ]);
  });

  it("reads reasoning with an empty summary, with several, and with its own text", () => {
    const [turn] = read(
      { type: "reasoning", id: "rs_1", summary: [], encrypted_content: "a" },
      {
        type: "reasoning",
        summary: [
          { type: "summary_text", text: "b" },
          { type: "summary_text", text: "c" },
        ],
      },
      { type: "reasoning", summary: [], content: [{ type: "reasoning_text", text: "d" }], encrypted_content: null },
      { type: "reasoning", id: "rs_2", summary: [] },
    );
    assert.deepEqual(turn?.content, [
      { type: "reasoning", text: "", signature: "rs_1:a" },
      { type: "reasoning", text: "b\n\nc" },
      { type: "reasoning", text: "d" },
    ]);
  });

  it("makes a function with one string of a custom tool, and one name of a namespace's tools", () => {
    const format = { type: "grammar", syntax: "lark", definition: "start: WORD" };
    const { tools, messages } = parse(name, {
      model: "m",
      input: [
        { type: "custom_tool_call", call_id: "c1", name: "patch", input: 'a "b"' },
        { type: "custom_tool_call_output", call_id: "c1", output: "done" },
        { type: "function_call", call_id: "c2", name: "find", namespace: "mcp__docs__", arguments: "{}" },
      ],
      tools: [
        { type: "custom", name: "patch", description: "edits", format },
        {
          type: "namespace",
          name: "mcp__docs__",
          description: "docs",
          tools: [{ type: "function", name: "find", parameters: { type: "object" }, strict: false }],
        },
      ],
    });
    const [patch, find] = tools;
    assert.match(JSON.stringify(patch?.parameters), /lark grammar:\\nstart: WORD/);
    assert.deepEqual(patch?.custom, { format });
    assert.deepEqual(find, {
      name: "mcp__docs__find",
      parameters: { type: "object" },
      strict: false,
      namespace: { name: "mcp__docs__", toolName: "find", description: "docs" },
    });
    assert.deepEqual(
      messages.map(({ content }) => content[0]),
      [
        { type: "tool-call", id: "c1", name: "patch", arguments: '{"input":"a \\"b\\""}' },
        { type: "text", text: "done" },
        { type: "tool-call", id: "c2", name: "mcp__docs__find", arguments: "{}" },
      ],
    );
  });

  it("takes the tools that come as an item of the input, as Codex sends them for newer models", () => {
    const { tools, messages, unknownFields } = parse(name, {
      model: "m",
      input: [
        {
          type: "additional_tools",
          role: "developer",
          tools: [
            { type: "namespace", name: "functions", tools: [{ type: "custom", name: "exec" }] },
            { type: "function", name: "wait", description: "new" },
            { type: "web_search" },
          ],
        },
        { role: "user", content: "Hi" },
      ],
      tools: [{ type: "function", name: "wait", description: "old" }],
    });
    assert.deepEqual(
      tools.map((tool) => [tool.name, tool.description, tool.namespace?.name]),
      [
        ["functions__exec", undefined, "functions"],
        ["wait", "new", undefined],
      ],
    );
    assert.equal(messages.length, 1);
    assert.deepEqual(unknownFields, ["input[0].tools[2]"]);
  });

  it("gives long names of namespaces one that every vendor takes, always the same", () => {
    const tool = {
      type: "namespace",
      name: "a.b".repeat(30),
      tools: ["x", "y"].map((own) => ({ type: "function", name: own })),
    };
    const names = parse(name, use(tool)).tools.map((flat) => flat.name);
    assert.deepEqual(
      names,
      parse(name, use(tool)).tools.map((flat) => flat.name),
    );
    assert.equal(new Set(names).size, 2);
    for (const flat of names) assert.match(flat, /^[\w-]{1,64}$/);
  });

  it("lists tools, items and fields only OpenAI understands and never refuses them", () => {
    const request = parse(name, {
      model: "m",
      input: [
        { role: "user", content: [{ type: "input_file", file_id: "file-1" }, { type: "input_hologram" }] },
        { type: "web_search_call", id: "ws_1", status: "completed" },
        { type: "local_shell_call", call_id: "c", action: {} },
        { type: "compaction", encrypted_content: "x" },
      ],
      tools: [
        { type: "web_search" },
        { type: "function", name: "f" },
        { type: "namespace", name: "n", tools: [{ type: "x" }] },
      ],
      tool_choice: { type: "web_search" },
      include: ["web_search_call.action.sources"],
      truncation: "auto",
      client_metadata: { a: 1 },
    });
    assert.deepEqual(request.unknownFields, [
      "client_metadata",
      "truncation",
      "include[0]",
      "input[0].content[0]",
      "input[0].content[1]",
      "input[1]",
      "input[2]",
      "input[3]",
      "tools[0]",
      "tools[2].tools[0]",
      "tool_choice",
    ]);
    assert.deepEqual(
      request.tools.map((tool) => tool.name),
      ["f"],
    );
  });

  it("reads every form of tool_choice", () => {
    const tools = [
      { type: "function", name: "a" },
      { type: "custom", name: "b" },
      { type: "namespace", name: "n", tools: [{ type: "function", name: "c" }] },
    ];
    const choose = (tool_choice: unknown) => parse(name, { ...base, tools, tool_choice });
    assert.deepEqual(choose("required").toolChoice, { type: "required" });
    assert.deepEqual(choose({ type: "function", name: "a" }).toolChoice, { type: "tool", name: "a" });
    assert.deepEqual(choose({ type: "custom", name: "b" }).toolChoice, { type: "tool", name: "b" });
    const inNamespace = choose({ type: "function", name: "c", namespace: "n" });
    assert.deepEqual(inNamespace.toolChoice, { type: "tool", name: "n__c" });
    const allowed = [{ type: "custom", name: "b" }, { type: "namespace", name: "n" }, { type: "mcp" }];
    const filtered = choose({ type: "allowed_tools", mode: "auto", tools: allowed });
    assert.deepEqual(
      filtered.tools.map((tool) => tool.name),
      ["b", "n__c"],
    );
    assert.deepEqual(filtered.toolChoice, { type: "auto" });
  });

  it("is refused with its own code when it builds on a response that is not stored", () => {
    assert.throws(
      () => parse(name, { ...base, previous_response_id: "resp_1" }),
      (error) =>
        error instanceof AppError &&
        error.code === "previous_response_not_found" &&
        error.param === "previous_response_id" &&
        /"resp_1".*not stored/.test(error.message),
    );
  });

  const call = { type: "function_call", call_id: "c", name: "f", arguments: "{}" };
  const bad: [param: string, body: unknown, message?: RegExp][] = [
    ["model", { input: "hi" }, /got nothing/],
    ["input", { model: "m" }, /a string or an array of items, got nothing/],
    ["input", { model: "m", input: [{ type: "web_search_call", id: "ws_1" }] }, /at least one message/],
    ["input", { model: "m", input: 5 }],
    ["input[0]", { model: "m", input: ["hi"] }],
    ["input[0].type", { model: "m", input: [{ type: 5 }] }],
    ["input[0].role", { model: "m", input: [{}] }, /one of user, assistant, system, developer, got nothing/],
    ["input[0].content", { model: "m", input: [{ role: "user" }] }],
    ["input[0].role", add({ tools: [] }), /developer/],
    ["input[0].tools", add({ role: "developer" })],
    ["input[0].tools[0].name", add({ role: "developer", tools: [{ type: "function" }] })],
    ["input[0].content[0].type", say({ text: "x" })],
    ["input[0].content[0].text", say({ type: "input_text" })],
    ["input[0].content[0]", say({ type: "input_audio" }), /audio/],
    ["input[0].content[0].image_url", say({ type: "input_image" })],
    ["input[0].content[0].image_url", say({ type: "input_image", image_url: "file:///etc/passwd" })],
    ["input[0].content[0].image_url", say({ type: "input_image", image_url: png.replace("image/png", "text/html") })],
    ["input[0].content[0].file_data", say({ type: "input_file", filename: "a" })],
    ["input[0].content[0].file_url", say({ type: "input_file", file_url: "ftp://a" })],
    ["input[0].content[0].type", { model: "m", input: [{ role: "assistant", content: [{ type: "input_image" }] }] }],
    ["input[0].call_id", { model: "m", input: [{ ...call, call_id: undefined }] }],
    ["input[0].name", { model: "m", input: [{ ...call, name: "" }] }],
    ["input[0].arguments", { model: "m", input: [{ ...call, arguments: {} }] }],
    ["input[0].input", { model: "m", input: [{ ...call, type: "custom_tool_call" }] }],
    ["input[0].output", { model: "m", input: [{ type: "function_call_output", call_id: "c" }] }],
    ["input[2].content[0].text", { model: "m", input: [hi, call, say({ type: "input_text", text: 1 }).input[0]] }],
    ["input[0].summary[0].text", { model: "m", input: [{ type: "reasoning", summary: [{ type: "summary_text" }] }] }],
    ["input[0].encrypted_content", { model: "m", input: [{ type: "reasoning", summary: [], encrypted_content: 1 }] }],
    ["input[0]", { model: "m", input: [{ type: "item_reference", id: "msg_1" }] }, /send the item itself/],
    ["input[0]", { model: "m", input: [{ id: "msg_1" }] }, /send the item itself/],
    ["instructions", { ...base, instructions: ["x"] }],
    ["background", { ...base, background: true }, /not supported/],
    ["conversation", { ...base, conversation: "conv_1" }],
    ["prompt", { ...base, prompt: { id: "pmpt_1" } }],
    ["store", { ...base, store: "yes" }],
    ["metadata", { ...base, metadata: [] }],
    ["metadata.a", { ...base, metadata: { a: 1 } }],
    ["truncation", { ...base, truncation: "some" }],
    ["include", { ...base, include: "x" }],
    ["include[0]", { ...base, include: [1] }],
    ["temperature", { ...base, temperature: 2.5 }, /from 0 to 2/],
    ["max_output_tokens", { ...base, max_output_tokens: 0 }],
    ["stream", { ...base, stream: "yes" }],
    ["stream_options", { ...base, stream_options: 1 }],
    ["text.format.type", { ...base, text: { format: {} } }],
    ["text.format.name", { ...base, text: { format: { type: "json_schema", schema: {} } } }],
    ["text.format.schema", { ...base, text: { format: { type: "json_schema", name: "x" } } }],
    ["text.verbosity", { ...base, text: { verbosity: "loud" } }],
    ["reasoning.effort", { ...base, reasoning: { effort: "huge" } }],
    ["reasoning.summary", { ...base, reasoning: { summary: "huge" } }],
    ["tools", { ...base, tools: {} }],
    ["tools[0].type", use({})],
    ["tools[0].name", use({ type: "function" })],
    ["tools[0].parameters", use({ type: "function", name: "f", parameters: "x" })],
    ["tools[0].strict", use({ type: "function", name: "f", strict: 1 })],
    ["tools[0].format", use({ type: "custom", name: "f", format: "lark" })],
    ["tools[0].tools", use({ type: "namespace", name: "n" })],
    ["tools[0].tools[0].name", use({ type: "namespace", name: "n", tools: [{ type: "function" }] })],
    ["tool_choice", { ...base, tool_choice: "any" }],
    ["tool_choice.type", { ...base, tool_choice: {} }],
    ["tool_choice.name", { ...base, tool_choice: { type: "function" } }],
    ["tool_choice.mode", { ...base, tool_choice: { type: "allowed_tools", tools: [] } }],
    ["tool_choice.tools", { ...base, tool_choice: { type: "allowed_tools", mode: "auto" } }],
    ["prompt_cache_key", { ...base, prompt_cache_key: 1 }],
    ["user", { ...base, user: 1 }],
  ];
  for (const [param, body, message] of bad) {
    it(`is refused for a bad ${param} of ${JSON.stringify(body)}`.slice(0, 150), () =>
      refuses(name, body, param, message),
    );
  }

  it("is refused when it is nested without end", () => {
    const schema = JSON.parse(`${'{"a":'.repeat(300)}1${"}".repeat(300)}`);
    refuses(name, use({ type: "function", name: "f", parameters: schema }), "tools[0].parameters");
    refuses(name, use({ type: "custom", name: "f", format: schema }), "tools[0].format");
  });

  it("is read or refused, never anything else, whatever stands in it", () => {
    const keys = "input tools tool_choice text reasoning role content type name call_id output summary format".split(
      " ",
    );
    const words = "m user message input_text function custom namespace reasoning function_call".split(" ");
    const anything = fc.object({
      key: fc.constantFrom(...keys),
      maxDepth: 5,
      values: [fc.constantFrom(...words, null, 1, true)],
    });
    check(anything, (body) => {
      try {
        parse(name, { model: "m", ...body });
      } catch (error) {
        assert.ok(error instanceof AppError && error.code === "invalid_request", String(error));
      }
    });
  });
});
