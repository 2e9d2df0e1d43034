// Binds the port, and says what stands in the way.

import { createHttpServer } from "../http/server.ts";

export async function listen(http: ReturnType<typeof createHttpServer>, host: string, port: number): Promise<number> {
  try {
    return await http.listen(host, port);
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
    const reason =
      code === "EADDRINUSE"
        ? `Port ${port} on ${host} is taken by another program. Stop it, or choose another port with AUXOT_PORT.`
        : `Cannot listen on ${host}:${port} (${String(code)}). Check AUXOT_HOST and AUXOT_PORT.`;
    throw new Error(reason, { cause });
  }
}

export function formatHost(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "127.0.0.1";
  return host.includes(":") ? `[${host}]` : host;
}
