// One declaration per administrative act. Faces (REST, CLI, later OpenAPI and tools) are made from it.

import type { z } from "zod";

export const permissions = ["keys:read", "keys:write", "workers:read"] as const;
export type Permission = (typeof permissions)[number];

/** `Sent` is what a client may send: defaults left out. `path` may hold `{field}` parts, filled from the input; the rest of the input is the query (GET, DELETE) or JSON body. */
export type Operation<Input = unknown, Output = unknown, Sent = unknown> = {
  readonly name: string;
  readonly summary: string;
  readonly permission: Permission;
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  readonly path: string;
  readonly input: z.ZodType<Input, Sent>;
  readonly output: z.ZodType<Output>;
};

/** Declares an operation; only fixes the types. */
export function defineOperation<Input, Output, Sent>(
  operation: Operation<Input, Output, Sent>,
): Operation<Input, Output, Sent> {
  return operation;
}
