import assert from "node:assert/strict";
import { test } from "node:test";
import { AppError } from "@auxot/wire/errors";
import { createAnswerReader } from "./answer-reader.ts";
import { createBackgroundEncoder } from "./encode-stream.ts";
import type { History } from "./parse-items.ts";
import { parseRequest } from "./parse-request.ts";
import { completeRequest, readDraft } from "./request-draft.ts";
import { buildKeptInput } from "./stored-items.ts";

const nothing: History = { previous: [], items: new Map() };

function draft(fields: object) {
  return readDraft(Buffer.from(JSON.stringify({ model: "m", input: "Hi", ...fields })));
}

function complete(fields: object, history: Partial<History> = {}, passesTo?: readonly string[]) {
  const lookup = { history: { ...nothing, ...history }, stores: true, ...(passesTo === undefined ? {} : { passesTo }) };
  return completeRequest(draft(fields), lookup);
}

test("a draft tells what a request says of the store, whose default is to keep", () => {
  assert.deepEqual(
    [draft({}).store, draft({ store: null }).store, draft({ store: false }).store, draft({}).background],
    [true, true, false, false],
  );
  const named = draft({
    previous_response_id: "resp_1",
    input: [
      { type: "item_reference", id: "a" },
      { id: "b" },
      { type: "item_reference", id: "a" },
      { role: "user", id: "c", content: "x" },
      { type: 7, id: "d" },
      7,
    ],
  });
  assert.deepEqual([named.previousResponseId, named.itemIds], ["resp_1", ["a", "b"]]);
});

test("a request that names nothing reads the same with and without a store", () => {
  const fields = { instructions: "Be brief.", input: [{ role: "user", content: "Hi" }], metadata: { a: "b" } };
  const { original: alone, ...request } = parseRequest(Buffer.from(JSON.stringify({ model: "m", ...fields })));
  const { original, ...completed } = complete(fields);
  assert.deepEqual(completed, request);
  assert.deepEqual(original?.echo, {
    ...alone?.echo,
    store: true,
    background: false,
    previous_response_id: null,
  });
  assert.equal(original?.passesTo, undefined, "its bytes may pass anywhere");
});

test("history stands between the instructions and the input; what only its provider understands is reported", () => {
  const previous = [
    { type: "message", role: "user", content: [{ type: "input_text", text: "One" }], id: "msg_1" },
    { type: "web_search_call", id: "ws_1" },
    { type: "message", role: "assistant", content: [{ type: "output_text", text: "Eins" }], id: "msg_2" },
  ];
  const request = complete({ instructions: "Rule", previous_response_id: "resp_1" }, { previous }, ["openai"]);
  assert.deepEqual(
    request.messages.map(({ role, content }) => [role, ...content.map((part) => ("text" in part ? part.text : ""))]),
    [
      ["system", "Rule"],
      ["user", "One"],
      ["assistant", "Eins"],
      ["user", "Hi"],
    ],
  );
  assert.deepEqual(request.unknownFields, ["web_search_call of previous_response_id"]);
  assert.deepEqual(request.original?.passesTo, ["openai"]);
  assert.equal(request.original?.echo?.["previous_response_id"], "resp_1");
});

test("faults of a request are named by its own fields, whatever stands before it", () => {
  const previous = [{ type: "message", role: "user", content: "One" }];
  for (const [fields, param] of [
    [{ input: [{ role: "user", content: "a" }, { role: "x" }] }, "input[1].role"],
    [{ input: 7 }, "input"],
    [{ input: [{ type: "item_reference", id: "msg_x" }] }, "input[0]"],
  ] as const) {
    assert.throws(
      () => complete(fields, { previous }),
      (error: unknown) => error instanceof AppError && error.param === param,
    );
  }
});

