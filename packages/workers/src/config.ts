// Reads the command line and the environment of auxot-worker. The only place that reads process.env.

import { readCliCommand, type CliCommand } from "./command-line/cli-command.ts";
import { readGpuCommand, type GpuCommand } from "./command-line/gpu-command.ts";
import type { Environment } from "./command-line/read-options.ts";

/** What the command line asks for; `problems` are all of them, in plain words. */
export type Command = GpuCommand | CliCommand;

const overview = `auxot-worker connects this machine to an Auxot router.

Usage: auxot-worker COMMAND [options]

Commands:
  gpu     run models on this machine (auxot-worker gpu --help)
  cli     answer with Claude Code on this machine (auxot-worker cli --help)
  tools   run tools for agents: not in this version
`;

/** `arguments_` without the names of node and the script. */
export function readCommand(arguments_: readonly string[], environment: Environment = process.env): Command {
  const [command, ...rest] = arguments_;
  switch (command) {
    case undefined:
    case "--help":
    case "-h":
    case "help":
      return command === undefined
        ? { kind: "problems", problems: [`Say what to do.\n\n${overview}`] }
        : { kind: "text", text: overview };
    case "gpu":
      return readGpuCommand(rest, environment);
    case "cli":
      return readCliCommand(rest, environment);
    case "tools":
      return { kind: "problems", problems: [`auxot-worker ${command} is not in this version.`] };
    default:
      return { kind: "problems", problems: [`There is no command ${command}.\n\n${overview}`] };
  }
}
