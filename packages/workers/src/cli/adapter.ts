// The shape of a command-line agent as this worker uses it: a process that is started ahead of its work, is given one
// conversation, and answers it turn by turn. Implementation: claude/. One that takes a prompt and ends (Codex's
// `exec --json`) fits too: its `answer` and `say` give undefined, and each turn is a process of its own.

import type { ChatEvent } from "@auxot/wire/chat-event";
import type { ChatMessage, ChatRequest } from "@auxot/wire/chat";

/** Where the vendor's bill goes: one login of the agent. `environment` holds its credential and nothing else does. */
export type Account = {
  readonly name: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Where the agent keeps a login of its own; writable for it. Absent: the credential is in the environment. */
  readonly configDirectory?: string;
};

/** What the vendor said of an account's limits. Times are ms since 1970. */
export type LimitReport = {
  /** Nothing runs on it now. */
  readonly isRejected: boolean;
  readonly resetsAt?: number;
  /** The share used of the fullest window, from 0 to 1. */
  readonly load?: number;
};

export type StartOptions = {
  /** As the agent names it. */
  readonly model: string;
  readonly account: Account;
  readonly onLimit: (report: LimitReport) => void;
};

/**
 * `fresh`: has no conversation yet. `waiting`: its turn ended with tool calls whose results it can take. `idle`: can take the
 * next message. `spent`: nothing more comes of it.
 */
export type ProcessState = "fresh" | "running" | "waiting" | "idle" | "spent";

/** The events of one answer, as `Engine.run` owes them. Leaving it early interrupts the agent. */
export type Turn = AsyncIterable<readonly ChatEvent[]>;

export type ToolResult = Extract<ChatMessage, { readonly role: "tool" }>;
export type UserMessage = Extract<ChatMessage, { readonly role: "user" }>;

export type CliProcess = {
  readonly pid: number | undefined;
  readonly account: Account;
  readonly model: string;
  state(): ProcessState;
  /** Resolves when it is neither starting a turn nor in one. */
  settled(): Promise<void>;
  /** It has said something since it was started: what fails then fails for a reason of its own. */
  hasSpoken(): boolean;
  /** For a fresh one: gives it the whole conversation, exactly. */
  begin(request: ChatRequest): Turn;
  /** For a waiting one. Undefined when it could not take these results exactly as they are. */
  answer(results: readonly ToolResult[]): Turn | undefined;
  /** For an idle one. Undefined when it could not take this message exactly as it is. */
  say(message: UserMessage): Turn | undefined;
  /** Stops the turn within a second; the process is spent then, as its memory holds half an answer. */
  interrupt(): void;
  /** Ends it at once and removes what it left behind. */
  kill(): void;
  /** Resolves when the process is gone. */
  readonly ended: Promise<void>;
};

export type CliAdapter = {
  /** For the router's list of workers, e.g. "Claude Code (stream-json)". */
  readonly name: string;
  /** What a request loses with this agent, one sentence each, naming the field. Throws `AppError` for what it cannot do. */
  check(request: ChatRequest): readonly string[];
  /** Never throws: one that cannot start is spent, and says why in its first turn. */
  start(options: StartOptions): CliProcess;
};
