// Owns the wrapper that keeps secrets out of logs and JSON. Never prints what it holds.

import { inspect } from "node:util";

/** A secret text. Anything that prints it shows `[secret]`; only `reveal()` gives the text. */
export type Secret = {
  reveal(): string;
  toString(): string;
  toJSON(): string;
};

const shown = "[secret]";

export function createSecret(text: string): Secret {
  const secret = {
    reveal: () => text,
    toString: () => shown,
    toJSON: () => shown,
    [inspect.custom]: () => shown,
  };
  return Object.freeze(secret);
}
