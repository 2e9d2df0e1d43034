// An organisation for tests: people, keys, teams and roles on a database of its own, as the router has them.

import type { AnyOperationHandler } from "../../src/operations/handler.ts";
import type { FindResource } from "../../src/operations/resources.ts";
import { createAccessOperations } from "../../src/records/access/operations.ts";
import { findRoleResource } from "../../src/records/people/roles/operations.ts";
import { findTeamResource } from "../../src/records/people/teams/operations.ts";
import type { People } from "../../src/operations/people.ts";
import { createPeople } from "../../src/records/identity/users/people.ts";
import { createUserStore } from "../../src/records/identity/users/store.ts";
import { createDirectory } from "../../src/operations/directory.ts";
import { createPrincipalCaller, type Caller } from "../../src/platform/caller.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { createPepper } from "../../src/platform/sealing.ts";
import { createSecret } from "../../src/platform/secret-text.ts";
import { createKeys, type Keys } from "../../src/records/keys/keys.ts";
import { createKeyOperations, findKeyResource } from "../../src/records/keys/operations.ts";
import { createKeyStore } from "../../src/records/keys/store.ts";
import { createModelOperations } from "../../src/records/models/operations.ts";
import { createRoutingOperations } from "../../src/records/models/routing-operations.ts";
import { openModelSettings, type LiveModelSettings } from "../../src/records/models/settings.ts";
import { createModelStore } from "../../src/records/models/store.ts";
import { createPeopleOperations } from "../../src/records/people/operations.ts";
import { findServiceResource } from "../../src/records/people/services/operations.ts";
import { openDatabase, type Database } from "../../src/store/database.ts";
import { findRights } from "../../src/store/rights.ts";
import { openTestDatabase, type TestDatabase } from "./database.ts";
import { createTestOperations, type TestOperations } from "./operations.ts";
import { quietLog } from "./quiet-log.ts";

export type TestOrganisation = AsyncDisposable &
  TestOperations & {
    readonly database: TestDatabase;
    readonly keys: Keys;
    readonly models: LiveModelSettings;
    /** What somebody who is signed in asks as. */
    as(id: string): Promise<Caller>;
    /** Keys as another router on the same database has them. */
    openOtherRouter(): Promise<Keys & AsyncDisposable>;
  };

const names: Readonly<Record<string, string>> = { usr_ada: "Ada", usr_bob: "Bob", usr_cy: "Cy", usr_dee: "Dee" };

export async function openTestOrganisation(): Promise<TestOrganisation> {
  const database = await openTestDatabase();
  await database.sql`insert into provider (id, name, kind, origin) values ('prv_gpu', 'gpu', 'gpu', 'system')`;
  const users = createUserStore(database);
  for (const [id, name] of Object.entries(names)) {
    const email = `${name.toLowerCase()}@example.com`;
    await users.insert(database.db, { id, name, email, emailVerified: true, origin: "created", createdAt: new Date() });
  }
  const keys = await openKeys(database);
  const models = await openModelSettings({ store: createModelStore(database), log: quietLog });
  return {
    database,
    keys,
    models,
    ...createTestOperations(database, createHandlers(createPeople(users), keys, models)),
    async as(id) {
      return createPrincipalCaller({ keyId: "", name: names[id] ?? id, id }, await findRights(database.db, id));
    },
    async openOtherRouter() {
      const other = await openDatabase(database.target, quietLog);
      const otherKeys = await openKeys(other);
      return {
        ...otherKeys,
        async [Symbol.asyncDispose]() {
          await otherKeys.close();
          await other.close();
        },
      };
    },
    async [Symbol.asyncDispose]() {
      await models.close();
      await keys.close();
      await database.close();
    },
  };
}

function openKeys(database: Database): Promise<Keys> {
  const pepper = createPepper(createSecret("a secret key of thirty-two letters"));
  return createKeys({ store: createKeyStore(database), pepper, clock: systemClock, log: quietLog });
}

function createHandlers(people: People, keys: Keys, { reload }: LiveModelSettings): readonly AnyOperationHandler[] {
  const directory = createDirectory(people);
  const findKey: FindResource = (tx, id) => findKeyResource(keys, tx, id);
  const shareable = new Map<string, FindResource>([
    ["key", findKey],
    ["service-account", findServiceResource],
  ]);
  const resources = new Map([...shareable, ["team", findTeamResource], ["role", findRoleResource]]);
  return [
    ...createKeyOperations({ keys, directory }),
    ...createPeopleOperations({
      directory,
      shareable,
      revokeKeysOf: keys.revokeOwned,
      forgetCallers: keys.forget,
    }),
    ...createAccessOperations({ directory, findKeyCaller: keys.findCaller, resources }),
    ...createModelOperations({ directory, reload }),
    ...createRoutingOperations({ directory, findKey, reload }),
  ];
}
