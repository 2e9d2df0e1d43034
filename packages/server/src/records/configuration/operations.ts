// Does what wire/operations/configuration.ts declares, over all nouns that can be declared.

import { AppError } from "@auxot/wire/errors";
import { applyConfiguration, exportConfiguration, type Resources } from "@auxot/wire/operations/configuration";
import type { Change } from "@auxot/wire/operations/define-operation";
import { findUnknownNouns, type AnyApplicable, type Applied, type ApplyOptions } from "../../operations/applicable.ts";
import { eraseHandler, type AnyOperationHandler, type Work } from "../../operations/handler.ts";
import { createNames, type DeclaredNames, type Names, type NameSource } from "../../operations/names.ts";
import { InputError, type InputProblem } from "../../operations/read-input.ts";
import { lockConfiguration } from "../../operations/store.ts";
import { requireAccess } from "../../platform/access/may.ts";
import type { Caller } from "../../platform/caller.ts";

type Entry = Readonly<Record<string, unknown>>;

/** `nouns` in an order in which each names only those before it; what is removed goes the other way round. `others`: what a file may name and not declare. */
export function createConfigurationOperations(
  nouns: readonly AnyApplicable[],
  others: readonly NameSource[] = [],
): readonly AnyOperationHandler[] {
  const sources = [...nouns.flatMap(({ called }) => called ?? []), ...others];
  return [
    eraseHandler({
      operation: exportConfiguration,
      async handle(caller, _input, work) {
        requireAccess(caller, exportConfiguration.action);
        const names = createNames(sources, caller, work);
        const resources: Record<string, Record<string, unknown>[]> = {};
        for (const one of nouns) {
          const entries = await one.exportAll(caller, work, names);
          if (entries.length > 0) resources[one.noun] = entries.map((entry) => ({ ...entry })).toSorted(byName);
        }
        return { resources };
      },
    }),
    eraseHandler({
      operation: applyConfiguration,
      async handle(caller, { resources, seen, ...options }, work) {
        requireAccess(caller, applyConfiguration.action);
        await lockConfiguration(work.tx);
        const { recording, changes } = record(work);
        const names = createNames(sources, caller, recording, listDeclared(nouns, resources));
        const problems = [
          ...findUnknownNouns(
            Object.keys(resources),
            nouns.map(({ noun }) => noun),
          ),
          ...(await findProblems(nouns, resources, names)),
        ];
        if (problems.length > 0) throw new InputError(problems);
        const applied = await applyAll(nouns, caller, resources, recording, names, options);
        if (options.prune) await requireLeft(nouns, resources, names);
        if (seen !== undefined) requireSeen(seen, changes);
        return { changes, made: applied.flatMap(({ made }) => made) };
      },
    }),
  ];
}

async function applyAll(
  nouns: readonly AnyApplicable[],
  caller: Caller,
  resources: Resources,
  work: Work,
  names: Names,
  options: ApplyOptions,
): Promise<readonly Applied[]> {
  const applied: Applied[] = [];
  for (const { noun, called, apply } of nouns) {
    const sent = resources[noun];
    if (sent === undefined) continue;
    applied.push(await apply(sent, { caller, work, names, options, path: `resources.${noun}` }));
    if (called !== undefined) names.forget(called.kind);
  }
  for (const one of applied) await one.settle();
  if (options.prune) for (const one of applied.toReversed()) await one.removeOthers();
  return applied;
}

async function findProblems(
  nouns: readonly AnyApplicable[],
  resources: Resources,
  names: Names,
): Promise<readonly InputProblem[]> {
  const problems: InputProblem[] = [];
  for (const { noun, check, checkNames } of nouns) {
    const sent = resources[noun] ?? [];
    const path = `resources.${noun}`;
    problems.push(...check(sent, path), ...(await checkNames(sent, path, names)));
  }
  return problems;
}

/** Nothing of the file is about what prune removed. */
async function requireLeft(nouns: readonly AnyApplicable[], resources: Resources, names: Names): Promise<void> {
  for (const { called } of nouns) if (called !== undefined) names.forget(called.kind);
  const problems = await findProblems(nouns, resources, names);
  if (problems.length === 0) return;
  throw new InputError(
    problems.map(({ path, message }) => ({
      path,
      message: `${message}; it would be removed, as the file does not have it`,
    })),
  );
}

function listDeclared(nouns: readonly AnyApplicable[], resources: Resources): DeclaredNames {
  return (kind, known, names) => {
    const noun = nouns.find(({ called }) => called?.kind === kind);
    return noun?.declare(resources[noun.noun] ?? [], known, names) ?? Promise.resolve([]);
  };
}

/** What was agreed to is what is done. */
function requireSeen(
  seen: readonly { readonly kind: string; readonly name: string }[],
  changes: readonly Change[],
): void {
  const asked = seen.map(describe);
  const done = changes.map(({ kind, name, before }) => describe({ kind, name, version: readVersion(before) }));
  const other = done.find((one, index) => one !== asked[index]);
  if (other === undefined && done.length === asked.length) return;
  throw new AppError(
    "conflict",
    "Somebody changed something since you looked: other changes would be made than those you saw. Nothing was changed; look again.",
    { param: "seen" },
  );
}

function describe({ kind, name, version = null }: { kind: string; name: string; version?: number | null }): string {
  return JSON.stringify([kind, name, version]);
}

function readVersion(before: Change["before"]): number | null {
  const version = before?.["version"];
  return typeof version === "number" ? version : null;
}

function record(work: Work): { readonly recording: Work; readonly changes: Change[] } {
  const changes: Change[] = [];
  const effects = new Set<() => unknown>();
  const recording: Work = {
    ...work,
    changed(change) {
      changes.push(change);
      work.changed(change);
    },
    // A hundred new limits are read once.
    afterCommit(effect) {
      if (effects.has(effect)) return;
      effects.add(effect);
      work.afterCommit(effect);
    },
  };
  return { recording, changes };
}

/** By what people look an entry up by; the organisation first, and always the same. */
function byName(a: Entry, b: Entry): number {
  const [first, second] = [toSortText(a), toSortText(b)];
  return first === second ? 0 : first < second ? -1 : 1;
}

function toSortText(entry: Entry): string {
  const { name, model, subject, scope } = entry;
  const whom = subject ?? scope ?? "org";
  return JSON.stringify([name ?? "", whom === "org" ? "" : whom, model ?? "", entry]);
}
