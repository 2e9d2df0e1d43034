// Takes names where an operation takes ids: of teams, service accounts, roles and keys, and the e-mail addresses of people.

import type { Client } from "@auxot/client/client";
import { AppError } from "@auxot/wire/errors";
import type { CommandOption } from "@auxot/wire/operations/command-line";
import type { Operation } from "@auxot/wire/operations/define-operation";
import { listPathFields, nounOf } from "@auxot/wire/operations/describe";
import { listKeys } from "@auxot/wire/operations/keys";
import { listRoles } from "@auxot/wire/operations/roles";
import { listServiceAccounts } from "@auxot/wire/operations/service-accounts";
import { listTeams } from "@auxot/wire/operations/teams";
import { listUsers } from "@auxot/wire/operations/users";
import type { Invocation } from "./command.ts";

type Named = {
  readonly id: string;
  readonly name: string;
  readonly slug?: string;
  readonly email?: string;
  readonly revokedAt?: string | null;
};

const lists = {
  teams: (client: Client): AsyncIterable<Named> => client.listAll(listTeams, {}),
  "service-accounts": (client: Client): AsyncIterable<Named> => client.listAll(listServiceAccounts, {}),
  roles: (client: Client): AsyncIterable<Named> => client.listAll(listRoles, {}),
  keys: (client: Client): AsyncIterable<Named> => client.listAll(listKeys, {}),
  users: (client: Client): AsyncIterable<Named> => client.listAll(listUsers, {}),
} as const;
type Noun = keyof typeof lists;

/** Fields that hold ids whatever the noun is; those with a few fixed words are none of them. */
const nounsOfField: Readonly<Record<string, readonly Noun[]>> = {
  team: ["teams"],
  teams: ["teams"],
  member: ["service-accounts", "users"],
  holder: ["teams", "service-accounts", "users"],
  to: ["teams", "service-accounts", "users"],
  owner: ["teams", "service-accounts", "users"],
  subject: ["teams", "service-accounts", "users"],
  subjectId: ["teams", "service-accounts", "users"],
  scopeId: ["teams"],
};

/** Whether anything given may be a name: then what the command takes is known only once the router was asked. */
export function hasNames(operation: Operation, options: readonly CommandOption[], invocation: Invocation): boolean {
  return listGiven(operation, options, invocation).some(({ words }) => words.some(isName));
}

/** The invocation with ids in the place of names. Throws `conflict` where several things have one. */
export async function putIds(
  operation: Operation,
  options: readonly CommandOption[],
  invocation: Invocation,
  client: () => Client,
): Promise<Invocation> {
  const positionals = [...invocation.positionals];
  const changed: Record<string, string | readonly string[]> = {};
  for (const { nouns, words, place } of listGiven(operation, options, invocation)) {
    if (!words.some(isName)) continue;
    const ids = await Promise.all(words.map((word) => (isName(word) ? findId(word, nouns, client()) : word)));
    if (typeof place === "number") positionals[place] = ids[0] ?? "";
    else changed[place] = typeof invocation.options[place] === "object" ? ids : (ids[0] ?? "");
  }
  return { ...invocation, positionals, options: { ...invocation.options, ...changed } };
}

type Given = {
  readonly nouns: readonly Noun[];
  readonly words: readonly string[];
  /** The position, or the option's name. */
  readonly place: number | string;
};

function listGiven(operation: Operation, options: readonly CommandOption[], invocation: Invocation): readonly Given[] {
  const own = nounOf(operation);
  const inPath = listPathFields(operation).flatMap((field, place) => {
    const word = invocation.positionals[place];
    const nouns = field === "id" && own in lists ? [own as Noun] : (nounsOfField[field] ?? []);
    return word === undefined || nouns.length === 0 ? [] : [{ nouns, words: [word], place }];
  });
  const asOptions = options.flatMap(({ name, path, schema }) => {
    const nouns = schema.enum === undefined && path.length === 1 ? nounsOfField[path[0] ?? ""] : undefined;
    const given = invocation.options[name];
    if (nouns === undefined || given === undefined || typeof given === "boolean") return [];
    // Where a text may stand for the list, `--team a,b` is one.
    const words = typeof given === "string" ? [given] : schema.anyOf === undefined ? given : given.flatMap(split);
    return [{ nouns, words, place: name }];
  });
  return [...inPath, ...asOptions];
}

function split(text: string): readonly string[] {
  return text.startsWith("[") ? [text] : text.split(",");
}

function isName(word: string): boolean {
  return word !== "org" && !/^[a-z]{3}_\w+$/.test(word) && !word.startsWith("[") && word !== "";
}

/** As it is when nothing is called so: the router says what is wrong with it. */
async function findId(word: string, nouns: readonly Noun[], client: Client): Promise<string> {
  const named = await Promise.all(nouns.map((noun) => listNamed(noun, word, client)));
  const found = named.flat();
  if (found.length > 1) {
    throw new AppError("conflict", `"${word}" is the name of ${found.map(({ id }) => id).join(" and ")}: say which.`);
  }
  return found[0]?.id ?? word;
}

/** Nothing where the caller may not see the list. */
async function listNamed(noun: Noun, word: string, client: Client): Promise<readonly Named[]> {
  try {
    const all = await Array.fromAsync(lists[noun](client));
    return all.filter(
      ({ name, slug, email, revokedAt }) =>
        (name === word || slug === word || email === word.toLowerCase()) && (revokedAt ?? null) === null,
    );
  } catch (error) {
    if (error instanceof AppError && error.code === "forbidden") return [];
    throw error;
  }
}
