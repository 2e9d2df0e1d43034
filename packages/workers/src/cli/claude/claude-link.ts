// The shape of the conversation with a started Claude Code: by its own protocol (raw-link.ts) or by the vendor's SDK
// (sdk-link.ts).

import type { ChildProcessByStdio } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import type { ClaudeMessage } from "./claude-messages.ts";
import type { ClaudeBlock } from "./prompt.ts";
import type { ToolServer } from "./tool-server.ts";

export type ClaudeChild = ChildProcessByStdio<Writable, Readable, Readable>;

/** What a process that waits is told. Its past turns are in its session file. */
export type ClaudeSetup = {
  readonly system: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly jsonSchema?: Readonly<Record<string, unknown>>;
  readonly tools: ToolServer;
};

export type ClaudeLink = {
  /** Once: the process answers its session file. */
  initialize(setup: ClaudeSetup): void;
  /** The user's next message, taken as it is: no commands, no files by `@`. */
  say(content: readonly ClaudeBlock[]): void;
  interrupt(): void;
  /** A slow reader slows the process, where the link can. */
  pause(isPaused: boolean): void;
};

export type ClaudeLinkEvents = {
  readonly onMessage: (message: ClaudeMessage) => void;
  /** The conversation cannot go on. */
  readonly onFailure: (reason: string) => void;
};

export type ConnectClaude = (child: ClaudeChild, launch: ClaudeLaunch, events: ClaudeLinkEvents) => ClaudeLink;

/** As the process was started. */
export type ClaudeLaunch = {
  readonly executable: string;
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly directory: string;
};
