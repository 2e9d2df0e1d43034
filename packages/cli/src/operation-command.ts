// Makes the command of an operation from its declaration.

import type { Client } from "@auxot/client/client";
import { AppError } from "@auxot/wire/errors";
import { listOptions, toPlaceholder, type CommandOption as FieldOption } from "@auxot/wire/operations/command-line";
import { isWrite, type Change, type Operation } from "@auxot/wire/operations/define-operation";
import { isList, listPathFields, toCommandName } from "@auxot/wire/operations/describe";
import type { Page } from "@auxot/wire/operations/page";
import { explainSchema } from "@auxot/wire/operations/schema-words";
import { explainMoney, isMoney } from "./read-money.ts";
import { explainTime, isTime } from "./read-time.ts";
import { printJson, type Command, type CommandOption, type Invocation } from "./command.ts";
import { examples } from "./examples.ts";
import { hasNames, putIds } from "./find-ids.ts";
import { putNames } from "./names.ts";
import { readOperationInput } from "./operation-input.ts";
import { presenters } from "./presenters.ts";
import { showAnswer } from "./render-answer.ts";
import { readTextFile } from "./read-text-file.ts";
import { renderChanges } from "./render-changes.ts";

/** In characters; what may be longer is taken from files too. */
const longestWord = 4000;

type Input = Readonly<Record<string, unknown>>;

export function createOperationCommand(operation: Operation): Command {
  // There are many commands, and one of them is run: none looks at its fields before it must.
  let known: readonly FieldOption[] | undefined;
  const listOwn = (): readonly FieldOption[] => (known ??= listOptions(operation));
  const read = (invocation: Invocation): Input =>
    readOperationInput(operation, listOwn(), { ...invocation, options: applySwitches(operation, invocation.options) });
  return {
    name: toCommandName(operation),
    summary: operation.summary,
    ...(examples[operation.name] === undefined ? {} : { examples: examples[operation.name] ?? [] }),
    positionals: listPathFields(operation).map((field) => ({ name: toPlaceholder(field) })),
    get options() {
      return { ...describeFields(operation, listOwn()), ...describeCommon(operation, listOwn()) };
    },
    check(invocation) {
      // What is in a file, or who has a name, is not known yet.
      const isOpen = listOwn().some((field) => invocation.options[`${field.name}-file`] !== undefined);
      if (!isOpen && !hasNames(operation, listOwn(), invocation)) read(invocation);
    },
    async run(given, client) {
      const invocation = await putIds(operation, listOwn(), await readFiles(given, listOwn()), client);
      const input = read(invocation);
      if (invocation.options["dry-run"] === true) return preview(operation, input, invocation, client());
      if (operation.method === "DELETE" && !(await isConfirmed(operation, input, invocation, client))) return 1;
      const { fileField, isBad, hasIds } = presenters[operation.name] ?? {};
      if (fileField !== undefined && !invocation.isJson)
        return writeFile(operation, fileField, input, invocation, client());
      const answer =
        invocation.options["all"] === true
          ? await readAll(operation, input, client())
          : await client().call(operation, input, readCallOptions(invocation));
      if (invocation.isJson) printJson(invocation, answer);
      else showAnswer(operation, hasIds === true ? await putNames(answer, client()) : answer, invocation);
      return isBad?.(answer as never) === true ? 1 : 0;
    },
  };
}

/** Shows what would change; `isJson` as the router said it. */
export function showPreview(changes: readonly Change[], { terminal }: Pick<Invocation, "terminal">): void {
  terminal.out(renderChanges(changes, terminal.isColoured));
}

/** The Idempotency-Key, where one was given. */
export function readCallOptions({ options }: Invocation): { readonly idempotencyKey?: string } {
  const given = options["idempotency-key"];
  return typeof given === "string" ? { idempotencyKey: given } : {};
}

async function preview(operation: Operation, input: Input, invocation: Invocation, client: Client): Promise<number> {
  const answer = await client.preview(operation, input);
  if (invocation.isJson) return printJson(invocation, answer);
  showPreview(answer.changes, invocation);
  invocation.terminal.err(
    answer.changes.length === 0 ? "Nothing would change.\n" : "Nothing was changed: this was a dry run.\n",
  );
  return 0;
}

/** Asks only where a person sits who has not said yes already. */
async function isConfirmed(
  operation: Operation,
  input: Input,
  invocation: Invocation,
  client: () => Client,
): Promise<boolean> {
  const { terminal, isJson, options } = invocation;
  if (terminal.confirm === undefined || isJson || options["yes"] === true) return true;
  const { changes } = await client().preview(operation, input);
  terminal.err(renderChanges(changes, terminal.isColoured));
  if (await terminal.confirm(`${operation.summary.split(". ")[0]?.replace(/\.$/, "")}?`)) return true;
  terminal.err("Nothing was changed.\n");
  return false;
}

/** Every part of a file, one after the other, as a pipe takes it; with `--limit` one part only. */
async function writeFile(
  operation: Operation,
  field: string,
  input: Input,
  { terminal, options }: Invocation,
  client: Client,
): Promise<number> {
  for (let cursor: unknown = input["cursor"]; cursor !== null;) {
    const asked = cursor === undefined ? input : { ...input, cursor };
    const part = (await client.call(operation, asked)) as Readonly<Record<string, unknown>>;
    terminal.out(String(part[field]));
    cursor = part["nextCursor"] ?? null;
    if (options["limit"] !== undefined && cursor !== null) {
      terminal.err(`There is more: --cursor ${String(cursor)}\n`);
      break;
    }
  }
  return 0;
}

