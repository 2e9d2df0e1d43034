// Does what wire/operations/configuration.ts declares, over all nouns that can be declared.

import { isDeepStrictEqual } from "node:util";
import { applyConfiguration, exportConfiguration } from "@auxot/wire/operations/configuration";
import type { Change } from "@auxot/wire/operations/define-operation";
import { toJsonSchema } from "@auxot/wire/operations/describe";
import { findUnknownNouns, type AnyApplicable, type Made, type Named } from "../../operations/applicable.ts";
import { eraseHandler, type AnyOperationHandler, type Work } from "../../operations/handler.ts";
import { InputError } from "../../operations/read-input.ts";
import { lockConfiguration } from "../../operations/store.ts";
import { requireAccess } from "../../platform/access/may.ts";

/** `nouns` in an order in which each names only those before it; what is removed goes the other way round. */
export function createConfigurationOperations(nouns: readonly AnyApplicable[]): readonly AnyOperationHandler[] {
  return [
    eraseHandler({
      operation: exportConfiguration,
      async handle(caller, _input, work) {
        requireAccess(caller, exportConfiguration.action);
        const resources: Record<string, Record<string, unknown>[]> = {};
        for (const one of nouns) {
          const entries = await one.exportAll(caller, work);
          resources[one.noun] = entries.map((entry) => leaveOutDefaults(one, entry)).toSorted(byName);
        }
        return { resources };
      },
    }),
    eraseHandler({
      operation: applyConfiguration,
      async handle(caller, { resources, prune }, work) {
        requireAccess(caller, applyConfiguration.action);
        const known = nouns.map(({ noun }) => noun);
        const problems = [
          ...findUnknownNouns(Object.keys(resources), known),
          ...nouns.flatMap((one) => one.check(resources[one.noun] ?? [], `resources.${one.noun}`)),
        ];
        if (problems.length > 0) throw new InputError(problems);
        await lockConfiguration(work.tx);
        const { recording, changes } = record(work);
        const made: Made[] = [];
        const removals: (() => Promise<void>)[] = [];
        for (const one of nouns) {
          const entries = resources[one.noun];
          if (entries === undefined) continue;
          const applied = await one.apply(caller, entries, recording);
          made.push(...applied.made);
          removals.unshift(() => applied.removeOthers());
        }
        if (prune) for (const remove of removals) await remove();
        return { changes, made };
      },
    }),
  ];
}

function record(work: Work): { readonly recording: Work; readonly changes: Change[] } {
  const changes: Change[] = [];
  const recording: Work = {
    ...work,
    changed(change) {
      changes.push(change);
      work.changed(change);
    },
  };
  return { recording, changes };
}

/** A file is read by people: it says only what is not so anyway. */
function leaveOutDefaults({ entry: schema }: AnyApplicable, entry: Named): Record<string, unknown> {
  const { properties = {} } = toJsonSchema(schema, "input");
  return Object.fromEntries(
    Object.entries(entry).filter(([field, value]) => !isDeepStrictEqual(properties[field]?.default, value)),
  );
}

function byName(a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>): number {
  return String(a["name"]) < String(b["name"]) ? -1 : 1;
}
