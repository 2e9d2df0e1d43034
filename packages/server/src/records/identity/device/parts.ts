// Wires device login.

import type { Foundation } from "../foundation.ts";
import type { IdentityPath } from "../paths.ts";
import { createSlowdown } from "../slowdown.ts";
import { createDeviceLogin } from "./device-login.ts";
import { createDevicePaths } from "./paths.ts";
import { createDeviceStore } from "./store.ts";

const pollEveryMs = 5000;

export function createDeviceParts(foundation: Foundation): { readonly paths: readonly IdentityPath[] } {
  const { database, sessions, clock } = foundation;
  const deviceLogin = createDeviceLogin({ ...foundation, store: createDeviceStore(database), pollEveryMs });
  const beginSlowdown = createSlowdown({ clock, free: 20, everyMs: 10_000 });
  const codeSlowdown = createSlowdown({ clock, free: 20, everyMs: 30_000 });
  return { paths: createDevicePaths({ deviceLogin, sessions, beginSlowdown, codeSlowdown }) };
}