async function readAll(operation: Operation, input: Input, client: Client): Promise<Page<unknown>> {
  const items = await Array.fromAsync(client.listAll(operation as Operation<unknown, Page<unknown>>, input));
  return { items, nextCursor: null };
}

/** Keys, licences and the like: long, or not for the list of processes. */
function mayBeFile({ takes, schema }: FieldOption): boolean {
  return takes === "text" && schema.enum === undefined && (schema.maxLength ?? 0) > longestWord;
}

async function readFiles(invocation: Invocation, fields: readonly FieldOption[]): Promise<Invocation> {
  const options = { ...invocation.options };
  for (const { name } of fields.filter(mayBeFile)) {
    const file = options[`${name}-file`];
    if (typeof file !== "string") continue;
    if (options[name] !== undefined) {
      throw new AppError("invalid_request", `--${name} and --${name}-file contradict each other.`);
    }
    const text = await readTextFile(invocation.terminal, file, `--${name}-file`);
    // Editors and echo end a file with a line break that nobody meant.
    options[name] = text.replace(/\r?\n$/, "");
  }
  return { ...invocation, options };
}

function applySwitches({ name }: Operation, options: Invocation["options"]): Invocation["options"] {
  const result = { ...options };
  for (const [word, { sets }] of Object.entries(presenters[name]?.switches ?? {})) {
    if (options[word] !== true) continue;
    for (const [option, value] of Object.entries(sets)) {
      const given = result[option];
      if (given !== undefined && given !== value) {
        throw new AppError("invalid_request", `--${word} and --${option} ${String(given)} contradict each other.`);
      }
      result[option] = value;
    }
  }
  return result;
}

function describeFields(operation: Operation, fields: readonly FieldOption[]): Readonly<Record<string, CommandOption>> {
  const options: Record<string, CommandOption> = {};
  for (const field of fields) {
    const choices = listChoices(field);
    options[field.name] = {
      summary: explain(field, mayBeTakenBack(operation, field)),
      ...(field.placeholder === "" ? {} : { value: field.placeholder }),
      ...(field.isRequired ? { isRequired: true } : {}),
      ...(field.takes === "list" ? { isRepeated: true } : {}),
      ...(choices.length === 0 ? {} : { choices }),
    };
    if (mayBeFile(field)) {
      const summary = `--${field.name} from a file; - is what is piped in`;
      options[`${field.name}-file`] = { value: "FILE", summary, isFile: true };
    }
    if (field.takes === "switch") {
      options[`no-${field.name}`] = {
        summary: `The opposite of --${field.name}`,
        isHidden: field.schema.default === false,
      };
    } else if (field.isNullable)
      options[`no-${field.name}`] = { summary: `Takes --${field.name} away`, isToldBeside: true };
  }
  for (const [word, { summary }] of Object.entries(presenters[operation.name]?.switches ?? {}))
    options[word] = { summary };
  return options;
}

function describeCommon(operation: Operation, fields: readonly FieldOption[]): Readonly<Record<string, CommandOption>> {
  if (isList(operation)) {
    return fields.some(({ name }) => name === "cursor")
      ? { all: { summary: "All of them, not only the first page" } }
      : {};
  }
  if (!isWrite(operation)) return {};
  return {
    "dry-run": { summary: "Only show what would change" },
    ...(operation.method === "DELETE" ? { yes: { summary: "Do not ask whether it is meant", short: "y" } } : {}),
    "idempotency-key": { value: "TEXT", summary: "With the same text it is done only once in 24 hours" },
  };
}

function listChoices({ schema }: FieldOption): readonly string[] {
  return (schema.enum ?? schema.items?.enum ?? []).filter((value) => typeof value === "string");
}

function explainValue({ schema, takes, path }: Pick<FieldOption, "schema" | "takes" | "path">): string {
  if (isTime({ schema })) return explainTime({ path });
  return explainSchema(takes === "list" ? (schema.items ?? { type: "string" }) : schema);
}

/** Where it makes a difference whether a field is null or left out. */
function mayBeTakenBack({ method }: Operation, { takes, isNullable, isRequired, schema }: FieldOption): boolean {
  return isNullable && takes !== "switch" && schema.default !== null && (method !== "POST" || isRequired);
}

function explain({ name, schema, takes, placeholder, isRequired, path }: FieldOption, isTakenBack: boolean): string {
  const isTold = takes === "switch" || placeholder.includes("|");
  const usual = schema.default;
  return [
    schema.description?.replace(/\.$/, "") ?? (isTold ? "" : explainValue({ schema, takes, path })),
    ...(schema.description !== undefined && isTime({ schema }) ? [explainTime({ path })] : []),
    ...(isMoney({ path, takes }) ? [explainMoney] : []),
    ...(takes === "list" ? ["may be repeated"] : []),
    ...(isTakenBack ? [`--no-${name} takes it away`] : []),
    ...(isRequired ? ["required"] : []),
    ...(usual === undefined || usual === false || usual === null || String(usual) === ""
      ? []
      : [`default: ${typeof usual === "string" ? usual : JSON.stringify(usual)}`]),
  ]
    .filter((part) => part !== "")
    .join("; ");
}
