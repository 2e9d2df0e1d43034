// SQL of the answers of SAML providers: taken once, fetched once.

import type { Database } from "../../../../store/database.ts";
import { and, eq, gt, isNotNull } from "../../../../store/drizzle.ts";
import { samlAnswer } from "../../../../store/tables/identity.ts";

export type SamlAnswer = {
  readonly providerId: string;
  readonly assertionId: string;
  readonly requestId: string;
  readonly relayState: string;
  readonly tokenHash: string;
  readonly claims: unknown;
  readonly createdAt: Date;
  readonly expiresAt: Date;
};

export type SamlStore = {
  /** False: this assertion was taken before, or its request was answered. */
  take(answer: SamlAnswer): Promise<boolean>;
  /** Undefined: there is none with claims, or it was taken before `since`. Its claims are gone afterwards. */
  fetch(providerId: string, tokenHash: string, since: Date): Promise<SamlAnswer | undefined>;
};

export function createSamlStore({ db }: Pick<Database, "db">): SamlStore {
  return {
    async take(answer) {
      const made = await db
        .insert(samlAnswer)
        .values(answer)
        .onConflictDoNothing()
        .returning({ id: samlAnswer.assertionId });
      return made.length > 0;
    },
    fetch: (providerId, tokenHash, since) =>
      db.transaction(async (tx) => {
        const [found] = await tx
          .select()
          .from(samlAnswer)
          .where(
            and(
              eq(samlAnswer.providerId, providerId),
              eq(samlAnswer.tokenHash, tokenHash),
              isNotNull(samlAnswer.claims),
              gt(samlAnswer.createdAt, since),
            ),
          )
          .for("update");
        if (found !== undefined) {
          await tx.update(samlAnswer).set({ claims: null }).where(eq(samlAnswer.tokenHash, tokenHash));
        }
        return found;
      }),
  };
}
