// Owns the SCIM 2.0 server: which call does what. Knows no HTTP beyond method, path and body.

import { AppError } from "@auxot/wire/errors";
import type { Origin } from "../../../operations/audit-entry.ts";
import type { Database } from "../../../store/database.ts";
import { listResourceTypes, listSchemas, maxResults, writeServiceProviderConfig } from "./documents.ts";
import { parseFilter } from "./filter.ts";
import { writeGroup, type ScimGroups } from "./groups.ts";
import { writePerson, type ScimPeople } from "./people.ts";
import type { RunScim, ScimCaller } from "./run.ts";
import type { ScimStore } from "./store.ts";
import type { ScimTokens } from "./tokens.ts";
import { ScimError, writeList, type ScimJson, type ScimPage } from "./words.ts";

/** `path` below /scim/v2, e.g. `/Users/usr_1`; `token` as presented. */
export type ScimRequest = {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: ScimJson;
  readonly token: string | undefined;
  readonly origin: Origin;
};

/** `body` undefined with 204. */
export type ScimAnswer = { readonly status: number; readonly body: ScimJson | undefined; readonly location?: string };

export type Scim = { handle(request: ScimRequest): Promise<ScimAnswer> };

export type ScimDeps = {
  readonly database: Pick<Database, "db">;
  readonly store: ScimStore;
  readonly tokens: ScimTokens;
  readonly people: ScimPeople;
  readonly groups: ScimGroups;
  readonly run: RunScim;
  origins(): readonly string[];
};

export function createScim(deps: ScimDeps): Scim {
  return {
    async handle(request) {
      const baseUrl = `${deps.origins()[0]}/scim/v2`;
      const caller = { ...(await deps.tokens.check(request.token)), origin: request.origin };
      const [, kind = "", id = "", ...more] = request.path.split("/");
      if (more.length > 0) throw explainNothing(request);
      switch (kind) {
        case "Users":
          return handleUsers(deps, caller, request, id, baseUrl);
        case "Groups":
          return handleGroups(deps, caller, request, id, baseUrl);
        case "ServiceProviderConfig":
          return read(request, writeServiceProviderConfig(baseUrl));
        case "ResourceTypes":
          return readDocument(request, id, listResourceTypes(baseUrl));
        case "Schemas":
          return readDocument(request, id, listSchemas(baseUrl));
        default:
          throw explainNothing(request);
      }
    },
  };
}

async function handleUsers(
  { store, people, run, database: { db } }: ScimDeps,
  caller: ScimCaller,
  request: ScimRequest,
  id: string,
  baseUrl: string,
): Promise<ScimAnswer> {
  const { body, query } = request;
  switch (`${request.method} ${id === "" ? "all" : "one"}`) {
    case "GET all": {
      const page = readPage(query);
      const { rows, total } = await store.findPeople(db, readFilter(query), page);
      return {
        status: 200,
        body: writeList(
          rows.map((row) => writePerson(row, baseUrl)),
          total,
          page,
        ),
      };
    }
    case "GET one":
      return { status: 200, body: writePerson(await people.require(db, id), baseUrl) };
    case "POST all": {
      const made = await run(caller, "users.create", (work) => people.create(work, body));
      return { status: 201, body: writePerson(made, baseUrl), location: `${baseUrl}/Users/${made.id}` };
    }
    case "PUT one":
      return {
        status: 200,
        body: writePerson(await run(caller, "users.update", (work) => people.replace(work, id, body)), baseUrl),
      };
    case "PATCH one":
      return {
        status: 200,
        body: writePerson(await run(caller, "users.update", (work) => people.patch(work, id, body)), baseUrl),
      };
    case "DELETE one":
      await run(caller, "users.remove", (work) => people.remove(work, id));
      return { status: 204, body: undefined };
    default:
      throw explainMethod(request);
  }
}

async function handleGroups(
  { store, groups, run, database: { db } }: ScimDeps,
  caller: ScimCaller,
  request: ScimRequest,
  id: string,
  baseUrl: string,
): Promise<ScimAnswer> {
  const { body, query } = request;
  const withMembers = !/(^|,)\s*members\s*(,|$)/i.test(query.get("excludedAttributes") ?? "");
  const write = (group: Parameters<typeof writeGroup>[0]): ScimJson => writeGroup(group, baseUrl, withMembers);
  switch (`${request.method} ${id === "" ? "all" : "one"}`) {
    case "GET all": {
      const page = readPage(query);
      const { rows, total } = await store.findGroups(db, readFilter(query), page);
      const members = withMembers
        ? await store.listMembers(
            db,
            rows.map((row) => row.id),
          )
        : [];
      const items = rows.map((row) => write({ ...row, members: members.filter(({ groupId }) => groupId === row.id) }));
      return { status: 200, body: writeList(items, total, page) };
    }
    case "GET one":
      return { status: 200, body: write(await groups.require(db, id)) };
    case "POST all": {
      const made = await run(caller, "groups.create", (work) => groups.create(work, body));
      return { status: 201, body: write(made), location: `${baseUrl}/Groups/${made.id}` };
    }
    case "PUT one":
      return { status: 200, body: write(await run(caller, "groups.update", (work) => groups.replace(work, id, body))) };
    case "PATCH one":
      return { status: 200, body: write(await run(caller, "groups.update", (work) => groups.patch(work, id, body))) };
    case "DELETE one":
      await run(caller, "groups.remove", (work) => groups.remove(work, id));
      return { status: 204, body: undefined };
    default:
      throw explainMethod(request);
  }
}

/** RFC 7644 §3.4.2.4: what is too small or too large is brought into range. */
function readPage(query: URLSearchParams): ScimPage {
  const read = (name: string, fallback: number): number => {
    const text = query.get(name);
    if (text === null) return fallback;
    if (!/^-?\d{1,9}$/.test(text)) throw new ScimError("invalidValue", `${name} must be a whole number.`);
    return Number(text);
  };
  return {
    startIndex: Math.max(1, read("startIndex", 1)),
    count: Math.min(maxResults, Math.max(0, read("count", 100))),
  };
}

function readFilter(query: URLSearchParams) {
  const filter = query.get("filter");
  return filter === null || filter.trim() === "" ? [] : parseFilter(filter);
}

function read(request: ScimRequest, body: ScimJson): ScimAnswer {
  if (request.method !== "GET") throw explainMethod(request);
  return { status: 200, body };
}

function readDocument(
  request: ScimRequest,
  id: string,
  documents: readonly (ScimJson & { readonly id: string })[],
): ScimAnswer {
  if (id === "")
    return read(request, writeList(documents, documents.length, { startIndex: 1, count: documents.length }));
  const found = documents.find((document) => document.id === id);
  if (found === undefined) throw explainNothing(request);
  return read(request, found);
}

function explainNothing({ path }: ScimRequest): AppError {
  return new AppError("not_found", `There is nothing at /scim/v2${path}.`);
}

function explainMethod({ method, path }: ScimRequest): AppError {
  return new AppError("method_not_allowed", `${method} does nothing at /scim/v2${path}.`);
}
