// Puts the values of secrets beside the entries of a file that say where they are. A value stands in no file.

import { AppError } from "@auxot/wire/errors";
import type { Resources } from "@auxot/wire/operations/configuration";
import type { Environment } from "./config.ts";

/**
 * Throws `invalid_request` for a value that stands in the file. A variable that is not set is left to the router, which knows
 * whether the secret is there already; with `areAllNeeded` it is refused here.
 */
export function addSecretValues(
  resources: Resources,
  environment: Pick<Environment, "read">,
  file: string,
  areAllNeeded: boolean,
): Resources {
  const { secrets } = resources;
  if (secrets === undefined) return resources;
  const filled = secrets.map((entry, index) => {
    const place = `${file}, resources.secrets.${index}`;
    if (entry["value"] !== undefined) {
      throw new AppError(
        "invalid_request",
        `${place}.value: values do not belong in files. Write valueFrom: {env: NAME}, and set that environment variable.`,
      );
    }
    const name = readVariable(entry["valueFrom"]);
    const value = name === undefined ? undefined : environment.read(name);
    if (value !== undefined && value !== "") return { ...entry, value };
    if (name !== undefined && areAllNeeded) {
      throw new AppError("invalid_request", `${place}.valueFrom: the environment variable ${name} is not set.`);
    }
    return entry;
  });
  return { ...resources, secrets: filled };
}

/** Undefined for anything else: the router says what is wrong with it. */
function readVariable(valueFrom: unknown): string | undefined {
  if (typeof valueFrom !== "object" || valueFrom === null || !("env" in valueFrom)) return undefined;
  return typeof valueFrom.env === "string" ? valueFrom.env : undefined;
}
