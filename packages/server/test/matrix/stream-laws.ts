// What every stream of a vendor's format keeps to, whatever it says: the order of its events, checked on raw bytes.

import assert from "node:assert/strict";
import type { DialectName } from "@auxot/wire/chat";

/** A frame's data, as the JSON parser types it. */
export type Frame = ReturnType<typeof JSON.parse>;

export type StreamEnd = "clean" | "error";

const laws: Readonly<Record<DialectName, (frames: readonly RawFrame[], end: StreamEnd) => void>> = {
  "openai-chat": checkChat,
  "openai-responses": checkResponses,
  "anthropic-messages": checkMessages,
};

type RawFrame = { readonly event: string | undefined; readonly data: string };

/** Throws an assertion that names the law a stream breaks. */
export function checkStream(dialect: DialectName, text: string, end: StreamEnd): void {
  assert.ok(text.endsWith("\n\n"), "a stream ends with a whole frame");
  laws[dialect](splitFrames(text), end);
}

/** Every frame's JSON, `[DONE]` left out. */
export function readFrames(text: string): Frame[] {
  return splitFrames(text)
    .filter(({ data }) => data !== "[DONE]")
    .map(({ data }) => JSON.parse(data));
}

function splitFrames(text: string): RawFrame[] {
  const frames: RawFrame[] = [];
  for (const block of text.split(/\r?\n\r?\n/)) {
    const lines = block.split(/\r?\n/).filter((line) => line !== "" && !line.startsWith(":"));
    if (lines.length === 0) continue;
    const data = lines.filter((line) => line.startsWith("data:")).map((line) => line.slice(5).trimStart());
    const event = lines
      .find((line) => line.startsWith("event:"))
      ?.slice(6)
      .trim();
    frames.push({ event, data: data.join("\n") });
  }
  return frames;
}

/** https://platform.openai.com/docs/api-reference/chat-streaming, asked with include_usage. */
function checkChat(raw: readonly RawFrame[], end: StreamEnd): void {
  const done = raw.filter(({ data }) => data === "[DONE]").length;
  assert.equal(done, end === "clean" ? 1 : 0, "[DONE] comes once after a clean end and never after an error");
  if (end === "clean") assert.equal(raw.at(-1)?.data, "[DONE]", "[DONE] is last");
  assert.ok(
    raw.every(({ event }) => event === undefined),
    "chunks have no event name",
  );
  const frames: Frame[] = raw.filter(({ data }) => data !== "[DONE]").map(({ data }) => JSON.parse(data));
  if (end === "error") assert.ok(frames.at(-1).error.message !== "", "the last frame tells the error");
  const chunks = frames.filter((frame) => frame.error === undefined);
  assert.equal(frames.length - chunks.length, end === "error" ? 1 : 0);
  for (const key of ["id", "created", "model", "object"])
    assert.equal(new Set(chunks.map((chunk) => chunk[key])).size, 1, `${key} is the same in every chunk`);
  const choices: Frame[] = chunks.flatMap((chunk) => chunk.choices);
  const roles = choices.map((choice, at) => (choice.delta.role === undefined ? -1 : at)).filter((at) => at >= 0);
  assert.deepEqual(roles, [0], "the role comes once and first");
  const finishes = choices.flatMap((choice, at) => (choice.finish_reason === null ? [] : [at]));
  assert.deepEqual(finishes, end === "clean" ? [choices.length - 1] : [], "one finish_reason, on the last choice");
  const usages = chunks.flatMap((chunk, at) => (chunk.usage === null ? [] : [at]));
  assert.deepEqual(usages, end === "clean" ? [chunks.length - 1] : [], "usage comes once and last; before it is null");
  if (end === "clean") assert.deepEqual(chunks.at(-1).choices, [], "the usage chunk has no choices");
  checkCallFragments(choices.flatMap((choice) => choice.delta.tool_calls ?? []));
}

function checkCallFragments(fragments: readonly Frame[]): void {
  const seen = new Set<number>();
  for (const { index, id, function: target } of fragments) {
    if (seen.has(index)) {
      assert.equal(id, undefined, "only a call's first fragment has its id");
      assert.equal(target.name, undefined, "only a call's first fragment has its name");
      continue;
    }
    assert.equal(index, seen.size, "calls are numbered from 0 without a gap");
    assert.ok(id !== "" && target.name !== "", "a call's first fragment names it");
    seen.add(index);
  }
}

const endTypes: ReadonlySet<string> = new Set(["completed", "incomplete", "failed"]);
const responseFields =
  "id object created_at status background completed_at error incomplete_details instructions max_output_tokens " +
  "max_tool_calls model output parallel_tool_calls previous_response_id prompt_cache_key reasoning safety_identifier " +
  "service_tier store temperature text tool_choice tools top_logprobs top_p truncation usage user metadata";

