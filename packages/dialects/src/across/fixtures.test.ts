import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { foldEvents, isContent } from "@auxot/wire/chat-event";
import { decodeAll } from "../../test/arbitraries.ts";
import { dialects } from "../dialects.ts";

const folder = path.join(import.meta.dirname, "..", "..", "fixtures");

for (const { name, call } of Object.values(dialects)) {
  const files = readdirSync(path.join(folder, name));
  const read = (file: string) => readFileSync(path.join(folder, name, file));

  describe(`recorded shapes of ${name}`, () => {
    for (const file of files.filter((candidate) => candidate.endsWith(".json"))) {
      it(`${path.parse(file).name}: the stream says what the whole answer says, at every cut`, () => {
        const stream = read(file.replace(".json", ".sse"));
        const whole = call.decodeResult(read(file));
        for (let cut = 0; cut <= stream.length; cut += 7) {
          const pieces = [stream.subarray(0, cut), stream.subarray(cut)];
          assert.deepEqual(foldEvents(decodeAll(call.createStreamDecoder(), pieces)), whole);
        }
      });

      it(`${path.parse(file).name}: passes on byte for byte, byte by byte, with one end`, () => {
        const stream = read(file.replace(".json", ".sse"));
        const scanner = call.createStreamScanner();
        const batches = [...stream].map((_, at) => scanner.push(stream.subarray(at, at + 1)));
        const all = [...batches, scanner.finish()].filter((batch) => batch !== undefined);
        assert.deepEqual(Buffer.concat(all.map((batch) => batch.bytes ?? Buffer.alloc(0))), stream);
        const events = all.flatMap((batch) => batch.events);
        assert.equal(events.filter((event) => event.type === "end").length, 1);
        assert.ok(events.some((event) => event.type === "usage"));
        assert.ok(events.filter(isContent).length <= 2, "one content event for the commit point, and the end");
      });
    }

    for (const [file, code] of [
      ["error-inside.sse", name === "anthropic-messages" ? "no_capacity" : "source_failed"],
      ["truncated.sse", "source_failed"],
    ] as const) {
      it(`${path.parse(file).name}: is one error as the last event`, () => {
        const events = decodeAll(call.createStreamDecoder(), [read(file)]);
        const last = events.at(-1);
        assert.equal(last?.type === "error" ? last.error.code : last?.type, code);
        assert.equal(events.filter((event) => event.type === "error").length, 1);
        assert.throws(() => foldEvents(events));
      });
    }

    it("passes on only whole frames of a cut stream", () => {
      const stream = read("truncated.sse");
      const scanner = call.createStreamScanner();
      const first = scanner.push(stream);
      const last = scanner.finish();
      const wholeLength = stream.lastIndexOf("\n\n") + 2;
      assert.deepEqual(first?.bytes, stream.subarray(0, wholeLength));
      assert.equal(last?.bytes, undefined);
      assert.equal(last?.events[0]?.type, "error");
    });
  });
}
