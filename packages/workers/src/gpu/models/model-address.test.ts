import assert from "node:assert/strict";
import { test } from "node:test";
import { localPathOf, modelNameOf, parseModelAddress } from "./model-address.ts";

const hub = "https://huggingface.co";

test("understands demo models, files, addresses and Hugging Face", () => {
  assert.deepEqual(parseModelAddress("demo", hub), { kind: "demo", which: "script" });
  assert.deepEqual(parseModelAddress("demo-echo", hub), { kind: "demo", which: "echo" });
  assert.deepEqual(parseModelAddress("demo-embed", hub), { kind: "demo", which: "embed" });
  assert.deepEqual(parseModelAddress("/m/x.gguf", hub), { kind: "file", path: "/m/x.gguf" });
  assert.deepEqual(parseModelAddress("hf:Qwen/Qwen3-8B-GGUF/q4.gguf", "https://mirror/"), {
    kind: "download",
    urls: ["https://mirror/Qwen/Qwen3-8B-GGUF/resolve/main/q4.gguf"],
  });
  assert.deepEqual(parseModelAddress("hf:a/b@v2/sub/q4.gguf", hub), {
    kind: "download",
    urls: ["https://huggingface.co/a/b/resolve/v2/sub/q4.gguf"],
  });
  const sha256 = "ab".repeat(32);
  assert.deepEqual(parseModelAddress(`https://x/y.gguf#sha256=${sha256}`, hub), {
    kind: "download",
    urls: ["https://x/y.gguf"],
    sha256,
  });
});

test("lists all parts of a split file", () => {
  assert.deepEqual(parseModelAddress("https://x/m-00001-of-00002.gguf", hub), {
    kind: "download",
    urls: ["https://x/m-00001-of-00002.gguf", "https://x/m-00002-of-00002.gguf"],
  });
  assert.equal(modelNameOf("/a/m-00001-of-00002.gguf"), "m");
});

test("says what is wrong with an address", () => {
  for (const text of ["llama", "hf:owner/file.gguf", "https://x/y.bin", "https://x/y.gguf#sha256=12"]) {
    const found = parseModelAddress(text, hub);
    assert.ok(found.kind === "problem" && found.message.includes(text), text);
  }
});

test("keeps parts side by side and other places apart", () => {
  const a = localPathOf("https://x/a/m-00001-of-00002.gguf");
  const b = localPathOf("https://x/a/m-00002-of-00002.gguf");
  assert.equal(a.split("/")[0], b.split("/")[0]);
  assert.notEqual(localPathOf("https://x/a/m.gguf"), localPathOf("https://x/b/m.gguf"));
  assert.ok(!localPathOf("https://x/a/..%2F..%2Fm.gguf").includes("/../"));
});
