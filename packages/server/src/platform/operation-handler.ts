// Owns the pairing of a declared operation with the code that does it. Permissions were checked before `handle`.

import type { Operation } from "@auxot/wire/operations/define-operation";
import type { Caller } from "./caller.ts";

/** `input` has passed `operation.input`; what `handle` returns must pass `operation.output`. Throws AppError. */
export type OperationHandler<Input, Output> = {
  readonly operation: Operation<Input, Output>;
  handle(caller: Caller, input: Input): Promise<Output>;
};

/** A handler of any operation, as the routes keep them. */
export type AnyOperationHandler = {
  readonly operation: Operation;
  handle(caller: Caller, input: unknown): Promise<unknown>;
};

/** Forgets the input type, safely: the input goes through `operation.input` first. */
export function eraseHandler<Input, Output>(handler: OperationHandler<Input, Output>): AnyOperationHandler {
  return {
    operation: handler.operation,
    handle: (caller, input) => handler.handle(caller, handler.operation.input.parse(input)),
  };
}
