// A test's database as several whole routers share it: behind an address.

import { connect, createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { openTestDatabase } from "./database.ts";

/** A database by URL, as routers share it. */
export async function shareDatabase(): Promise<AsyncDisposable & { readonly url: string }> {
  const database = await openTestDatabase();
  const { target } = database;
  if (!("socketDir" in target)) throw new Error("The test's database is embedded.");
  const proxy = createServer((socket) => {
    const upstream = connect(join(target.socketDir, ".s.PGSQL.5432"));
    for (const [from, to] of [
      [socket, upstream],
      [upstream, socket],
    ] as const)
      from.on("error", () => to.destroy()).pipe(to);
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  return {
    url: `postgres://${target.user}@127.0.0.1:${(proxy.address() as AddressInfo).port}/${target.database}`,
    async [Symbol.asyncDispose]() {
      proxy.close();
      await database[Symbol.asyncDispose]();
    },
  };
}
