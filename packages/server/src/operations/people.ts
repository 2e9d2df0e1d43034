// What other rooms need to know of people, who are kept elsewhere. Types only.

import type { Executor } from "../store/database.ts";

export type Person = {
  readonly id: string;
  readonly name: string;
  /** False: may not do anything any more. */
  readonly active: boolean;
};

export type People = {
  /** By a `usr_` id. Asks through `executor`: inside a transaction a second connection might never come free. */
  find(executor: Executor, id: string): Promise<Person | undefined>;
  /** Names by id, with one question however many there are; whoever is not there is missing. */
  nameAll(executor: Executor, ids: readonly string[]): Promise<ReadonlyMap<string, string>>;
};
