// For each operation an input that a fresh router takes, so that tests can drive every one of them.

import type { Client } from "@auxot/client/client";
import { createKey } from "@auxot/wire/operations/keys";

/** What it is about is made with the client before. Called anew for each try: every input works once. */
export type MakeInput = (client: Client) => Promise<object> | object;

/** By the operation's name. A test says which ones are missing. */
export const operationInputs: Readonly<Record<string, MakeInput>> = {
  "keys.create": () => ({ name: "driven" }),
  "keys.list": () => ({}),
  "keys.revoke": async (client) => ({ id: (await client.call(createKey, { name: "to be revoked" })).id }),
  "workers.list": () => ({}),
  "configuration.export": () => ({}),
  "configuration.apply": () => ({ resources: { keys: [{ name: `declared ${crypto.randomUUID()}` }] } }),
};
