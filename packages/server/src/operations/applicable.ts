// What a noun must tell so that it can be declared in a file, and how a file's entries become its changes. Knows no noun.

import { isDeepStrictEqual } from "node:util";
import type { z } from "zod";
import { AppError } from "@auxot/wire/errors";
import { findNearMatches } from "@auxot/wire/near-matches";
import { toSingular } from "@auxot/wire/operations/describe";
import type { Caller } from "../platform/caller.ts";
import type { Work } from "./handler.ts";
import { toProblems, type InputProblem } from "./read-input.ts";

/** An entry is known by its name. Defaults stand in for what it does not say. */
export type Named = { readonly name: string };

export type Existing<Entry extends Named> = { readonly id: string; readonly entry: Entry };

/** `secret`: the text that is shown once. */
export type MadeThing = { readonly id: string; readonly secret?: string };

/**
 * A noun that can be declared. Each function does operations of the noun (`chooseOperation`), which ask for the caller's
 * rights and tell their changes. Throws AppError.
 */
export type Applicable<Entry extends Named> = {
  readonly noun: string;
  /** Refuses unknown fields. */
  readonly entry: z.ZodType<Entry>;
  /** What there is and may be declared, in the form that `entry` gives, without secrets. */
  list(caller: Caller, work: Work): Promise<readonly Existing<Entry>[]>;
  create(caller: Caller, entry: Entry, work: Work): Promise<MadeThing>;
  /** Absent: such a thing is never changed, and a declaration that differs is refused. */
  update?(caller: Caller, existing: Existing<Entry>, entry: Entry, work: Work): Promise<void>;
  remove(caller: Caller, existing: Existing<Entry>, work: Work): Promise<void>;
};

export type Made = { readonly kind: string; readonly id: string; readonly name: string; readonly secret: string };

/** Any noun, as the registry keeps them; its entries are checked by then. */
export type AnyApplicable = {
  readonly noun: string;
  readonly entry: z.ZodType;
  /** Everything wrong with the noun's part of a file. `path` is where it stands. */
  check(sent: readonly unknown[], path: string): readonly InputProblem[];
  exportAll(caller: Caller, work: Work): Promise<readonly Named[]>;
  /** Makes and changes. Resolves with what is left to remove, for later, and the secrets of what was made. */
  apply(
    caller: Caller,
    sent: readonly unknown[],
    work: Work,
  ): Promise<{ readonly made: readonly Made[]; removeOthers(): Promise<void> }>;
};

export function createApplicable<Entry extends Named>(noun: Applicable<Entry>): AnyApplicable {
  const kind = toSingular(noun.noun);
  return {
    noun: noun.noun,
    entry: noun.entry,
    check: (sent, path) => [
      ...sent.flatMap((one, index) => {
        const parsed = noun.entry.safeParse(one);
        return (parsed.error?.issues ?? []).flatMap(toProblems).map(({ path: field, message }) => ({
          path: [path, index, field].filter((part) => part !== "").join("."),
          message,
        }));
      }),
      ...findRepeated(sent, path),
    ],
    async exportAll(caller, work) {
      return (await noun.list(caller, work)).map(({ entry }) => entry);
    },
    async apply(caller, sent, work) {
      const existing = await noun.list(caller, work);
      const made: Made[] = [];
      const entries = sent.map((one) => noun.entry.parse(one));
      for (const entry of entries) {
        const id = await placing(kind, entry, () => applyOne(noun, kind, caller, entry, existing, work));
        if (id?.secret !== undefined) made.push({ kind, id: id.id, name: entry.name, secret: id.secret });
      }
      return {
        made,
        async removeOthers() {
          for (const one of existing) {
            if (entries.some(({ name }) => name === one.entry.name)) continue;
            await placing(kind, one.entry, () => noun.remove(caller, one, work));
          }
        },
      };
    },
  };
}

/** What is wrong with the names of the nouns. */
export function findUnknownNouns(nouns: readonly string[], known: readonly string[]): readonly InputProblem[] {
  return nouns
    .filter((noun) => !known.includes(noun))
    .map((noun) => {
      const near = findNearMatches(noun, known)[0];
      const hint = near === undefined ? `only ${known.join(", ")} can` : `did you mean ${near}?`;
      return { path: `resources.${noun}`, message: `cannot be declared; ${hint}` };
    });
}

async function applyOne<Entry extends Named>(
  noun: Applicable<Entry>,
  kind: string,
  caller: Caller,
  entry: Entry,
  existing: readonly Existing<Entry>[],
  work: Work,
): Promise<MadeThing | undefined> {
  const [found, second] = existing.filter((one) => one.entry.name === entry.name);
  if (found === undefined) return noun.create(caller, entry, work);
  if (second !== undefined) {
    throw new AppError("conflict", `there are several with this name, so it is not clear which ${kind} is meant.`);
  }
  if (isDeepStrictEqual(found.entry, entry)) return undefined;
  if (noun.update === undefined) {
    throw new AppError(
      "conflict",
      `it is there with other settings, and a ${kind} cannot be changed: ${explainDifference(found.entry, entry)}.`,
    );
  }
  await noun.update(caller, found, entry, work);
  return undefined;
}

function explainDifference(before: object, after: object): string {
  const old = new Map(Object.entries(before));
  return Object.entries(after)
    .filter(([field, value]) => !isDeepStrictEqual(old.get(field), value))
    .map(([field, value]) => `${field} is ${JSON.stringify(old.get(field) ?? null)}, not ${JSON.stringify(value)}`)
    .join("; ");
}

/** Says of which entry an error tells. */
async function placing<Result>(kind: string, { name }: Named, act: () => Promise<Result>): Promise<Result> {
  try {
    return await act();
  } catch (cause) {
    if (!(cause instanceof AppError)) throw cause;
    throw new AppError(cause.code, `${kind} "${name}": ${cause.message}`, { cause, param: "resources" });
  }
}

function findRepeated(sent: readonly unknown[], path: string): readonly InputProblem[] {
  const names = sent.map((one) => (typeof one === "object" && one !== null && "name" in one ? one.name : undefined));
  return names.flatMap((name, index) => {
    const first = names.indexOf(name);
    if (typeof name !== "string" || first === index) return [];
    return { path: `${path}.${index}.name`, message: `is the same as ${path}.${first}.name` };
  });
}
