// Makes an operation's input of the options and words of a command line.

import { AppError } from "@auxot/wire/errors";
import { toPlaceholder, type CommandOption } from "@auxot/wire/operations/command-line";
import type { Operation } from "@auxot/wire/operations/define-operation";
import { listPathFields } from "@auxot/wire/operations/describe";
import { explainIssue } from "@auxot/wire/operations/explain-issue";
import type { Invocation } from "./command.ts";
import { isMoney, readMoney } from "./read-money.ts";
import { isTime, readTime } from "./read-time.ts";

/** Throws `invalid_request`, in the words of the command line, for what the router would refuse too. */
export function readOperationInput(
  operation: Operation,
  options: readonly CommandOption[],
  { options: values, positionals, terminal }: Pick<Invocation, "options" | "positionals" | "terminal">,
): Readonly<Record<string, unknown>> {
  const input: Record<string, unknown> = {};
  for (const [index, field] of listPathFields(operation).entries()) input[field] = positionals[index];
  for (const option of options) {
    const given = values[option.name];
    const value = typeof given === "string" ? readAsPeopleWrite(option, given, terminal.now()) : given;
    const read = readOption(option, value, values[`no-${option.name}`] === true);
    if (read !== undefined) put(input, option.path, read);
  }
  check(operation, options, input);
  return input;
}

function readAsPeopleWrite(option: CommandOption, text: string, now: number): string {
  if (isTime(option)) return readTime(option, text, now);
  return isMoney(option) ? readMoney(text) : text;
}

function readOption(option: CommandOption, given: Invocation["options"][string], isNegated: boolean): unknown {
  if (isNegated) {
    if (given !== undefined) throw refuse(`--${option.name} and --no-${option.name} contradict each other.`);
    return option.takes === "switch" ? false : null;
  }
  if (typeof given === "object") {
    const [only] = given;
    if (given.length === 1 && only?.startsWith("[")) return readJson(option, only);
    // Where a text may stand for the list, `--model a,b` and `--model a --model b` are the same.
    if (acceptsText(option.schema)) return given.join(",");
    return given.map((text) => (takesNumbers(option) ? readNumber(option, text) : text));
  }
  if (typeof given !== "string") return given;
  switch (option.takes) {
    case "number":
      return readNumber(option, given);
    case "json":
      return readJson(option, given);
    case "text":
    case "list":
    case "switch":
      return given;
  }
}

function takesNumbers({ schema }: CommandOption): boolean {
  return ["integer", "number"].includes(String(schema.items?.type));
}

function readNumber({ name }: CommandOption, text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value)) return value;
  throw refuse(`--${name} takes a number, not "${text}".`);
}

function readJson({ name, takes, schema }: CommandOption, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    // A field that may be several things, text among them, need not be quoted.
    if (takes === "json" && acceptsText(schema)) return text;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw refuse(`--${name} takes JSON: ${reason}.`);
  }
}

function acceptsText({ type, anyOf = [] }: CommandOption["schema"]): boolean {
  return (Array.isArray(type) ? type.includes("string") : type === "string") || anyOf.some(acceptsText);
}

function put(target: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [field = "", ...deeper] = path;
  if (deeper.length === 0) {
    target[field] = value;
    return;
  }
  const inner = target[field];
  const next = typeof inner === "object" && inner !== null && !Array.isArray(inner) ? { ...inner } : {};
  target[field] = next;
  put(next as Record<string, unknown>, deeper, value);
}

function check(operation: Operation, options: readonly CommandOption[], input: object): void {
  const parsed = operation.input.safeParse(input, { reportInput: true });
  if (parsed.success) return;
  const sentences = parsed.error.issues.map((issue) => {
    const name = nameOption(operation, options, issue.path.map(String));
    return `${name === "" ? "" : `${name}: `}${explainIssue(issue).replace(/^is missing: .*/, "is missing")}`;
  });
  throw refuse([...new Set(sentences)].join("\n"));
}

/** How the field is said on the command line: by the option that is nearest to it. */
function nameOption(operation: Operation, options: readonly CommandOption[], path: readonly string[]): string {
  if (path.length === 1 && listPathFields(operation).includes(path[0] ?? "")) return toPlaceholder(path[0] ?? "");
  const nearest = options
    .filter((option) => option.path.every((part, index) => path[index] === part))
    .toSorted((a, b) => b.path.length - a.path.length)[0];
  if (nearest === undefined) return path.join(".");
  const [first, ...deeper] = path.slice(nearest.path.length);
  if (first === undefined) return `--${nearest.name}`;
  // The entries of a list are options of their own, most often there is one.
  const place = nearest.takes === "list" ? (first === "0" ? [] : [`(number ${Number(first) + 1})`]) : [first];
  return [`--${nearest.name}`, ...place, ...deeper].join(" ");
}

function refuse(message: string): AppError {
  return new AppError("invalid_request", message);
}
