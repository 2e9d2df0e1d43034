// The things that operations of several nouns are about, each looked up by the room that keeps it. Types only.

import type { Resource } from "../platform/access/may.ts";
import type { Executor } from "../store/database.ts";

/** What `may` asks of one thing, with its shares, and what people call it. */
export type NamedResource = Resource & { readonly name: string };

/** Undefined: there is no such thing. */
export type FindResource = (executor: Executor, id: string) => Promise<NamedResource | undefined>;

/** How the things of each kind are found. */
export type ResourceFinders = ReadonlyMap<string, FindResource>;
