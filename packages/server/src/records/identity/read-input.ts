// Owns the reading of what people send to sign in: every mistake is told by its field.

import { z } from "zod";
import { InputError, toProblems } from "../../operations/read-input.ts";

/** Small letters, at most 254 characters: RFC 5321 §4.5.3.1. */
export const emailSchema = z
  .string()
  .trim()
  .toLowerCase()
  .max(254, "must be 254 characters at most")
  .pipe(z.email("must be an e-mail address"));

export const nameSchema = z.string().trim().min(1, "must not be empty").max(100, "must be 100 characters at most");

/** Throws InputError, which names each field at fault. */
export function readInput<Value>(schema: z.ZodType<Value>, input: unknown): Value {
  const parsed = schema.safeParse(input ?? {}, { reportInput: true });
  if (parsed.success) return parsed.data;
  throw new InputError(parsed.error.issues.flatMap(toProblems));
}
