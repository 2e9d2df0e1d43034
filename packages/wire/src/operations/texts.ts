// The kinds of text that operations of several nouns take.

import { z } from "zod";

/** A name people gave. */
export const nameInput = z.string().trim().min(1).max(100);

export const descriptionInput = z.string().trim().max(2000).describe("What it is for.");

/** Of something there is. */
export const idInput = z.string().min(1).max(200);

/** The version the caller saw; another one now is a conflict. Absent: whatever it is. */
export const versionInput = z
  .int()
  .min(1)
  .optional()
  .describe("The version you saw: when somebody was faster, nothing is changed.");

/** A person, a service account or a team. */
export const holderInput = z
  .string()
  .max(200)
  .regex(/^(usr|svc|tem)_./, "must be the id of a person (usr_…), a service account (svc_…) or a team (tem_…)");

/** A person or a service account. */
export const memberInput = z
  .string()
  .max(200)
  .regex(/^(usr|svc)_./, "must be the id of a person (usr_…) or a service account (svc_…)");

const firstMoment = Date.parse("0001-01-01T00:00:00Z");
const lastMoment = Date.parse("9999-12-31T23:59:59.999Z");

/** A date with time, in the years that are written with four digits: no other is stored. */
export const momentInput = z.iso.datetime({ offset: true, abort: true }).refine((text) => {
  const at = Date.parse(text);
  return at >= firstMoment && at <= lastMoment;
}, "must be a time in the years 1 to 9999");
