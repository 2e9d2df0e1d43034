// The paths of device login: for the command line, and for the person who approves it.

import { answer, forPerson, type IdentityPath } from "../paths.ts";
import type { Sessions } from "../sessions/sessions.ts";
import type { Slowdown } from "../slowdown.ts";
import type { DeviceLogin } from "./device-login.ts";

export function createDevicePaths(deps: {
  readonly deviceLogin: DeviceLogin;
  readonly sessions: Sessions;
  /** Of sign-ins that are begun, by address. */
  readonly beginSlowdown: Slowdown;
  /** Of codes that somebody tries, by person. */
  readonly codeSlowdown: Slowdown;
}): readonly IdentityPath[] {
  const { deviceLogin, sessions, beginSlowdown, codeSlowdown } = deps;
  return [
    {
      method: "POST",
      path: "/device/code",
      async handle({ body, address }) {
        beginSlowdown.count([address]);
        return answer(await deviceLogin.begin(body));
      },
    },
    {
      method: "POST",
      path: "/device/token",
      async handle({ body, address, requestId, headers }) {
        const userAgent = headers["user-agent"]?.slice(0, 500) ?? null;
        const given = await deviceLogin.poll(body, { face: "cli", requestId, ip: address, userAgent });
        return "error" in given ? { status: 400, body: given, cookies: [] } : answer(given);
      },
    },
    {
      method: "POST",
      path: "/device/read",
      handle: forPerson(sessions, async ({ userId }, { body }) => {
        codeSlowdown.count([userId]);
        return answer(await deviceLogin.read(body));
      }),
    },
    {
      method: "POST",
      path: "/device/decide",
      handle: forPerson(sessions, async (person, request) => {
        codeSlowdown.count([person.userId]);
        return answer({ status: await deviceLogin.decide(person, request.body, request) });
      }),
    },
  ];
}
