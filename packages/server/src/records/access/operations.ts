// Does what wire/operations/access.ts declares.

import { explainAccess, type Explanation } from "@auxot/wire/operations/access";
import { AppError } from "@auxot/wire/errors";
import { typeOf, type Directory } from "../../operations/directory.ts";
import { eraseHandler, type AnyOperationHandler } from "../../operations/handler.ts";
import type { NamedResource, ResourceFinders } from "../../operations/resources.ts";
import { listRights } from "../../platform/access/list-rights.ts";
import { may, mayAnywhere, requireAccess, type Resource, type Verdict } from "../../platform/access/may.ts";
import { createPrincipalCaller, type Caller } from "../../platform/caller.ts";
import type { Executor } from "../../store/database.ts";
import { findRights } from "../../store/rights.ts";
import type { Action } from "@auxot/wire/access";

export type AccessDeps = {
  readonly directory: Directory;
  /** Who comes with a key, if it is a caller's, and whether it is neither revoked nor expired. */
  findKeyCaller(tx: Executor, id: string): Promise<{ readonly caller: Caller; readonly works: boolean } | undefined>;
  /** The things a right can be asked for. */
  readonly resources: ResourceFinders;
};

type Subject = { readonly view: Explanation["subject"]; readonly caller: Caller; readonly resource: Resource };

/** The handler of `access.explain`. */
export function createAccessOperations(deps: AccessDeps): readonly AnyOperationHandler[] {
  return [
    eraseHandler({
      operation: explainAccess,
      async handle(caller, { subject: id, action, kind, id: thingId }, { tx }) {
        const subject = await findSubject(deps, tx, id);
        requireAccess(caller, "access.read", subject?.resource ?? nothing(id));
        if (subject === undefined)
          throw new AppError("not_found", `There is nobody with the id "${id}".`, { param: "subject" });
        const thing = await findThing(deps.resources, tx, caller, kind, thingId);
        const rights = subject.view.active ? listRights(subject.caller) : [];
        return {
          subject: subject.view,
          verdict: action === undefined ? null : { action, ...decide(subject, action, thing) },
          rights: rights.map((right) => ({ action: right.action, sources: [...right.sources] })),
        };
      },
    }),
  ];
}

function decide({ view, caller }: Subject, action: Action, thing: NamedResource | undefined): Verdict {
  if (!view.active) return { allowed: false, because: `${view.name} is disabled, expired or gone` };
  if (thing !== undefined) return may(caller, action, thing);
  const everywhere = may(caller, action);
  if (everywhere.allowed) return everywhere;
  const anywhere = mayAnywhere(caller, action);
  return anywhere.allowed ? { allowed: true, because: `${anywhere.because}, but not everywhere` } : everywhere;
}

async function findSubject(deps: AccessDeps, tx: Executor, id: string): Promise<Subject | undefined> {
  if (id.startsWith("key_")) return findKeySubject(deps, tx, id);
  const holder = await deps.directory.find(tx, id);
  const rights = await findRights(tx, id);
  if (holder === undefined) return undefined;
  const { type, name, teamId } = holder;
  const ownerId = type === "team" ? null : id;
  return {
    view: { id, type: typeOf(id), name, active: rights.active },
    caller: createPrincipalCaller({ keyId: "", name, id }, rights),
    resource: { kind: type, id, ownerId, teamId },
  };
}

/** Whoever may see a key may ask what it opens. */
async function findKeySubject(deps: AccessDeps, tx: Executor, id: string): Promise<Subject | undefined> {
  const found = await deps.findKeyCaller(tx, id);
  const resource = await deps.resources.get("key")?.(tx, id);
  if (found === undefined || resource === undefined) return undefined;
  const { caller, works } = found;
  const { type, id: holderId } = caller.principal;
  const active = works && (type === "system" || (await findRights(tx, holderId)).active);
  return { view: { id, type: "key", name: resource.name, active }, caller, resource };
}

async function findThing(
  resources: ResourceFinders,
  tx: Executor,
  caller: Caller,
  kind: string | undefined,
  id: string | undefined,
): Promise<NamedResource | undefined> {
  if (kind === undefined && id === undefined) return undefined;
  if (kind === undefined || id === undefined) {
    throw new AppError("invalid_request", "kind and id name one thing together: send both or neither.", {
      param: "kind",
    });
  }
  const find = resources.get(kind);
  if (find === undefined) {
    const kinds = [...resources.keys()].join(", ");
    throw new AppError("invalid_request", `kind: "${kind}" is none that rights are given on. There are: ${kinds}.`, {
      param: "kind",
    });
  }
  const found = await find(tx, id);
  if (found !== undefined) return found;
  // Whoever may not look at everything is not told what there is.
  if (!may(caller, "access.read").allowed) return { kind, id, ownerId: null, teamId: null, name: id };
  throw new AppError("not_found", `There is no ${kind} with the id "${id}".`, { param: "id" });
}

function nothing(id: string): Resource {
  return { kind: "subject", id, ownerId: null, teamId: null };
}
