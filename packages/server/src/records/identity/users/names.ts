// How a file names people: by their e-mail addresses.

import { listUsers } from "@auxot/wire/operations/users";
import { chooseOperation, type AnyOperationHandler } from "../../../operations/handler.ts";
import type { NameSource } from "../../../operations/names.ts";

/** `handlers` has those of people's accounts. */
export function createPersonNames(handlers: readonly AnyOperationHandler[]): NameSource {
  const list = chooseOperation(handlers, listUsers);
  return {
    kind: "user",
    async list(caller, work) {
      return (await list.all(caller, {}, work)).map(({ id, email }) => ({ id, name: email }));
    },
  };
}
