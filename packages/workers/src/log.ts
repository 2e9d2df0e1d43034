// Log lines: for people on a terminal, JSON elsewhere. Never holds keys: callers pass what may be read.

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
      const at = options.now();
      options.write(
        options.isTerminal
          ? formatForPeople(at, level, message, fields)
          : `${JSON.stringify({ time: at.toISOString(), level, message, ...fields })}\n`,
      );
    };
  return { debug: writer("debug"), info: writer("info"), warn: writer("warn"), error: writer("error") };
}

function formatForPeople(at: Date, level: string, message: string, fields: LogFields): string {
  const clock = at.toTimeString().slice(0, 8);
  const details = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}=${typeof value === "string" && /\s/.test(value) ? JSON.stringify(value) : value}`);
  const mark = level === "info" ? "" : `${level.toUpperCase()} `;
  return `${clock} ${mark}${message}${details.join("")}\n`;
}
