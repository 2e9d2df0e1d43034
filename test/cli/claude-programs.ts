// The real Claude Code and its Agent SDK, from npm with `npm run test:cli`; no dependency of the project.

import path from "node:path";
import { repository } from "../harness/program.ts";

const cliFolder = path.join(repository, "node_modules", ".cache", "cli");
const [claudeFolder, agentSdkFolder] = [path.join(cliFolder, "claude-code"), path.join(cliFolder, "agent-sdk")];

/** The only place that names their versions. */
export const cliPackages = [
  {
    folder: claudeFolder,
    packages: { "@anthropic-ai/claude-code": "2.1.330" },
    // It puts the program into its place.
    installScript: "node_modules/@anthropic-ai/claude-code/install.cjs",
  },
  {
    folder: agentSdkFolder,
    packages: { "@anthropic-ai/claude-agent-sdk": "0.3.330" },
    // A copy of Claude Code.
    withoutOptional: true,
  },
] as const;

export const claudeProgram = path.join(claudeFolder, "node_modules/@anthropic-ai/claude-code/bin/claude.exe");
export const sdkFolder = path.join(agentSdkFolder, "node_modules/@anthropic-ai/claude-agent-sdk");
