// Puts the fake Claude Code into a directory as a program that can be started by its path. Asserts nothing.

import { chmodSync, writeFileSync } from "node:fs";
import path from "node:path";

/** Its path. It runs on this Node, whatever `node` is in PATH. */
export function writeFakeClaude(directory: string): string {
  const program = path.join(directory, "claude");
  const script = path.join(import.meta.dirname, "fake-claude.ts");
  writeFileSync(program, `#!/bin/sh\nexec "${process.execPath}" "${script}" "$@"\n`);
  chmodSync(program, 0o755);
  return program;
}
