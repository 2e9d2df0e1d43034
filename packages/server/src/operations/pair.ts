// Holds the declared operations against the code that does them: each must have exactly one handler. Pure.

import type { Operation } from "@auxot/wire/operations/define-operation";
import type { AnyOperationHandler } from "./handler.ts";

/** One sentence for each operation that nobody does, that two do, or that is done without being declared. */
export function findUnpaired(
  declared: readonly Operation[],
  handlers: readonly Pick<AnyOperationHandler, "operation">[],
): readonly string[] {
  const names = new Set([...declared, ...handlers.map(({ operation }) => operation)].map(({ name }) => name));
  return [...names].flatMap((name) => {
    const does = handlers.filter(({ operation }) => operation.name === name);
    const isDeclared = declared.some((operation) => operation.name === name);
    if (!isDeclared) return `${name} has a handler but is not in allOperations.`;
    if (does.length === 0) return `${name} is declared but has no handler.`;
    if (does.length > 1) return `${name} has ${does.length} handlers.`;
    return does.every(({ operation }) => declared.includes(operation)) ? [] : `${name} is done as another declaration.`;
  });
}

/** Throws an Error that names them all: a fault of ours, which no start may hide. */
export function requirePaired(declared: readonly Operation[], handlers: readonly AnyOperationHandler[]): void {
  const problems = findUnpaired(declared, handlers);
  if (problems.length > 0) throw new Error(problems.join(" "));
}
