// Owns passwords: what a good one is, and slow hashes of them, off the event loop and few at once. Stores nothing.

import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { availableParallelism } from "node:os";
import { AppError } from "@auxot/wire/errors";
import { createTakeTurn } from "../../platform/take-turns.ts";

export const passwordLength = { least: 10, most: 256 } as const;

export type Passwords = {
  /** `scrypt$log2N$r$p$salt$hash`. Takes about a fifth of a second. Throws `no_capacity` when too many wait. */
  hash(password: string): Promise<string>;
  /** False also for a text that is no hash. The same time whether right or wrong. */
  verify(hash: string, password: string): Promise<boolean>;
};

type Cost = { readonly logN: number; readonly r: number; readonly p: number };

/** 32 MiB and three passes: OWASP's password storage cheat sheet. */
const cost: Cost = { logN: 15, r: 8, p: 3 };
const hashBytes = 32;

export function createPasswords(): Passwords {
  const takeTurn = createTakeTurn({
    // Each takes a thread of the pool, which file access and name look-ups share, and a core, which answers need too.
    maxRunning: availableParallelism() > 2 ? 2 : 1,
    maxWaiting: 50,
    refusal: "Too many people are signing in at once. Try again in a moment.",
  });

  return {
    async hash(password) {
      const salt = randomBytes(16);
      const hash = await takeTurn(() => derive(password, salt, cost));
      return ["scrypt", cost.logN, cost.r, cost.p, salt.toString("base64url"), hash.toString("base64url")].join("$");
    },
    async verify(text, password) {
      const [kind, logN, r, p, salt = "", hash = ""] = text.split("$");
      const wanted = Buffer.from(hash, "base64url");
      if (kind !== "scrypt" || wanted.length !== hashBytes) return false;
      const found = await takeTurn(() =>
        derive(password, Buffer.from(salt, "base64url"), { logN: Number(logN), r: Number(r), p: Number(p) }),
      );
      return timingSafeEqual(found, wanted);
    },
  };
}

/** Throws `invalid_request` with the field, `param`, when nobody should use `password`. */
export function checkPassword(password: string, about: { readonly email: string }, param = "password"): void {
  const refuse = (reason: string): never => {
    throw new AppError("invalid_request", `The password ${reason}.`, { param });
  };
  if (password.length < passwordLength.least) refuse(`must have ${passwordLength.least} characters or more`);
  if (password.length > passwordLength.most) refuse(`must have ${passwordLength.most} characters at most`);
  if (new Set(password).size < 4) refuse("is too simple: it repeats the same few characters");
  const name = about.email.split("@")[0] ?? "";
  if (password.toLowerCase() === about.email || password.toLowerCase() === name)
    refuse("must not be the e-mail address");
}

function derive(password: string, salt: Buffer, { logN, r, p }: Cost): Promise<Buffer> {
  const options = { N: 2 ** logN, r, p, maxmem: 256 * 1024 * 1024 };
  return new Promise((resolve, reject) => {
    // The same letters typed on different keyboards: NIST SP 800-63B §3.1.1.2.
    scrypt(password.normalize("NFKC"), salt, hashBytes, options, (error, hash) =>
      error === null ? resolve(hash) : reject(error),
    );
  });
}
