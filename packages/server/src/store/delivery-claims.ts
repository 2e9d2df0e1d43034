// SQL of how far each collector and webhook has been told, and which router tells it. Behind platform/delivery.ts.

import type { Database } from "./database.ts";

/** As `DeliveryClaims` of platform/delivery.ts says. */
export function createDeliveryClaims({ sql }: Pick<Database, "sql">) {
  return {
    async claim(stream: string, owner: string, now: Date, until: Date): Promise<number | undefined> {
      const [row] = await sql<{ seq: number }[]>`
        insert into delivery_stream as stream (name, seq, owner, owned_until)
        values (${stream}, 0, ${owner}, ${until.toISOString()})
        on conflict (name) do update set owner = excluded.owner, owned_until = excluded.owned_until
        where stream.owner is null or stream.owner = excluded.owner or stream.owned_until < ${now.toISOString()}
        returning seq`;
      return row?.seq;
    },
    async save(stream: string, owner: string, seq: number, until: Date): Promise<boolean> {
      const saved = await sql`
        update delivery_stream set seq = ${seq}, owned_until = ${until.toISOString()}
        where name = ${stream} and owner = ${owner}`;
      return saved.count > 0;
    },
    async release(stream: string, owner: string): Promise<void> {
      await sql`update delivery_stream set owner = null, owned_until = null where name = ${stream} and owner = ${owner}`;
    },
  };
}
