// How a file names teams, service accounts, keys and people: by what they are called, since it has no ids. Knows no noun.

import { z } from "zod";
import { findNearMatches } from "@auxot/wire/near-matches";
import type { Caller } from "../platform/caller.ts";
import type { Work } from "./handler.ts";
import type { InputProblem } from "./read-input.ts";

/** Those of people are their e-mail addresses. */
export type NamedKind = "team" | "service" | "key" | "user";

/** `org`, or one kind with a name: `{ team: "platform" }`. */
export type Reference = "org" | Readonly<Partial<Record<NamedKind, string>>>;

/** `label` says which of several that have the name: `platform/ci`. */
export type Called = { readonly id: string; readonly name: string; readonly label?: string };

/** What a kind's things are called, as the caller may see them. Throws `forbidden`. */
export type NameSource = {
  readonly kind: NamedKind;
  list(caller: Caller, work: Work, names: Names): Promise<readonly Called[]>;
};

/** Where a name stands in the file, and what is wrong there so far. */
export type Place = { readonly path: string; readonly problems: InputProblem[] };

export type Names = {
  /** The id, `org` for the organisation. A name that nobody has, or several, is told to `place`; then what comes out is no id. */
  find(reference: Reference, place: Place): Promise<string>;
  findTeam(name: string, place: Place): Promise<string>;
  /** As a file says it; undefined: there is no such thing any more. */
  tell(id: string): Promise<Reference | undefined>;
  tellTeam(id: string): Promise<string | undefined>;
  /** For people: `team platform`; of whoever is gone, the id. */
  call(id: string): Promise<string>;
  /** Things of the kind were made or renamed. */
  forget(kind: NamedKind): void;
};

const kinds: readonly NamedKind[] = ["team", "service", "key", "user"];
const prefixes: Readonly<Record<NamedKind, string>> = { team: "tem_", service: "svc_", key: "key_", user: "usr_" };
const words: Readonly<Record<NamedKind, string>> = {
  team: "team",
  service: "service account",
  key: "key",
  user: "person",
};

/** What a field takes that names somebody. */
export function referenceSchema(kinds: readonly NamedKind[], org: "or org" | "not org"): z.ZodType<Reference> {
  const told = kinds.map((kind) => `{${kind}: ${kind === "user" ? "E-MAIL" : "NAME"}}`);
  const name = z.string().trim().min(1).max(200);
  return z.union(
    [...(org === "or org" ? [z.literal("org")] : []), ...kinds.map((kind) => z.strictObject({ [kind]: name }))],
    `must be ${org === "or org" ? "org, or " : ""}${told.join(" or ")}`,
  );
}

/** What a file makes of a kind, beside what is known. */
export type DeclaredNames = (kind: NamedKind, known: readonly Called[], names: Names) => Promise<readonly Called[]>;

/** What `declared` gives counts beside what there is, in the place of what has the same id. */
export function createNames(
  sources: readonly NameSource[],
  caller: Caller,
  work: Work,
  declared: DeclaredNames = () => Promise.resolve([]),
): Names {
  const lists = new Map<NamedKind, Promise<readonly Called[]>>();

  async function read(kind: NamedKind): Promise<readonly Called[]> {
    const known = (await sources.find((one) => one.kind === kind)?.list(caller, work, names)) ?? [];
    const more = await declared(kind, known, names);
    return [...known.filter(({ id }) => more.every((one) => one.id !== id)), ...more];
  }

  function list(kind: NamedKind): Promise<readonly Called[]> {
    const listed = lists.get(kind) ?? read(kind);
    lists.set(kind, listed);
    return listed;
  }

  async function findNamed(kind: NamedKind, name: string, { path, problems }: Place): Promise<string> {
    const known = await list(kind);
    const byId = known.find(({ id }) => id === name);
    if (byId !== undefined) return byId.id;
    const named = known.filter((one) => one.name === name);
    const found = named.length > 0 ? named : known.filter(({ label }) => label === name);
    if (found.length === 1 && found[0] !== undefined) return found[0].id;
    problems.push({ path, message: explain(kind, name, found, known) });
    return `no ${kind} ${name}`;
  }

  async function tellNamed(id: string, kind: NamedKind): Promise<string | undefined> {
    const known = await list(kind);
    const found = known.find((one) => one.id === id);
    if (found === undefined) return undefined;
    const { name, label } = found;
    if (known.filter((one) => one.name === name).length === 1) return name;
    // A name that is another's label means the other.
    const isClear = known.filter((one) => one.label === label || one.name === label).length === 1;
    return label !== undefined && isClear ? label : id;
  }

  const names: Names = {
    async find(reference, { path, problems }) {
      if (reference === "org") return "org";
      const kind = kinds.find((one) => reference[one] !== undefined) ?? "user";
      const name = reference[kind] ?? "";
      return findNamed(kind, kind === "user" ? name.toLowerCase() : name, { path: `${path}.${kind}`, problems });
    },
    findTeam: (name, place) => findNamed("team", name, place),
    async tell(id) {
      if (id === "org") return "org";
      const kind = kindOf(id);
      const name = await tellNamed(id, kind);
      return name === undefined ? undefined : { [kind]: name };
    },
    tellTeam: (id) => tellNamed(id, "team"),
    async call(id) {
      if (id === "org") return "the organisation";
      const kind = kindOf(id);
      const name = await tellNamed(id, kind);
      return name === undefined ? id : `${words[kind]} ${name}`;
    },
    forget: (kind) => void lists.delete(kind),
  };
  return names;
}

function explain(kind: NamedKind, name: string, found: readonly Called[], known: readonly Called[]): string {
  if (found.length > 1) {
    const ways = found.map(({ id, label }) => label ?? id).join(" or ");
    return `there are several ${words[kind]}s "${name}"; write ${ways}`;
  }
  const near = findNearMatches(
    name,
    known.map((one) => one.name),
  )[0];
  return `there is no ${words[kind]} "${name}"${near === undefined ? "" : `; did you mean ${near}?`}`;
}

function kindOf(id: string): NamedKind {
  return kinds.find((kind) => id.startsWith(prefixes[kind])) ?? "user";
}
