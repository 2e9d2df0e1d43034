// The commands on keys.

import { AppError } from "@auxot/wire/errors";
import { createKey, listKeys, revokeKey } from "@auxot/wire/operations/keys";
import type { Command, Invocation } from "./command.ts";
import { renderTable } from "./table.ts";

export const keysCreate: Command = {
  name: "keys create",
  summary: createKey.summary,
  positionals: [],
  options: {
    name: { value: "NAME", summary: "what to call it in lists", isRequired: true },
    worker: { summary: "a worker's key (axw_…) instead of a caller's (axk_…)" },
    admin: { summary: "may use this command line too" },
    provider: { value: "NAME", summary: "the gpu or cli provider that the worker belongs to" },
  },
  check({ options }) {
    const { worker, admin, provider } = options;
    if (worker === true && admin === true) {
      throw new AppError("invalid_request", "A worker's key cannot be an admin's: leave --worker or --admin out.");
    }
    if (worker !== true && provider !== undefined) {
      throw new AppError("invalid_request", "--provider is for a worker's key: add --worker.");
    }
  },
  async run(invocation, client) {
    const { options, terminal } = invocation;
    const created = await client().call(createKey, {
      name: String(options["name"]),
      kind: options["worker"] === true ? "worker" : "caller",
      admin: options["admin"] === true,
      provider: typeof options["provider"] === "string" ? options["provider"] : undefined,
    });
    if (invocation.isJson) return printJson(invocation, created);
    // Alone on stdout, so that KEY=$(auxot keys create …) works.
    terminal.out(`${created.key}\n`);
    const kind = created.kind === "worker" ? "worker key" : created.admin ? "admin key" : "key";
    terminal.err(`This is the ${kind} "${created.name}" (${created.id}). Keep it: it is not shown again.\n`);
    return 0;
  },
};

export const keysList: Command = {
  name: "keys list",
  summary: listKeys.summary,
  positionals: [],
  options: {},
  async run(invocation, client) {
    const output = await client().call(listKeys, {});
    if (invocation.isJson) return printJson(invocation, output);
    if (output.items.length === 0) {
      invocation.terminal.err("There are no keys yet. Make one: npx auxot keys create --name NAME\n");
      return 0;
    }
    const rows = output.items.map((key) => [
      key.id,
      key.name,
      key.kind === "worker" ? "worker" : key.admin ? "admin" : "caller",
      key.provider ?? "-",
      key.masked,
      key.createdAt.slice(0, 10),
      key.revokedAt === null ? "active" : `revoked ${key.revokedAt.slice(0, 10)}`,
    ]);
    invocation.terminal.out(renderTable(["ID", "NAME", "KIND", "PROVIDER", "KEY", "CREATED", "STATE"], rows));
    return 0;
  },
};

export const keysRevoke: Command = {
  name: "keys revoke",
  summary: revokeKey.summary,
  positionals: ["ID"],
  options: {},
  async run(invocation, client) {
    const revoked = await client().call(revokeKey, { id: invocation.positionals[0] ?? "" });
    if (invocation.isJson) return printJson(invocation, revoked);
    invocation.terminal.out(`Revoked "${revoked.name}" (${revoked.masked}).\n`);
    return 0;
  },
};

function printJson({ terminal }: Invocation, value: unknown): number {
  terminal.out(`${JSON.stringify(value, null, 2)}\n`);
  return 0;
}
