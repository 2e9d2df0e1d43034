// One declaration per administrative act. Faces (REST, CLI, later OpenAPI and tools) are made from it.

import type { z } from "zod";

export const permissions = ["keys:read", "keys:write", "workers:read", "providers:read"] as const;
export type Permission = (typeof permissions)[number];

/** `path` may hold `{field}` parts, filled from the input; the rest of the input is the query (GET, DELETE) or JSON body. */
export type Operation<Input = unknown, Output = unknown> = {
  readonly name: string;
  readonly summary: string;
  readonly permission: Permission;
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  readonly path: string;
  readonly input: z.ZodType<Input>;
  readonly output: z.ZodType<Output>;
};

/** Declares an operation; only fixes the types. */
export function defineOperation<Input, Output>(operation: Operation<Input, Output>): Operation<Input, Output> {
  return operation;
}
