// Writes a demo model to a file: node packages/workers/src/gpu/models/make.ts script|echo|embed OUT.gguf

import { writeFileSync } from "node:fs";
import { makeEchoModel } from "./echo-model.ts";
import { makeEmbedModel } from "./embed-model.ts";
import { makeScriptModel } from "./script-model.ts";

const makers = new Map([
  ["script", makeScriptModel],
  ["echo", makeEchoModel],
  ["embed", makeEmbedModel],
]);
const [which = "", path] = process.argv.slice(2);
const make = makers.get(which);
if (make === undefined || path === undefined) {
  process.stderr.write("Usage: node packages/workers/src/gpu/models/make.ts script|echo|embed OUT.gguf\n");
  process.exitCode = 2;
} else {
  const bytes = make();
  writeFileSync(path, bytes);
  process.stdout.write(`${path}: ${bytes.length} bytes\n`);
}
