// Tells this and all other routers that somebody's rights are others now, when the change is there for everybody.

import type { Work } from "../../operations/handler.ts";
import { announceRights } from "../../store/rights.ts";

/** Forgets what this router knew of callers. */
export type ForgetCallers = () => void;

export async function tellRights(work: Work, forgetCallers: ForgetCallers): Promise<void> {
  await announceRights(work.tx, { from: "", ids: [] });
  work.afterCommit(forgetCallers);
}
