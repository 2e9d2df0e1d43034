// Tells other rooms what they may know of people.

import type { People } from "../../../operations/people.ts";
import type { UserStore } from "./store.ts";

export function createPeople(users: Pick<UserStore, "find" | "nameAll">): People {
  return {
    async find(executor, id) {
      const user = await users.find(id, executor);
      return user === undefined ? undefined : { id, name: user.name, active: user.deactivatedAt === null };
    },
    nameAll: users.nameAll,
  };
}
