// Makes of what a noun tells (applicable.ts) its part in files: checks, export, and how entries become changes. Knows no noun.

import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { AppError } from "@auxot/wire/errors";
import { toJsonSchema } from "@auxot/wire/operations/describe";
import type { AnyApplicable, Applicable, Applied, Applying, Made, PlaceOf } from "./applicable.ts";
import type { Work } from "./handler.ts";
import { matchEntries, type Declared } from "./match-entries.ts";
import type { Called, Names } from "./names.ts";
import { InputError, toProblems, type InputProblem } from "./read-input.ts";

const idSchema = z.string().min(1).max(200);

export function createApplicable<Entry extends object, Plain extends object>(
  noun: Applicable<Entry, Plain>,
): AnyApplicable {
  return {
    noun: noun.noun,
    called: noun.called,
    check: (sent, path) =>
      sent.flatMap((one, index) => {
        const { id, rest } = takeId(noun, one);
        return [
          ...issuesOf(idSchema.optional(), id, `${path}.${index}.id`),
          ...issuesOf(noun.entry, rest, `${path}.${index}`),
        ];
      }),
    async checkNames(sent, path, names) {
      const problems: InputProblem[] = [];
      const good = sent.map((one) => noun.entry.safeParse(takeId(noun, one).rest).success);
      const entries = await readAll(noun, sent, path, names, problems, (index) => good[index] === true);
      return [...problems, ...findRepeated(noun, entries)];
    },
    async declare(sent, known, names) {
      const told = await Promise.all(sent.map((one) => declareOne(one, known, names)));
      return told.flatMap((one) => one ?? []);
    },
    async exportAll(caller, work, names) {
      const listed = await placing("", noun.noun, () => noun.list(caller, work, names));
      const existing = listed.filter(({ isGone }) => isGone !== true);
      const alike = Map.groupBy(existing, ({ entry }) => noun.identify(entry));
      const written = existing.map(async ({ id, entry }) => {
        const several = noun.hasIds === true && (alike.get(noun.identify(entry))?.length ?? 0) > 1;
        return { ...(several ? { id } : {}), ...leaveOutDefaults(noun.entry, await noun.write(entry, names)) };
      });
      return Promise.all(written);
    },
    apply: (sent, applying) => applyAll(noun, sent, applying),
  };
}

async function applyAll<Entry extends object, Plain extends object>(
  noun: Applicable<Entry, Plain>,
  sent: readonly unknown[],
  { caller, work: whole, names, options, path }: Applying,
): Promise<Applied> {
  const { kind } = noun;
  const problems: InputProblem[] = [];
  const entries = await readAll(noun, sent, path, names, problems, () => true);
  if (problems.length > 0) throw new InputError(problems);
  const existing = await placing(path, "what there is", () => noun.list(caller, whole, names));
  const matches = matchEntries(noun, entries, existing, whole.now);
  const made: Made[] = [];
  const settled: { readonly id: string; readonly entry: Declared<Plain>; readonly before?: Plain }[] = [];

  async function act<Result>(plain: Plain, at: string, run: (work: Work) => Promise<Result>): Promise<Result> {
    const title = await noun.title(plain, names);
    return placing(at, `${kind} "${title}"`, () => run(callThings(whole, kind, title)));
  }

  for (const entry of entries) {
    const { plain } = entry;
    const found = matches.get(entry);
    await act(plain, entry.path, async (work) => {
      if (found === undefined) {
        const { id, secret } = await noun.create(caller, plain, work, options);
        if (secret !== undefined) made.push({ kind, id, name: await noun.title(plain, names), secret });
        settled.push({ id, entry });
        return;
      }
      if (!isDeepStrictEqual(found.entry, plain)) await noun.update(caller, found, plain, work, options);
      settled.push({ id: found.id, entry, before: found.entry });
    });
  }
  return {
    made,
    async settle() {
      const { settle } = noun;
      if (settle === undefined) return;
      // What it names of later nouns is there by now.
      const plains = new Map(
        (await readAll(noun, sent, path, names, [], () => true)).map((one) => [one.path, one.plain]),
      );
      for (const { id, entry, before } of settled) {
        const plain = plains.get(entry.path) ?? entry.plain;
        if (isDeepStrictEqual(before, plain)) continue;
        await act(plain, entry.path, (work) => settle(caller, id, plain, work, options));
      }
    },
    async removeOthers() {
      const kept = [...matches.values()];
      const left = new Set(existing).difference(new Set(kept));
      const others = [...left].filter((one) => noun.isPast?.(one, kept, whole.now) !== true);
      for (const one of others) {
        await act(one.entry, "", (work) => noun.remove(caller, one, work));
      }
    },
  };
}

