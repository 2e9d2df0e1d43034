// Writes a demo model to a file: node packages/workers/src/gpu/models/make.ts script|echo OUT.gguf

import { writeFileSync } from "node:fs";
import { makeEchoModel } from "./echo-model.ts";
import { makeScriptModel } from "./script-model.ts";

const [which, path] = process.argv.slice(2);
if ((which !== "script" && which !== "echo") || path === undefined) {
  process.stderr.write("Usage: node packages/workers/src/gpu/models/make.ts script|echo OUT.gguf\n");
  process.exitCode = 2;
} else {
  const bytes = which === "script" ? makeScriptModel() : makeEchoModel();
  writeFileSync(path, bytes);
  process.stdout.write(`${path}: ${bytes.length} bytes\n`);
}
