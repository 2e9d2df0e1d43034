// Who holds the keys that wrap the data keys of sealed values: here those whose text the router has, in a file or in its
// environment. A vault or a cloud's key service implements the same type, and its keys never come here.

import { createHash, randomBytes } from "node:crypto";
import { AppError } from "@auxot/wire/errors";
import { decrypt, derive, encrypt } from "./encryption.ts";
import { createSecret, type Secret } from "./secret-text.ts";
import { readSecretFile, writeSecretFile } from "./secret-file.ts";

export type KeyProvider = {
  /** Where its keys are, for messages. */
  readonly place: string;
  /** Those it can use now. Ids have no dots. */
  keyIds(): Promise<readonly string[]>;
  /** The one that new values are to be sealed with. */
  currentKeyId(): Promise<string>;
  wrap(keyId: string, dataKey: Buffer, context: string): Promise<string>;
  /** Throws when the key is not there, or the text was not wrapped by it for this context. */
  unwrap(keyId: string, wrapped: string, context: string): Promise<Buffer>;
  /** Throws `conflict` where keys are made elsewhere. */
  requireAddable(): Promise<void>;
  /** Makes a key, which is the current one from then on. Throws `conflict` where keys are made elsewhere. */
  addKey(): Promise<string>;
  /** Forgets a key for good. Where keys are made elsewhere it says so in the log of whoever calls, and does nothing. */
  removeKey(keyId: string): Promise<"removed" | "kept elsewhere">;
  /** 32 bytes made of the current key, another for each label. Absent where keys do not leave their place. */
  derive?(label: string): Promise<Buffer>;
};

/** A sealed value's key is not there. */
export class MissingKeyError extends AppError {
  readonly keyId: string;

  constructor(keyId: string, known: readonly string[], place: string) {
    super(
      "internal",
      `A stored secret was sealed with the secret key ${keyId}, and this router has ${known.join(", ")} (${place}). ` +
        "Give it that key too.",
    );
    this.keyId = keyId;
  }
}

const environment = "AUXOT_SECRET_KEY and AUXOT_OLD_SECRET_KEYS";
const howToBringKeys =
  "The secret key comes from the environment. On every router set AUXOT_SECRET_KEY to a new one and " +
  "AUXOT_OLD_SECRET_KEYS to the present one, restart them one by one, and then rotate. Make one with: openssl rand -base64 32";

async function refuseKey(): Promise<never> {
  throw new AppError("conflict", howToBringKeys);
}

/** Keys given by the environment: `current` for new values, `old` ones to open what is there. */
export function createEnvironmentKeys(current: Secret, old: readonly Secret[] = []): KeyProvider {
  const keys = readKeys([...old, current]);
  return {
    ...createLocalKeys(environment, async () => keys),
    requireAddable: refuseKey,
    addKey: refuseKey,
    removeKey: async () => "kept elsewhere",
  };
}

/** Keys in a file, one a line, the newest last; made with one key when it is not there. Mode 0600. */
export function createFileKeys(file: string): KeyProvider {
  async function read(): Promise<LocalKeys> {
    const text = (await readSecretFile(file))?.reveal() ?? (await makeFirst());
    return readKeys(
      text
        .split("\n")
        .map((line) => line.trim())
        .filter((line) => line !== "")
        .map(createSecret),
    );
  }

  async function makeFirst(): Promise<string> {
    await writeSecretFile(file, createSecret(makeKeyText()), true);
    const made = await readSecretFile(file);
    if (made === undefined) throw new Error(`The secret key file ${file} is empty. Restore it or delete it.`);
    return made.reveal();
  }

  async function replace(texts: readonly Secret[]): Promise<void> {
    await writeSecretFile(file, createSecret(texts.map((text) => text.reveal()).join("\n")));
  }

  return {
    ...createLocalKeys(file, read),
    requireAddable: async () => {},
    async addKey() {
      const text = createSecret(makeKeyText());
      const present = await read();
      await replace([...[...present.values()].map((key) => key.text), text]);
      return nameKey(text);
    },
    async removeKey(keyId) {
      const present = await read();
      const rest = [...present].filter(([id]) => id !== keyId).map(([, key]) => key.text);
      if (rest.length === 0) throw new Error("The last secret key is never removed.");
      if (rest.length < present.size) await replace(rest);
      return "removed";
    },
  };
}

type LocalKey = { readonly text: Secret; readonly wrapping: Buffer };
/** By id, the current one last. */
type LocalKeys = ReadonlyMap<string, LocalKey>;

function readKeys(texts: readonly Secret[]): LocalKeys {
  const keys = new Map<string, LocalKey>();
  for (const text of texts) {
    const id = nameKey(text);
    keys.delete(id);
    keys.set(id, { text, wrapping: derive(text, wrappingLabel) });
  }
  return keys;
}

function createLocalKeys(
  place: string,
  read: () => Promise<LocalKeys>,
): Omit<KeyProvider, "addKey" | "removeKey" | "requireAddable"> {
  let known: LocalKeys | undefined;

  /** A key not known yet may have been added to the file meanwhile, by another router too. */
  async function find(keyId: string): Promise<LocalKey> {
    const found = known?.get(keyId);
    if (found !== undefined) return found;
    known = await read();
    const added = known.get(keyId);
    if (added !== undefined) return added;
    throw new MissingKeyError(keyId, [...known.keys()], place);
  }

  async function readCurrent(): Promise<readonly [id: string, key: LocalKey]> {
    known = await read();
    const last = [...known].at(-1);
    if (last === undefined) throw new Error(`There is no secret key in ${place}.`);
    return last;
  }

  return {
    place,
    async keyIds() {
      known = await read();
      return [...known.keys()];
    },
    currentKeyId: async () => (await readCurrent())[0],
    wrap: async (keyId, dataKey, context) => encrypt((await find(keyId)).wrapping, dataKey, context),
    unwrap: async (keyId, wrapped, context) => decrypt((await find(keyId)).wrapping, wrapped, context),
    derive: async (label) => derive((await readCurrent())[1].text, label),
  };
}

const wrappingLabel = "auxot sealing v1";

/** The id of a secret key: the same text always has the same, 12 hexadecimal characters. It tells nothing of the text. */
export function nameKey(text: Secret): string {
  return createHash("sha256").update("auxot key id").update(derive(text, wrappingLabel)).digest("hex").slice(0, 12);
}

function makeKeyText(): string {
  return randomBytes(32).toString("base64");
}