async function readAll<Entry extends object, Plain extends object>(
  noun: Applicable<Entry, Plain>,
  sent: readonly unknown[],
  path: string,
  names: Names,
  problems: InputProblem[],
  isWanted: (index: number) => boolean,
): Promise<readonly Declared<Plain>[]> {
  const entries: Declared<Plain>[] = [];
  for (const [index, one] of sent.entries()) {
    if (!isWanted(index)) continue;
    const { id, rest } = takeId(noun, one);
    const place = `${path}.${index}`;
    const at: PlaceOf = (...field) => ({ path: [place, ...field].join("."), problems });
    const plain = await placing(place, noun.kind, () => noun.read(noun.entry.parse(rest), names, at));
    entries.push({ id: typeof id === "string" ? id : undefined, plain, path: place });
  }
  return entries;
}

function findRepeated<Entry extends object, Plain extends object>(
  noun: Applicable<Entry, Plain>,
  entries: readonly Declared<Plain>[],
): readonly InputProblem[] {
  const firsts = new Map<string, string>();
  return entries.flatMap(({ id, plain, path }) => {
    const text = id === undefined ? noun.identify(plain) : `id ${id}`;
    const first = firsts.get(text);
    if (first === undefined) firsts.set(text, path);
    const field = id === undefined ? ("name" in plain ? ".name" : "") : ".id";
    return first === undefined ? [] : { path: `${path}${field}`, message: `is the same as ${first}${field}` };
  });
}

/** A file is read by people: it says only what is not so anyway. */
function leaveOutDefaults(schema: z.ZodType, entry: object): Record<string, unknown> {
  const { properties = {} } = toJsonSchema(schema, "input");
  return Object.fromEntries(
    Object.entries(entry).filter(([field, value]) => !isDeepStrictEqual(properties[field]?.default, value)),
  );
}

const namedSchema = z.object({ id: idSchema.optional(), name: z.string(), team: z.string().nullish() });

/** Until it is made it has an id that is none, by which nothing can be done. Undefined: it is there already. */
async function declareOne(sent: unknown, known: readonly Called[], names: Names): Promise<Called | undefined> {
  const parsed = namedSchema.safeParse(sent).data;
  if (parsed === undefined) return undefined;
  const { id, name, team } = parsed;
  const problems: InputProblem[] = [];
  const teamId = typeof team === "string" ? await names.findTeam(team, { path: "", problems }) : undefined;
  const told = teamId === undefined ? undefined : await names.tellTeam(teamId);
  const label = told === undefined || told === teamId ? undefined : `${told}/${name}`;
  // With a team that is none, it is taken for the one of its name: one mistake is told once.
  const isThere = known.some((one) => one.name === name && (one.label === label || problems.length > 0));
  if (id === undefined && isThere) return undefined;
  return { id: id ?? `new ${label ?? name}`, name, ...(label === undefined ? {} : { label }) };
}

function takeId(
  { hasIds }: { readonly hasIds?: true },
  sent: unknown,
): { readonly id: unknown; readonly rest: unknown } {
  if (hasIds !== true || typeof sent !== "object" || sent === null || !("id" in sent))
    return { id: undefined, rest: sent };
  const { id, ...rest } = sent;
  return { id, rest };
}

function issuesOf(schema: z.ZodType, value: unknown, path: string): readonly InputProblem[] {
  return (schema.safeParse(value).error?.issues ?? [])
    .flatMap(toProblems)
    .map(({ path: field, message }) => ({ path: [path, field].filter((part) => part !== "").join("."), message }));
}

/** The noun's own things are told by their titles, which have names where the operations know ids. */
function callThings(work: Work, kind: string, title: string): Work {
  return { ...work, changed: (change) => work.changed(change.kind === kind ? { ...change, name: title } : change) };
}

/** Says of which entry an error tells. */
async function placing<Result>(path: string, what: string, act: () => Promise<Result>): Promise<Result> {
  try {
    return await act();
  } catch (cause) {
    if (cause instanceof InputError && path !== "") {
      throw new InputError(
        cause.problems.map(({ path: field, message }) => ({
          path: [path, field].filter((part) => part !== "").join("."),
          message,
        })),
      );
    }
    if (!(cause instanceof AppError)) throw cause;
    const where = path === "" ? what : `${path} (${what})`;
    throw new AppError(cause.code, `${where}: ${cause.message}`, { cause, param: path === "" ? "resources" : path });
  }
}
