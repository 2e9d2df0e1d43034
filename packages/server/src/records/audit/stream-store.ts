// SQL of how far each collector of the audit log has been told, and which router tells it.

import type { Database } from "../../store/database.ts";

export type AuditStreamStore = {
  /** The last entry told, when `owner` may tell it until `until`; undefined while another router does. */
  claim(name: string, owner: string, now: Date, until: Date): Promise<number | undefined>;
  /** False when the claim was lost meanwhile. */
  save(name: string, owner: string, seq: number, until: Date): Promise<boolean>;
  release(name: string, owner: string): Promise<void>;
};

export function createAuditStreamStore({ sql }: Database): AuditStreamStore {
  return {
    async claim(name, owner, now, until) {
      const [row] = await sql<{ seq: number }[]>`
        insert into audit_stream as stream (name, seq, owner, owned_until)
        values (${name}, 0, ${owner}, ${until.toISOString()})
        on conflict (name) do update set owner = excluded.owner, owned_until = excluded.owned_until
        where stream.owner is null or stream.owner = excluded.owner or stream.owned_until < ${now.toISOString()}
        returning seq`;
      return row?.seq;
    },
    async save(name, owner, seq, until) {
      const saved = await sql`
        update audit_stream set seq = ${seq}, owned_until = ${until.toISOString()}
        where name = ${name} and owner = ${owner}`;
      return saved.count > 0;
    },
    async release(name, owner) {
      await sql`update audit_stream set owner = null, owned_until = null where name = ${name} and owner = ${owner}`;
    },
  };
}
