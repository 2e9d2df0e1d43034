// What other rooms need to know of people, who are kept elsewhere. Types only.

export type Person = {
  readonly id: string;
  readonly name: string;
  /** False: may not do anything any more. */
  readonly active: boolean;
};

export type People = {
  /** By a `usr_` id. */
  find(id: string): Promise<Person | undefined>;
};