/** https://platform.openai.com/docs/api-reference/responses-streaming */
function checkResponses(raw: readonly RawFrame[], end: StreamEnd): void {
  const frames: Frame[] = raw.map(({ event, data }, at) => {
    const frame = JSON.parse(data);
    assert.equal(event, frame.type, "the event's name is its data's type");
    assert.equal(frame.sequence_number, at, "sequence numbers count from 0 without a gap");
    return frame;
  });
  const types = frames.map((frame) => frame.type.replace("response.", ""));
  assert.deepEqual(types.slice(0, 2), ["created", "in_progress"]);
  assert.deepEqual(
    types.flatMap((type, at) => (endTypes.has(type) ? [at] : [])),
    [types.length - 1],
    "one end, and last",
  );
  assert.equal(types.at(-1) === "failed", end === "error");
  const final = frames.at(-1).response;
  for (const field of responseFields.split(" ")) assert.ok(field in final, `the response has ${field}`);
  const status = types.at(-1);
  assert.equal(final.status, status);
  assert.equal(final.error === null, end === "clean", "a response tells an error when it failed, and only then");
  const items = checkItems(frames.filter((frame) => "output_index" in frame));
  if (end === "clean") assert.deepEqual(final.output, items, "the response holds the items as they were closed");
}

/** Each item: added, its parts opened, told and closed, done. Gives the done items. */
function checkItems(frames: readonly Frame[]): Frame[] {
  const items: { id: string; done?: Frame; deltas: Map<string, string>; open: Set<string> }[] = [];
  for (const frame of frames) {
    const type: string = frame.type.replace("response.", "");
    if (type === "output_item.added") {
      assert.equal(frame.output_index, items.length, "items are numbered from 0 without a gap");
      items.push({ id: frame.item.id, deltas: new Map(), open: new Set() });
      continue;
    }
    const item = items[frame.output_index];
    assert.ok(item !== undefined && item.done === undefined, `${type} belongs to an open item`);
    if (type === "output_item.done") {
      assert.equal(frame.item.id, item.id);
      assert.equal(item.open.size, 0, "an item's parts are closed before it");
      item.done = frame.item;
      continue;
    }
    assert.equal(frame.item_id, item.id, `${type} names its item`);
    const part = `${frame.content_index ?? ""}/${frame.summary_index ?? ""}`;
    if (type.endsWith("part.added")) item.open.add(part);
    else if (type.endsWith("part.done")) assert.ok(item.open.delete(part), "a part was open");
    else if (type.endsWith(".delta")) {
      assert.ok(part === "/" || item.open.has(part), `${type} belongs to an open part`);
      item.deltas.set(part, (item.deltas.get(part) ?? "") + frame.delta);
    } else if (type.endsWith(".done")) {
      const whole = frame.text ?? frame.refusal ?? frame.arguments ?? frame.input;
      assert.equal(whole, item.deltas.get(part), `${type} repeats what was told`);
    }
  }
  return items.flatMap(({ done }) => (done === undefined ? [] : [done]));
}

const deltaTypes: Readonly<Record<string, readonly string[]>> = {
  text: ["text_delta"],
  thinking: ["thinking_delta", "signature_delta"],
  tool_use: ["input_json_delta"],
};

/** https://platform.claude.com/docs/en/build-with-claude/streaming */
function checkMessages(raw: readonly RawFrame[], end: StreamEnd): void {
  const frames: Frame[] = raw.map(({ event, data }) => {
    const frame = JSON.parse(data);
    assert.equal(event, frame.type, "the event's name is its data's type");
    return frame;
  });
  const types = frames.map(({ type }) => type).filter((type) => type !== "ping");
  assert.deepEqual(
    types.flatMap((type, at) => (type === "message_start" ? [at] : [])),
    [0],
    "one start, and first",
  );
  const tail = end === "clean" ? ["message_delta", "message_stop"] : ["error"];
  assert.deepEqual(types.slice(-tail.length), tail);
  for (const type of ["message_delta", "message_stop", "error"])
    assert.equal(types.filter((other) => other === type).length, tail.includes(type) ? 1 : 0, `${type} at most once`);
  const { message } = frames[0];
  assert.deepEqual([message.content, message.stop_reason, message.stop_sequence], [[], null, null]);
  checkCounts(message.usage);
  const delta = frames.find(({ type }) => type === "message_delta");
  if (end === "clean") {
    assert.ok(delta.delta.stop_reason !== null, "the stop reason is told");
    checkCounts(delta.usage);
  }
  checkBlocks(frames, end);
}

function checkCounts(usage: Frame): void {
  for (const field of ["input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"])
    assert.ok(Number.isInteger(usage[field]) && usage[field] >= 0, `${field} is a count`);
}

function checkBlocks(frames: readonly Frame[], end: StreamEnd): void {
  let next = 0;
  let open: string | undefined;
  for (const { type, index, content_block: block, delta } of frames) {
    if (!type.startsWith("content_block")) continue;
    assert.equal(index, next, "blocks are numbered from 0 without a gap, one after another");
    if (type === "content_block_start") {
      assert.equal(open, undefined, "a block is closed before the next begins");
      open = block.type as string;
    } else if (type === "content_block_delta") {
      assert.ok(deltaTypes[open ?? ""]?.includes(delta.type), `a ${delta.type} does not belong into a ${open} block`);
    } else {
      open = undefined;
      next++;
    }
  }
  if (end === "clean") assert.equal(open, undefined, "every block is closed");
}
