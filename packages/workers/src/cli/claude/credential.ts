// How an account's credential reaches its process without standing in an environment or an argument, where other programs
// and what the agent starts could read it: over a pipe, with its settings, or in a file only this user can read.

import path from "node:path";
import type { Account } from "../adapter.ts";
import type { Scratch } from "./launch.ts";

export type Credential = {
  /** What is left for the environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** Settings of the process. */
  readonly settings: { readonly env?: Readonly<Record<string, string>>; readonly apiKeyHelper?: string };
  /** To be written before the process starts, readable by its owner only, and removed once it has been used. */
  readonly file?: { readonly path: string; readonly text: string };
  /** To be written into the pipe at descriptor 3. */
  readonly piped?: string;
};

export const credentialDescriptor = 3;

export function planCredential(account: Account, scratch: Scratch): Credential {
  const {
    ANTHROPIC_API_KEY: key,
    CLAUDE_CODE_OAUTH_TOKEN: token,
    ANTHROPIC_AUTH_TOKEN: bearer,
    ...environment
  } = account.environment;
  if (token !== undefined) {
    return {
      environment: { ...environment, CLAUDE_CODE_OAUTH_TOKEN_FILE_DESCRIPTOR: String(credentialDescriptor) },
      settings: {},
      piped: token,
    };
  }
  if (bearer !== undefined) return { environment, settings: { env: { ANTHROPIC_AUTH_TOKEN: bearer } } };
  if (key === undefined) return { environment, settings: {} };
  // Windows has no `cat`.
  if (process.platform === "win32") return { environment: account.environment, settings: {} };
  const file = path.join(scratch.directory, "credential");
  return {
    environment,
    // With CLAUDE_CODE_SIMPLE a key is taken from here or from the environment, not from a pipe.
    settings: { apiKeyHelper: `cat '${file.replaceAll("'", `'\\''`)}'` },
    file: { path: file, text: key },
  };
}
