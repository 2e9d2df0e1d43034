// Knows what people, service accounts and teams are called, whichever room keeps them.

import { AppError } from "@auxot/wire/errors";
import type { People } from "./people.ts";
import type { Executor } from "../store/database.ts";
import { findNamedPrincipals } from "../store/principals.ts";

export type HolderType = "user" | "service" | "team";

/** Somebody or a team that can be given things. */
export type Holder = {
  readonly id: string;
  readonly type: HolderType;
  readonly name: string;
  /** Of a service account: the team it belongs to. Of a team: itself. */
  readonly teamId: string | null;
};

export type Directory = {
  /** Names by id; of whoever is gone, the id. */
  nameAll(executor: Executor, ids: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** Undefined: there is nobody of this id, or they are not active any more. */
  find(executor: Executor, id: string): Promise<Holder | undefined>;
  /** Throws `invalid_request` at `param`. */
  require(executor: Executor, id: string, param: string): Promise<Holder>;
};

export function createDirectory(people: People): Directory {
  async function find(executor: Executor, id: string): Promise<Holder | undefined> {
    if (typeOf(id) !== "user") return (await findNamedPrincipals(executor, [id])).get(id);
    const person = await people.find(executor, id);
    return person?.active === true ? { id, type: "user", name: person.name, teamId: null } : undefined;
  }
  return {
    find,
    async require(executor, id, param) {
      const found = await find(executor, id);
      if (found !== undefined) return found;
      const what = { user: "person", service: "service account", team: "team" }[typeOf(id)];
      throw new AppError("invalid_request", `${param}: there is no ${what} with the id "${id}".`, { param });
    },
    async nameAll(executor, ids) {
      const wanted = [...new Set(ids)];
      const names = new Map<string, string>([["org", "the organisation"]]);
      for (const { id, name } of (await findNamedPrincipals(executor, wanted)).values()) names.set(id, name);
      const persons = wanted.filter((id) => typeOf(id) === "user" && id !== "org");
      for (const [id, name] of await people.nameAll(executor, persons)) names.set(id, name);
      for (const id of wanted) if (!names.has(id)) names.set(id, id);
      return names;
    },
  };
}

/** By the id's prefix. */
export function typeOf(id: string): HolderType {
  if (id.startsWith("svc_")) return "service";
  return id.startsWith("tem_") ? "team" : "user";
}
