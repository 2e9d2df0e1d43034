// Owns the first account: made once, by whoever can read the router's log. Signs nobody in.

import { randomBytes, timingSafeEqual } from "node:crypto";
import { AppError } from "@auxot/wire/errors";
import { createId, idPrefixes } from "@auxot/wire/ids";
import { z } from "zod";
import type { Clock } from "../../platform/clock.ts";
import { hashText } from "../../platform/hash-text.ts";
import type { OrganisationStore } from "./organisation/store.ts";
import { checkPassword, type Passwords } from "./passwords.ts";
import { emailSchema, nameSchema, readInput } from "./read-input.ts";
import { createSlowdown } from "./slowdown.ts";
import { toTarget, type From, type Trail } from "./trail.ts";
import type { User, UserStore } from "./users/store.ts";

export type Setup = {
  /** A token for the log, new at every start and good for a day; undefined while there is an owner. */
  begin(): Promise<string | undefined>;
  isNeeded(): Promise<boolean>;
  /** Makes the owner. Throws `forbidden` for a wrong token, `rate_limited` after several, `conflict` when somebody was first. */
  finish(input: unknown, from: From): Promise<User>;
};

const tokenLastsMs = 24 * 60 * 60 * 1000;

const inputSchema = z.strictObject({
  token: z.string().max(200),
  name: nameSchema,
  email: emailSchema,
  /** Left out: the new owner adds a passkey with the session this gives. */
  password: z.string().optional(),
});

export function createSetup(deps: {
  readonly users: UserStore;
  readonly organisation: OrganisationStore;
  readonly passwords: Passwords;
  readonly trail: Trail;
  readonly clock: Clock;
}): Setup {
  const { users, organisation, passwords, trail, clock } = deps;
  const slowdown = createSlowdown({ clock, free: 5, everyMs: 10_000 });
  let token: { readonly hash: string; readonly until: number } | undefined;

  async function checkToken(given: string): Promise<void> {
    // Compared as hashes of one length, so that time tells nothing.
    const good =
      token !== undefined &&
      clock.now() < token.until &&
      timingSafeEqual(Buffer.from(hashText(given.trim())), Buffer.from(token.hash));
    if (good) return;
    throw new AppError(
      "forbidden",
      "The set-up token is wrong or too old. The router's log has it since the last start; restart the router for a new one.",
      { param: "token" },
    );
  }

  const isNeeded = async (): Promise<boolean> => (await organisation.countOwners()) === 0;

  return {
    isNeeded,
    async begin() {
      token = undefined;
      if (!(await isNeeded())) return undefined;
      const text = `setup_${randomBytes(24).toString("base64url")}`;
      token = { hash: hashText(text), until: clock.now() + tokenLastsMs };
      return text;
    },
    async finish(input, from) {
      const { token: given, name, email, password } = readInput(inputSchema, input);
      await slowdown.attempt([from.address, "everybody"], () => checkToken(given));
      if (password !== undefined) checkPassword(password, { email });
      const hash = password === undefined ? undefined : await passwords.hash(password);
      const owner = await users.transaction(async (tx) => {
        await organisation.lock(tx);
        if ((await organisation.countOwners(tx)) > 0) return undefined;
        const createdAt = new Date(clock.now());
        const id = createId(idPrefixes.user);
        const made = await users.insert(tx, {
          id,
          email,
          emailVerified: false,
          name,
          origin: "setup",
          createdAt,
        });
        if (made === undefined) {
          throw new AppError("invalid_request", "There is an account with this e-mail address already.", {
            param: "email",
          });
        }
        await organisation.setRole(tx, id, "owner", createdAt);
        if (hash !== undefined)
          await users.setPassword(tx, { id: createId(idPrefixes.signInMethod), userId: id, hash });
        const target = toTarget({ id, name });
        await trail.append(tx, [{ action: "users.set-up", by: target, from, target, after: { email, role: "owner" } }]);
        return users.find(id, tx);
      });
      token = undefined;
      if (owner !== undefined) return owner;
      throw new AppError("conflict", "Somebody owns this installation already. Ask them for an invitation.");
    },
  };
}
