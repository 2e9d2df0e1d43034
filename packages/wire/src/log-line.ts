// How a log line reads on a terminal. Elsewhere logs are JSON lines with the same fields.

export type LogLine = {
  /** ISO 8601. */
  readonly time: string;
  readonly level: string;
  readonly message: string;
  readonly [field: string]: unknown;
};

/** E.g. `14:03:07 WARN worker link lost worker=box jobs=2`, without a line end. An error's stack goes below. */
export function formatLogLine({ time, level, message, ...fields }: LogLine): string {
  const details = Object.entries(fields)
    .filter(([name, value]) => value !== undefined && name !== "err")
    .map(([name, value]) => ` ${name}=${formatValue(value)}`);
  const mark = level === "info" ? "" : `${level.toUpperCase()} `;
  const line = `${new Date(time).toTimeString().slice(0, 8)} ${mark}${message}${details.join("")}`;
  return escapeControls(line + formatError(fields["err"]));
}

/** Names and messages come from anybody: a terminal must not take them for commands. Line breaks and tabs do no harm. */
function escapeControls(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

function formatValue(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return typeof value === "string" && /\s/.test(text) ? JSON.stringify(text) : text;
}

function formatError(error: unknown): string {
  if (typeof error !== "object" || error === null) return "";
  const { stack, message } = error as { readonly stack?: unknown; readonly message?: unknown };
  const text = stack ?? message;
  return typeof text === "string" ? `\n${text}` : "";
}
