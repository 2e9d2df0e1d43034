// The commands on everything at once: make it as a file declares, and write such a file.

import { AppError } from "@auxot/wire/errors";
import { applyConfiguration, exportConfiguration, type Resources } from "@auxot/wire/operations/configuration";
import type { Change } from "@auxot/wire/operations/define-operation";
import { parseDocument, stringify } from "yaml";
import { printJson, type Command, type Terminal } from "./command.ts";
import { readCallOptions } from "./operation-command.ts";
import { readTextFile } from "./read-text-file.ts";
import { renderChanges } from "./render-changes.ts";
import { addSecretValues } from "./secret-values.ts";
import { renderTable } from "./table.ts";

const defaultFile = "auxot.yaml";

export const apply: Command = {
  name: "apply",
  summary: "Make everything as the resources in a file declare it. Asks first, where a person sits.",
  positionals: [],
  options: {
    file: {
      value: "FILE",
      summary: `YAML or JSON; - is what is piped in (default: ${defaultFile})`,
      short: "f",
      isFile: true,
    },
    "dry-run": { summary: "only show what would change" },
    prune: { summary: "also remove what the listed nouns have and the file does not" },
    "set-secrets": { summary: "set the values of secrets that are there already too" },
    yes: { summary: "do not ask whether it is meant", short: "y" },
    "idempotency-key": { value: "TEXT", summary: "with the same text it is done only once in 24 hours" },
  },
  async run(invocation, client) {
    const { terminal, isJson, options } = invocation;
    const file = typeof options["file"] === "string" ? options["file"] : defaultFile;
    const setSecrets = options["set-secrets"] === true;
    const resources = addSecretValues(await readResources(terminal, file), terminal.environment, file, setSecrets);
    const input = { resources, prune: options["prune"] === true, setSecrets };
    const router = client();
    const asks = terminal.confirm !== undefined && options["yes"] !== true && !isJson;
    let seen: Seen | undefined;
    if (options["dry-run"] === true || asks) {
      const preview = await router.preview(applyConfiguration, input);
      seen = preview.changes.map(toSeen);
      if (options["dry-run"] === true && isJson) return printJson(invocation, preview);
      terminal.out(renderChanges(preview.changes, terminal.isColoured));
      terminal.err(countChanges(preview.changes, true));
      if (options["dry-run"] === true || preview.changes.length === 0) return 0;
      if ((await terminal.confirm?.("Make it so?")) !== true) {
        terminal.err("Nothing was changed.\n");
        return 1;
      }
    }
    const agreed = { ...input, ...(seen === undefined ? {} : { seen }) };
    const answer = await router.call(applyConfiguration, agreed, readCallOptions(invocation));
    if (isJson) return printJson(invocation, answer);
    if (!asks) terminal.out(renderChanges(answer.changes, terminal.isColoured));
    terminal.err(countChanges(answer.changes, false));
    if (answer.made.length === 0) return 0;
    terminal.err("Keep these, they are not shown again:\n");
    terminal.out(
      renderTable(
        ["KIND", "NAME", "SECRET"],
        answer.made.map(({ kind, name, secret }) => [kind, name, secret]),
      ),
    );
    return 0;
  },
};

export const exportAll: Command = {
  name: "export",
  summary: "Write what there is, as auxot apply takes it. Secrets are left out.",
  positionals: [],
  options: {},
  async run(invocation, client) {
    const answer = await client().call(exportConfiguration, {});
    if (invocation.isJson) return printJson(invocation, answer);
    invocation.terminal.out(stringify(answer));
    return 0;
  },
};

type Seen = ReturnType<typeof toSeen>[];

/** What a person saw of a change, so that nothing else is done. */
function toSeen({ kind, name, before }: Change) {
  const version = before?.["version"];
  return { kind, name, version: typeof version === "number" ? version : null };
}

async function readResources(terminal: Pick<Terminal, "readFile">, file: string): Promise<Resources> {
  const document = parseDocument(await readTextFile(terminal, file, "--file"), { prettyErrors: true });
  const [error] = document.errors;
  if (error !== undefined) throw refuse(`${file} is not YAML: ${error.message.trim()}`);
  const tree: unknown = document.toJS() ?? {};
  const resources = typeof tree === "object" && tree !== null && "resources" in tree ? tree.resources : undefined;
  if (resources === undefined || resources === null) {
    throw refuse(`${file} has no resources: at its top. \`npx auxot export\` writes one.`);
  }
  const parsed = applyConfiguration.input.safeParse({ resources });
  const issue = parsed.error?.issues[0];
  if (issue !== undefined)
    throw refuse(`${file}, ${issue.path.join(".")}: ${issue.message.replace(/^Invalid input: /, "")}.`);
  return resources as Resources;
}

function countChanges(changes: readonly Change[], isTried: boolean): string {
  if (changes.length === 0) return "Everything is as declared.\n";
  const made = changes.filter(({ before }) => before === null).length;
  const removed = changes.filter(({ before, after }) => before !== null && isGone(after)).length;
  const counts = [made, changes.length - made - removed, removed];
  const words = isTried ? ["to make", "to change", "to remove"] : ["made", "changed", "removed"];
  const told = counts.flatMap((count, index) => (count === 0 ? [] : `${count} ${words[index]}`)).join(", ");
  return isTried ? `${told}. Nothing was changed yet.\n` : `${told}.\n`;
}

/** What is revoked stays in the lists, and is gone all the same. */
function isGone(after: Change["after"]): boolean {
  return after === null || typeof after["revokedAt"] === "string";
}

function refuse(message: string): AppError {
  return new AppError("invalid_request", message);
}
