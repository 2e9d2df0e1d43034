// The command that writes a shell's completion, made from the commands themselves.

import { printJson, type Command } from "../command.ts";
import { writeBash } from "./bash.ts";
import { writeFish } from "./fish.ts";
import { writeZsh } from "./zsh.ts";

const shells = { bash: writeBash, zsh: writeZsh, fish: writeFish } as const;
const names = Object.keys(shells) as readonly (keyof typeof shells)[];

export function createCompletion(listCommands: () => readonly Command[]): Command {
  return {
    name: "completion",
    summary: "Write what makes Tab complete commands, options and values.",
    examples: ['eval "$(auxot completion bash)"', "auxot completion fish | source"],
    positionals: [{ name: "SHELL", choices: names }],
    options: {},
    run(invocation) {
      const shell = names.find((name) => name === invocation.positionals[0]) ?? "bash";
      const script = shells[shell](listCommands());
      if (invocation.isJson) return Promise.resolve(printJson(invocation, { shell, script }));
      invocation.terminal.out(script);
      return Promise.resolve(0);
    },
  };
}
