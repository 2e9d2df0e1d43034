// Reads the input of an operation; tells everything wrong with it at once.

import { AppError } from "@auxot/wire/errors";
import type { Operation } from "@auxot/wire/operations/define-operation";

export type InputProblem = { readonly path: string; readonly message: string };

/** An input that breaks several rules; `problems` has one entry each. */
export class InputError extends AppError {
  readonly problems: readonly InputProblem[];

  constructor(problems: readonly InputProblem[]) {
    super(
      "invalid_request",
      problems.map(({ path, message }) => (path === "" ? message : `${path}: ${message}`)).join("; "),
    );
    this.problems = problems;
  }
}

/** Throws InputError. */
export function readInput(operation: Operation, sent: unknown): unknown {
  const parsed = operation.input.safeParse(sent);
  if (parsed.success) return parsed.data;
  throw new InputError(
    parsed.error.issues.map(({ path, message }) => ({ path: path.join("."), message: readably(message) })),
  );
}

/** The validator's own words, less its jargon. */
export function readably(message: string): string {
  return message
    .replace(/^Invalid (input|option): /, "")
    .replace(/^expected (.+), received undefined$/, "is missing: expected $1");
}
