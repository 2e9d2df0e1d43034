// Where a process of the agent runs: in bubblewrap, which shows it the system read-only, an empty home and nothing of other
// processes, or as it is. Knows no agent.

import { spawnSync } from "node:child_process";
import os from "node:os";

export const sandboxChoices = ["auto", "bubblewrap", "off"] as const;
export type SandboxChoice = (typeof sandboxChoices)[number];

export type Command = { readonly file: string; readonly arguments: readonly string[] };

export type Sandbox = {
  readonly kind: "bubblewrap" | "off";
  /** `writable`: directories the command may write to; everything else is read-only or hidden. */
  wrap(command: Command, directory: string, writable: readonly string[]): Command;
};

/** Undefined when bubblewrap is asked for and does not work here. */
export function openSandbox(choice: SandboxChoice): Sandbox | undefined {
  const none: Sandbox = { kind: "off", wrap: (command) => command };
  if (choice === "off") return none;
  const works = process.platform === "linux" && tryBubblewrap();
  if (works) return { kind: "bubblewrap", wrap: wrapInBubblewrap };
  return choice === "auto" ? none : undefined;
}

function tryBubblewrap(): boolean {
  const { arguments: options } = wrapInBubblewrap({ file: "true", arguments: [] }, "/", []);
  return spawnSync("bwrap", options, { stdio: "ignore", timeout: 10_000 }).status === 0;
}

function wrapInBubblewrap(command: Command, directory: string, writable: readonly string[]): Command {
  const homes = [...new Set(["/home", "/root", os.homedir()])].filter((path) => path !== "/");
  const options = "--die-with-parent --new-session --unshare-pid --unshare-ipc --unshare-uts".split(" ");
  options.push("--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp");
  for (const home of homes) options.push("--tmpfs", home);
  // The program itself may be installed in a home.
  if (command.file.startsWith("/")) options.push("--ro-bind", command.file, command.file);
  // One that is not there is the command's to complain of.
  for (const one of writable) options.push("--bind-try", one, one);
  options.push("--chdir", directory);
  return { file: "bwrap", arguments: [...options, "--", command.file, ...command.arguments] };
}
