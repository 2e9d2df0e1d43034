import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { makeEchoModel } from "./echo-model.ts";
import { makeEmbedModel } from "./embed-model.ts";
import { makeScriptModel } from "./script-model.ts";

test("demo models are valid GGUF files, the same bytes on each making", () => {
  for (const make of [makeScriptModel, makeEchoModel, makeEmbedModel]) {
    const [first, second] = [make(), make()].map((bytes) => createHash("sha256").update(bytes).digest("hex"));
    assert.equal(first, second);
    assert.equal(make().toString("latin1", 0, 4), "GGUF");
  }
});
