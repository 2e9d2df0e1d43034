// Log lines: for people on a terminal, JSON elsewhere. Never holds keys: callers pass what may be read.

import { formatLogLine } from "@auxot/wire/log-line";

export const logLevels = ["debug", "info", "warn", "error", "silent"] as const;
export type LogLevel = (typeof logLevels)[number];
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

export type Log = {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
};

export type LogOptions = {
  readonly level: LogLevel;
  readonly isTerminal: boolean;
  /** Takes one whole line with its line end. */
  readonly write: (line: string) => void;
  readonly now: () => Date;
};

export function createLog(options: LogOptions): Log {
  const least = logLevels.indexOf(options.level);
  const writer =
    (level: Exclude<LogLevel, "silent">) =>
    (message: string, fields: LogFields = {}): void => {
      if (logLevels.indexOf(level) < least) return;
      const line = { time: options.now().toISOString(), level, message, ...fields };
      options.write(`${options.isTerminal ? formatLogLine(line) : JSON.stringify(line)}\n`);
    };
  return { debug: writer("debug"), info: writer("info"), warn: writer("warn"), error: writer("error") };
}
