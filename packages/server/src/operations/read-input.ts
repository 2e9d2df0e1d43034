// Reads the input of an operation; tells everything wrong with it at once.

import type { z } from "zod";
import { AppError } from "@auxot/wire/errors";
import type { Operation } from "@auxot/wire/operations/define-operation";
import { explainIssue } from "@auxot/wire/operations/explain-issue";

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
export function readInput<Input>(operation: Pick<Operation<Input>, "input">, sent: unknown): Input {
  const unstorable = findUnstorable(sent, []);
  if (unstorable.length > 0) throw new InputError(unstorable);
  const parsed = operation.input.safeParse(sent, { reportInput: true });
  if (parsed.success) return parsed.data;
  throw new InputError(parsed.error.issues.flatMap(toProblems));
}

/** Far more than any input has; what goes on for ever would run out of stack. */
const deepest = 50;

/** Texts that Postgres does not take: with the character 0, or half of a pair that makes one character. */
function findUnstorable(value: unknown, path: readonly string[]): readonly InputProblem[] {
  if (typeof value === "string") {
    const isGood = !value.includes("\0") && value.isWellFormed();
    return isGood
      ? []
      : [{ path: path.join("."), message: "holds a character that is none (U+0000 or half of a pair)" }];
  }
  if (typeof value !== "object" || value === null) return [];
  if (path.length > deepest) return [{ path: path[0] ?? "", message: `is nested more than ${deepest} levels deep` }];
  return Object.entries(value).flatMap(([name, inner]) =>
    name.includes("\0") || !name.isWellFormed()
      ? [{ path: path.join("."), message: "holds a field whose name has a character that is none" }]
      : findUnstorable(inner, [...path, name]),
  );
}

/** What the validator says, in words for whoever sent the input. */
export function toProblems(issue: z.core.$ZodIssue): InputProblem | InputProblem[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({ path: [...issue.path, key].join("."), message: "is not known here" }));
  }
  return { path: issue.path.join("."), message: explainIssue(issue) };
}
