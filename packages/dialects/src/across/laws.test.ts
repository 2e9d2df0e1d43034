import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { foldEvents, unfoldResult, type ChatEvent } from "@auxot/wire/chat-event";
import { check, decodeAll, eventsOf, meta, random, results, seed, splitBytes } from "../../test/arbitraries.ts";
import { lawTraits, requests } from "../../test/random-requests.ts";
import { hashText } from "../../test/request-checks.ts";
import { dialects } from "../dialects.ts";

for (const dialect of Object.values(dialects)) {
  const result = results(dialect.name);
  describe(`laws of ${dialect.name} (seed ${seed})`, () => {
    it("decodes a stream it encoded to the same answer, however the bytes are cut", () => {
      check(fc.tuple(result, random), ([answer, next]) => {
        const encoder = dialect.serve.createStreamEncoder(meta);
        const stream = eventsOf(answer, next)
          .map((event) => encoder.encode([event]))
          .join("");
        const events = decodeAll(dialect.call.createStreamDecoder(), splitBytes(Buffer.from(stream), next));
        checkOrder(events);
        assert.deepEqual(foldEvents(events), answer);
      });
    });

    it("says the same whether events come one by one or together", () => {
      check(fc.tuple(result, random), ([answer, next]) => {
        const stream = Buffer.from(dialect.serve.createStreamEncoder(meta).encode(eventsOf(answer, next)));
        assert.deepEqual(foldEvents(decodeAll(dialect.call.createStreamDecoder(), [stream])), answer);
      });
    });

    it("decodes a whole answer it encoded to the same answer", () => {
      check(result, (answer) => {
        const body = Buffer.from(dialect.serve.encodeResult(answer, meta));
        assert.deepEqual(dialect.call.decodeResult(body), answer);
      });
    });

    it("says the same in a stream and in a whole answer", () => {
      check(result, (answer) => {
        const stream = Buffer.from(dialect.serve.createStreamEncoder(meta).encode(unfoldResult(answer)));
        const body = Buffer.from(dialect.serve.encodeResult(answer, meta));
        assert.deepEqual(
          foldEvents(decodeAll(dialect.call.createStreamDecoder(), [stream])),
          dialect.call.decodeResult(body),
        );
      });
    });

    it("parses a request it built to the same request", () => {
      check(requests(dialect.name), (request) => {
        const target = { model: request.model, stream: false, traits: lawTraits(dialect.name), hash: hashText };
        const built = dialect.call.buildRequest(request, target);
        const { original, ...parsed } = dialect.serve.parseRequest(Buffer.from(built.body));
        assert.equal(original?.dialect, dialect.name);
        assert.deepEqual(parsed, request);
        assert.deepEqual(built.warnings, []);
      });
    });

    it("passes streams on byte for byte and reads usage and end from them", () => {
      check(fc.tuple(result, random), ([answer, next]) => {
        const stream = Buffer.from(dialect.serve.createStreamEncoder(meta).encode(eventsOf(answer, next)));
        const scanner = dialect.call.createStreamScanner();
        const pieces = splitBytes(stream, next);
        const batches = [...pieces.map((piece) => scanner.push(piece)), scanner.finish()].filter(
          (batch) => batch !== undefined,
        );
        assert.deepEqual(Buffer.concat(batches.map((batch) => batch.bytes ?? Buffer.alloc(0))), stream);
        const events = batches.flatMap((batch) => batch.events);
        assert.deepEqual(events.findLast((event) => event.type === "usage")?.usage, answer.usage);
        assert.equal(events.filter((event) => event.type === "end").length, 1);
        assert.equal(events.at(-1)?.type, "end");
      });
    });

    it("takes hostile bytes without throwing and always ends in one end or error", () => {
      const hostile = fc.array(
        fc.oneof(frame, fc.string(), fc.constantFrom("\n\n", "data:", "data: [DONE]\n\n", "event: error\n")),
      );
      check(fc.tuple(hostile, random), ([pieces, next]) => {
        const bytes = splitBytes(Buffer.from(pieces.join("")), next);
        checkOrder(decodeAll(dialect.call.createStreamDecoder(), bytes));
        const scanner = dialect.call.createStreamScanner();
        const events = [...bytes.map((piece) => scanner.push(piece)), scanner.finish()].flatMap(
          (batch) => batch?.events ?? [],
        );
        assert.equal(events.filter((event) => event.type === "end" || event.type === "error").length, 1);
      });
    });
  });
}

const keys = fc.constantFrom(
  "type",
  "index",
  "delta",
  "content_block",
  "message",
  "usage",
  "choices",
  "tool_calls",
  "function",
  "response",
  "item",
  "output",
  "output_index",
  "content_index",
);
const wireKeys = fc.constantFrom(
  "content",
  "reasoning_content",
  "id",
  "name",
  "arguments",
  "stop_reason",
  "finish_reason",
  "error",
  "text",
  "summary",
  "summary_index",
  "input",
  "encrypted_content",
);
const wireValues = fc.constantFrom(
  "message_start",
  "content_block_start",
  "content_block_delta",
  "message_delta",
  "text",
  "tool_use",
  "thinking",
  "response.output_item.added",
  "response.output_item.done",
  "response.output_text.delta",
  "response.refusal.delta",
  "response.reasoning_summary_text.delta",
  "response.function_call_arguments.delta",
  "response.custom_tool_call_input.delta",
  "response.completed",
  "response.failed",
  "message",
  "reasoning",
  "function_call",
  "custom_tool_call",
);
const frameJson: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.oneof(wireValues, fc.integer({ min: -2, max: 3 }), fc.constant(null), fc.string()),
    fc.dictionary(fc.oneof(keys, wireKeys), tie("value"), { maxKeys: 4 }),
    fc.array(tie("value"), { maxLength: 3 }),
  ),
})).value;
const frame = frameJson.map((value) => `data: ${JSON.stringify(value)}\n\n`);

/** start?, then blocks with dense indexes that are begun once and closed, then one end or error and nothing more. */
function checkOrder(events: readonly ChatEvent[]): void {
  const open = new Set<number>();
  let next = 0;
  for (const [at, event] of events.entries()) {
    const isLast = at === events.length - 1;
    assert.equal(event.type === "end" || event.type === "error", isLast, `${event.type} at ${at} of ${events.length}`);
    if (event.type === "start") assert.ok(events.slice(0, at).every((earlier) => earlier.type === "warning"));
    if (!("index" in event)) continue;
    if (event.type.endsWith("-start")) {
      assert.equal(event.index, next++);
      open.add(event.index);
    } else {
      assert.ok(open.has(event.index), `${event.type} outside its block`);
      if (event.type.endsWith("-end")) open.delete(event.index);
    }
  }
  if (events.at(-1)?.type === "end") assert.equal(open.size, 0, "an end with open blocks");
}
