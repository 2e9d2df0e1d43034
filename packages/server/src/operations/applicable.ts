// What a noun must tell so that it can be declared in a file. Knows no noun.

import { isDeepStrictEqual } from "node:util";
import type { z } from "zod";
import { AppError } from "@auxot/wire/errors";
import { findNearMatches } from "@auxot/wire/near-matches";
import type { Caller } from "../platform/caller.ts";
import type { Work } from "./handler.ts";
import type { Called, Names, NameSource, Place } from "./names.ts";
import type { InputProblem } from "./read-input.ts";

/** `entry` with ids in the place of names. `isGone`: it is about something that is no more, so that no file can name it. */
export type Existing<Plain> = {
  readonly id: string;
  readonly entry: Plain;
  /** Where there is one: updates are held to it. */
  readonly version?: number;
  readonly isGone?: boolean;
};

/** `secret`: the text that is shown once. */
export type MadeThing = { readonly id: string; readonly secret?: string };

export type ApplyOptions = {
  /** What the file does not have is removed, inside entries too. */
  readonly prune: boolean;
  /** Values of secrets that are there already are set anew. */
  readonly setSecrets: boolean;
};

/**
 * A noun that can be declared. `Entry` is what a file says, `Plain` the same with ids in the place of names. What makes and
 * changes does operations of the noun (`chooseOperation`), which ask for the caller's rights and tell their changes. Throws AppError.
 */
export type Applicable<Entry extends object, Plain extends object> = {
  /** As the file says it. */
  readonly noun: string;
  /** As its changes say it. */
  readonly kind: string;
  /** Refuses unknown fields. Defaults stand in for what is not said. */
  readonly entry: z.ZodType<Entry>;
  /** Where others of the file name this noun's things. */
  readonly called?: NameSource;
  /** An entry may say by `id` which of several that look the same it means. */
  readonly hasIds?: true;
  /** `at` tells the place of a field. */
  read(entry: Entry, names: Names, at: PlaceOf): Promise<Plain>;
  /** Only for things that are not gone. */
  write(plain: Plain, names: Names): Promise<object>;
  /** Two with the same text are the same thing. */
  identify(plain: Plain): string;
  /** Which of those without an entry may be meant by one that is identified by none of them. */
  findOthers?(plain: Plain, left: readonly Existing<Plain>[], now: Date): readonly Existing<Plain>[];
  /** For people. */
  title(plain: Plain, names: Names): string | Promise<string>;
  /** What there is and may be declared, without secrets. */
  list(caller: Caller, work: Work, names: Names): Promise<readonly Existing<Plain>[]>;
  create(caller: Caller, plain: Plain, work: Work, options: ApplyOptions): Promise<MadeThing>;
  update(caller: Caller, existing: Existing<Plain>, plain: Plain, work: Work, options: ApplyOptions): Promise<void>;
  /** What of an entry names things of later nouns, after all nouns are as declared; before, these may have no ids yet. */
  settle?(caller: Caller, id: string, plain: Plain, work: Work, options: ApplyOptions): Promise<void>;
  remove(caller: Caller, existing: Existing<Plain>, work: Work): Promise<void>;
  /** It is the past of one that the file has: prune leaves it alone. */
  isPast?(existing: Existing<Plain>, kept: readonly Existing<Plain>[], now: Date): boolean;
};

/** The place of a field of an entry, e.g. `at("members", 0)`. */
export type PlaceOf = (...field: readonly (string | number)[]) => Place;

export type Made = { readonly kind: string; readonly id: string; readonly name: string; readonly secret: string };

export type Applying = {
  readonly caller: Caller;
  readonly work: Work;
  readonly names: Names;
  readonly options: ApplyOptions;
  /** Where the noun's entries stand. */
  readonly path: string;
};

/** One noun of a file, made so. What is left to do: `settle` after all nouns, then `removeOthers`. */
export type Applied = {
  readonly made: readonly Made[];
  settle(): Promise<void>;
  removeOthers(): Promise<void>;
};

/** Any noun, as the registry keeps them. */
export type AnyApplicable = {
  readonly noun: string;
  readonly called: NameSource | undefined;
  /** Everything wrong with the noun's part of a file by itself. `path` is where it stands. */
  check(sent: readonly unknown[], path: string): readonly InputProblem[];
  /** Names in it that nobody has, and entries that mean the same thing; entries that are wrong by themselves are left out. */
  checkNames(sent: readonly unknown[], path: string, names: Names): Promise<readonly InputProblem[]>;
  /** What others of the file may name once it is made. */
  declare(sent: readonly unknown[], known: readonly Called[], names: Names): Promise<readonly Called[]>;
  exportAll(caller: Caller, work: Work, names: Names): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** Entries are checked by then. */
  apply(sent: readonly unknown[], applying: Applying): Promise<Applied>;
};

/** What a list of an entry names, always in the same order: by kind and name. */
export function sortTold<Told extends object | string>(told: readonly Told[]): readonly Told[] {
  const texts = new Map(told.map((one) => [one, JSON.stringify(one)]));
  return told.toSorted((a, b) => ((texts.get(a) ?? "") < (texts.get(b) ?? "") ? -1 : 1));
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

/** Throws `conflict` where a field differs that makes it another thing. */
export function requireSame<Plain extends object>(
  before: Plain,
  after: Plain,
  fields: readonly (keyof Plain & string)[],
): void {
  const told = fields
    .filter((field) => before[field] !== after[field])
    .map((field) => `${field} is ${String(before[field])}, not ${String(after[field])}`);
  if (told.length === 0) return;
  throw new AppError("conflict", `it is there as another one, which cannot be changed: ${told.join("; ")}.`);
}

/** Those of the fields that differ, as they are to be. */
export function findChanged<Plain extends object, Field extends keyof Plain>(
  before: Plain,
  after: Plain,
  fields: readonly Field[],
): Partial<Pick<Plain, Field>> {
  const changed: Partial<Pick<Plain, Field>> = {};
  for (const field of fields) if (!isDeepStrictEqual(before[field], after[field])) changed[field] = after[field];
  return changed;
}

/** The version a change is held to: somebody else's change meanwhile is a conflict. */
export function asSeen({ version }: Pick<Existing<unknown>, "version">): { readonly version?: number } {
  return version === undefined ? {} : { version };
}

/** Tells of those in a field that are there already; gives them as they are. */
export function refuseRepeated<One extends { readonly id: string }>(
  list: readonly One[],
  field: string,
  at: PlaceOf,
): readonly One[] {
  for (const [index, { id }] of list.entries()) {
    const first = list.findIndex((one) => one.id === id);
    if (first === index) continue;
    const { path, problems } = at(field, index);
    problems.push({ path, message: `is the same as ${at(field, first).path}` });
  }
  return list;
}

/** One after the other, so that what is wrong is told in the order of the file. */
export async function readEach<One, Result>(
  list: readonly One[],
  read: (one: One, index: number) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  for (const [index, one] of list.entries()) results.push(await read(one, index));
  return results;
}
