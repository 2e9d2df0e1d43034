// SQL of the installed licence.

import type { Database, Executor } from "../../store/database.ts";
import { licence } from "../../store/tables/licence.ts";

export type LicenceStore = {
  read(): Promise<string | undefined>;
  save(tx: Executor, text: string, at: Date, by: string): Promise<void>;
};

export function createLicenceStore({ db }: Database): LicenceStore {
  return {
    async read() {
      const [row] = await db.select({ text: licence.text }).from(licence);
      return row?.text;
    },
    async save(tx, text, at, by) {
      const row = { text, installedAt: at, installedBy: by };
      await tx
        .insert(licence)
        .values({ id: 1, ...row })
        .onConflictDoUpdate({ target: licence.id, set: row });
    },
  };
}
