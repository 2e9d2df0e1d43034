// Owns the log: JSON lines on stderr. Credentials are hidden (hide-secrets.ts), and what the database was given
// (describe-error.ts); request bodies are never logged.

import { formatLogLine, type LogLine } from "@auxot/wire/log-line";
import { pino, type Level } from "pino";
import { leaveOutValues } from "./describe-error.ts";
import { hideSecrets } from "./hide-secrets.ts";

export const logLevels = ["trace", "debug", "info", "warn", "error", "fatal"] as const;
export type LogLevel = (typeof logLevels)[number];

export type LogFields = Readonly<Record<string, unknown>>;

/** What the rest of the router sees of the logger. An error goes into the field `err`. */
export type Log = {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
  /** A log that adds `fields` to every line. */
  child(fields: LogFields): Log;
};

/** Takes JSON lines and writes them to stderr as people read them. */
export function writeForPeople(line: string): void {
  process.stderr.write(`${formatLogLine(JSON.parse(line) as LogLine)}\n`);
}

/** Lines go to `write` (stderr when absent), one call a line, synchronously: nothing is lost at exit. */
export function createLog(level: LogLevel, write?: (line: string) => void): Log {
  const logger = pino(
    {
      level: level satisfies Level,
      base: null,
      messageKey: "message",
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: hideSecrets },
      serializers: { err: (error: Error) => hideSecrets({ ...leaveOutValues(pino.stdSerializers.err(error), error) }) },
    },
    { write: write ?? ((line: string) => void process.stderr.write(line)) },
  );
  return narrow(logger);
}

type Target = {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  child(fields: Record<string, unknown>): Target;
};

function narrow(target: Target): Log {
  return {
    debug: (fields, message) => target.debug(fields, message),
    info: (fields, message) => target.info(fields, message),
    warn: (fields, message) => target.warn(fields, message),
    error: (fields, message) => target.error(fields, message),
    child: (fields) => narrow(target.child({ ...hideSecrets(fields) })),
  };
}
