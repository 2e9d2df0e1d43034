import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ChatEvent } from "@auxot/wire/chat-event";
import { noUsage } from "@auxot/wire/usage";
import { openaiCall } from "../openai-chat/call.ts";
import { createStreamScanner } from "./stream-scanner.ts";

function frame(delta: object, finish: string | null = null): Buffer {
  return Buffer.from(
    `data: ${JSON.stringify({ model: "m", choices: [{ index: 0, delta, finish_reason: finish }], usage: null })}\n\n`,
  );
}
const done = Buffer.from("data: [DONE]\n\n");

describe("the passthrough lane", () => {
  it("passes what one read brought without copying it", () => {
    const bytes = Buffer.concat([frame({ content: "a" }), frame({ content: "b" })]);
    const passed = openaiCall.createStreamScanner().push(bytes)?.bytes;
    assert.equal(passed?.buffer, bytes.buffer);
    assert.equal(passed?.byteOffset, bytes.byteOffset);
  });

  it("holds an incomplete frame back", () => {
    const scanner = openaiCall.createStreamScanner();
    const whole = frame({ content: "a" });
    assert.equal(scanner.push(whole.subarray(0, 20)), undefined);
    assert.deepEqual(scanner.push(whole.subarray(20))?.bytes, whole);
  });

  it("decodes nothing but marked frames once content went out", () => {
    let decoded = 0;
    const items = {
      push(item: { readonly data: string }, out: ChatEvent[]) {
        decoded++;
        if (item.data.includes('"end":')) out.push({ type: "end", stopReason: "stop" });
        else out.push({ type: "text-delta", index: 0, text: "x" });
      },
      isComplete: () => false,
      finish() {},
    };
    const scanner = createStreamScanner({ items, markers: /"end"/ });
    for (let count = 0; count < 100; count++) scanner.push(Buffer.from('data: {"text":"say \\"end\\""}\n\n'));
    assert.equal(decoded, 1);
    const last = scanner.push(Buffer.from('data: {"end":1}\n\n'));
    assert.equal(decoded, 2);
    assert.equal(last?.events.at(-1)?.type, "end");
  });

  it("gives the end together with the bytes of the last frame, so that the caller gets [DONE]", () => {
    const scanner = openaiCall.createStreamScanner();
    scanner.push(frame({ content: "a" }));
    const finished = scanner.push(frame({}, "stop"));
    assert.deepEqual(finished?.events, []);
    const usage = Buffer.from('data: {"choices":[],"usage":{"prompt_tokens":2,"completion_tokens":1}}\n\n');
    assert.deepEqual(scanner.push(usage)?.events, [
      { type: "usage", usage: { ...noUsage, inputTokens: 2, outputTokens: 1 } },
    ]);
    assert.deepEqual(scanner.push(done), { events: [{ type: "end", stopReason: "stop" }], bytes: done });
    assert.equal(scanner.finish(), undefined);
  });

  it("estimates the output when the provider reports no usage", () => {
    const scanner = openaiCall.createStreamScanner();
    for (let count = 0; count < 40; count++) scanner.push(frame({ content: "four" }));
    scanner.push(frame({}, "stop"));
    const usage = scanner.push(done)?.events.find((event) => event.type === "usage")?.usage;
    assert.equal(usage?.estimated, true);
    assert.ok(usage.outputTokens >= 38 && usage.outputTokens <= 48, `${usage.outputTokens} tokens`);
  });

  it("takes out the usage chunk that was asked for in the caller's place, wherever the bytes are cut", () => {
    const usage = Buffer.from('data: {"choices":[],"usage":{"prompt_tokens":2,"completion_tokens":1}}\n\n');
    const said = Buffer.concat([frame({ content: 'the "usage": {' }), frame({}, "stop")]);
    const stream = Buffer.concat([said, usage, done]);
    for (let cut = 0; cut <= stream.length; cut += 3) {
      const scanner = openaiCall.createStreamScanner(true);
      const batches = [scanner.push(stream.subarray(0, cut)), scanner.push(stream.subarray(cut)), scanner.finish()];
      const passed = Buffer.concat(batches.map((batch) => batch?.bytes ?? Buffer.alloc(0)));
      assert.equal(passed.toString(), Buffer.concat([said, done]).toString());
      const events = batches.flatMap((batch) => batch?.events ?? []);
      assert.equal(events.findLast((event) => event.type === "usage")?.usage.inputTokens, 2);
    }
  });

  it("warns of nothing: what a translation would leave out goes on", () => {
    const scanner = openaiCall.createStreamScanner();
    const broken = Buffer.from("data: {broken\n\n");
    assert.deepEqual(scanner.push(broken), { events: [], bytes: broken });
  });

  it("says an error of the provider once and passes its frame on", () => {
    const scanner = openaiCall.createStreamScanner();
    scanner.push(frame({ content: "a" }));
    const failed = Buffer.from('data: {"error":{"message":"boom","type":"server_error"}}\n\n');
    const batch = scanner.push(failed);
    assert.deepEqual(batch?.bytes, failed);
    assert.equal(batch?.events[0]?.type, "error");
    assert.equal(scanner.finish(), undefined);
  });
});