test("input is kept item by item with ids, named items resolved and not counted as its own", () => {
  let made = 0;
  const known = { id: "msg_old", type: "message", role: "assistant", content: [] };
  const kept = buildKeptInput(
    draft({
      input: [
        { role: "user", content: "a" },
        { role: "assistant", content: "b", id: "msg_given" },
        { type: "item_reference", id: "msg_old" },
        { type: "function_call", call_id: "c", name: "n", arguments: "{}" },
        { type: "function_call_output", call_id: "c", output: "x", id: "" },
        { type: "something_new", z: 1 },
      ],
    }),
    { previous: [], items: new Map([["msg_old", known]]) },
    (prefix) => `${prefix}${++made}`,
  );
  assert.deepEqual(
    kept.items.map(({ id, type }) => [id, type]),
    [
      ["msg_1", "message"],
      ["msg_given", "message"],
      ["msg_old", "message"],
      ["fc_2", "function_call"],
      ["fco_3", "function_call_output"],
      ["item_4", "something_new"],
    ],
  );
  assert.deepEqual(kept.ownIds, ["msg_1", "msg_given", "fc_2", "fco_3", "item_4"]);
  assert.deepEqual(kept.items[1]?.["content"], [{ type: "output_text", annotations: [], logprobs: [], text: "b" }]);
  assert.equal(kept.items[4]?.["output"], "x");
});

test("an answer is read off a stream cut at any frame, also where the last event leaves the items out", () => {
  const item = { id: "msg_1", type: "message", note: 'a "response.completed" inside' };
  const frames = [
    `event: response.created\r\ndata: {"type":"response.created","response":{"id":"resp_1","output":[]}}\r\n\r\n`,
    `data: {"type":"response.output_item.done","item":${JSON.stringify(item)}}\n\n`,
    `: ping\n\n`,
    `data: {"type":"response.completed","response":{"id":"resp_1","status":"completed","store":false,"output":[],"n":12345678901234567890}}\n\n`,
  ];
  for (const parts of [frames, [frames.join("")]]) {
    const reader = createAnswerReader();
    for (const part of parts) reader.pushFrames(Buffer.from(part));
    const answer = reader.result();
    assert.deepEqual(
      [answer?.id, answer?.status, answer?.store, answer?.outputIds],
      ["resp_1", "completed", false, ["msg_1"]],
    );
    assert.match(answer?.response ?? "", /"n":12345678901234567890/);
  }
  const reader = createAnswerReader();
  reader.pushFrames(frames.slice(0, 3).join(""));
  assert.equal(reader.result(), undefined, "not over");
  reader.pushBody(Buffer.from(`{"status":"completed","output":[]}`));
  assert.equal(reader.result(), undefined, "no id");
});

test("an answer in the background is queued before it begins, and its events are counted on", () => {
  const request = complete({ background: true }, {}, []);
  const meta = { id: "resp_1", createdAt: 1, model: "auto", includeUsage: false, requestId: "req_1", request };
  const encoder = createBackgroundEncoder(meta);
  assert.match(
    encoder.queue(),
    /"response.created","sequence_number":0,.*"status":"queued".*"response.queued","sequence_number":1/s,
  );
  encoder.place("the-model");
  const begun = encoder.encode([{ type: "start" }]);
  assert.match(
    begun,
    /^event: response.in_progress\ndata: \{"type":"response.in_progress","sequence_number":2,[^\n]*\n\n$/,
  );
  assert.match(begun, /"model":"the-model"/);
  assert.match(begun, /"background":true/);
  encoder.encode([
    { type: "text-start", index: 0 },
    { type: "text-delta", index: 0, text: "a" },
    { type: "text-end", index: 0 },
    { type: "tool-call-start", index: 1, id: "c", name: "n" },
  ]);
  const cancelled = JSON.parse(encoder.snapshot("cancelled")) as { status: string; output: { type: string }[] };
  assert.deepEqual([cancelled.status, cancelled.output.map(({ type }) => type)], ["cancelled", ["message"]]);
  assert.equal(encoder.outputIds().length, 1);
});
