// SQL that deletes what nobody can use any more: sessions, challenges, command lines that waited, links, answers of SAML. A few rows at a time,
// so that nothing else waits for it, however much a crowd left.

import type { Database } from "../../../store/database.ts";

const batch = 1000;
const dayMs = 24 * 60 * 60 * 1000;
/** Administrators look back at invitations for this long. */
const keepLinksMs = 90 * dayMs;

/** How many rows went. */
export type DeleteOver = (now: Date) => Promise<number>;

export function createDeleteOver({ sql }: Pick<Database, "sql">): DeleteOver {
  return async (now) => {
    const moment = now.toISOString();
    const linksBefore = new Date(now.getTime() - keepLinksMs).toISOString();
    const steps = [
      () => sql`delete from user_session where id in (
        select id from user_session where expires_at < ${moment} limit ${batch})`,
      () => sql`delete from sign_in_challenge where id in (
        select id from sign_in_challenge where expires_at < ${moment} limit ${batch})`,
      () => sql`delete from device_grant where id in (
        select id from device_grant where expires_at < ${moment} limit ${batch})`,
      () => sql`delete from one_time_link where id in (
        select id from one_time_link where expires_at < ${linksBefore} limit ${batch})`,
      () => sql`delete from saml_answer where token_hash in (
        select token_hash from saml_answer where expires_at < ${moment} limit ${batch})`,
    ];
    let gone = 0;
    for (const step of steps) {
      for (let count = batch; count === batch; gone += count) ({ count } = await step());
    }
    return gone;
  };
}
