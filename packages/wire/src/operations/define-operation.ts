// One declaration per administrative act. Its faces (REST, OpenAPI, client, command line, tools) are made from it.

import { z } from "zod";
import type { Action } from "../access.ts";

/** `Sent` is what a client may send: defaults left out. `path` may hold `{field}` parts, filled from the input; the rest of the input is the query (GET, DELETE) or JSON body. */
export type Operation<Input = unknown, Output = unknown, Sent = unknown> = {
  /** `<noun>.<verb>`; the command line says it with a space. */
  readonly name: string;
  /** A sentence. */
  readonly summary: string;
  /** What its caller must be allowed to do. */
  readonly action: Action;
  /** A read that is audited as writes are. */
  readonly audited?: true;
  readonly method: "GET" | "POST" | "PATCH" | "PUT" | "DELETE";
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

/** Everything but GET changes something: it can be tried as a dry run and is audited. */
export function isWrite({ method }: Pick<Operation, "method">): boolean {
  return method !== "GET";
}

/** What a write does to one thing. Never holds a secret. */
export const changeSchema = z.object({
  kind: z.string(),
  id: z.string(),
  name: z.string(),
  /** null: it is made. */
  before: z.record(z.string(), z.unknown()).nullable(),
  /** null: it is removed. */
  after: z.record(z.string(), z.unknown()).nullable(),
});
export type Change = Readonly<z.infer<typeof changeSchema>>;

/** The answer to a write with `dryRun=true`: nothing was changed. */
export const previewSchema = z.object({ dryRun: z.literal(true), changes: z.array(changeSchema) });
export type Preview = z.infer<typeof previewSchema>;
